"""Messages about orders; the layouts are as long as the protocol is old."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from scizor.services.ibsim.broker.kinds import KINDS
from scizor.services.ibsim.broker.view import present_stop
from scizor.services.ibsim.broker.words import ACCOUNT, Order
from scizor.services.ibsim.wire.fields import UNSET_DOUBLE, UNSET_INT, Value, encode
from scizor.services.ibsim.wire.ids import Out
from scizor.services.ibsim.wire.replies.account import contract_fields, plain

_FA_PROFILE_UNTIL = 177
_DURATION_FROM = 158
_POST_TO_ATS_FROM = 160
_AUTO_CANCEL_PARENT_FROM = 162
_PEG_OFFSETS_FROM = 170

_NO_LEGS = (0, 0, 0)
_NO_SCALE = (UNSET_INT, UNSET_INT, UNSET_DOUBLE)
_NO_PEG_OFFSETS = (UNSET_INT, UNSET_INT, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE)


def order_status(order: Order) -> bytes:
    """Where an order stands."""
    amounts = (plain(order.filled), plain(order.remaining), plain(order.average_price))
    ids = (order.perm_id, order.terms.parent_id, plain(order.last_price), order.client_id)
    return encode((Out.ORDER_STATUS, order.order_id, order.status, *amounts, *ids, _why_held(order), 0))


def open_order(version: int, order: Order, preview: tuple[Decimal, Decimal] | None = None) -> bytes:
    """An order's terms and status. `preview`: the initial margin and the commission of an order that only asks."""
    terms = order.terms
    fields: list[Value] = [Out.OPEN_ORDER, order.order_id, *_head(order)]
    fields += [terms.order_ref, order.client_id, order.perm_id, terms.outside_rth, terms.hidden, 0]
    fields += [terms.good_after_time, f"{order.perm_id}.0/{ACCOUNT}/100", *_adviser(version)]
    fields += ["", terms.good_till_date, "", UNSET_DOUBLE, "", 0, "", -1, 0]
    fields += [UNSET_DOUBLE] * 5  # starting price, reference price, delta, range
    fields += [terms.display_size, False, False, terms.all_or_none, UNSET_INT, terms.oca_type, False, False]
    fields += [UNSET_DOUBLE, terms.parent_id, terms.trigger_method, UNSET_DOUBLE, 0, "", UNSET_DOUBLE, False, 0]
    stop, percent, offset = _trailing(order)
    fields += [stop, percent, UNSET_DOUBLE, UNSET_INT, "", *_NO_LEGS, *_NO_SCALE]
    fields += ["", False, "", "IB", False, False, "", False, terms.what_if]
    fields += [order.status, *_margins(order, preview), False, False, 0]
    fields += ["None", UNSET_DOUBLE, stop, offset, *[UNSET_DOUBLE] * 3, 0]  # adjusted order
    fields += ["", "", "", 0, False, False, False, False]
    fields += [UNSET_INT] if version >= _DURATION_FROM else []
    fields += [UNSET_INT] if version >= _POST_TO_ATS_FROM else []
    fields += [False] if version >= _AUTO_CANCEL_PARENT_FROM else []
    fields += _NO_PEG_OFFSETS if version >= _PEG_OFFSETS_FROM else ()
    return encode(fields)


def open_order_end() -> bytes:
    """All open orders have been told."""
    return encode((Out.OPEN_ORDER_END, 1))


def completed_order(version: int, order: Order) -> bytes:
    """An order that is over; it has its permanent id only."""
    terms = order.terms
    fields: list[Value] = [Out.COMPLETED_ORDER, *_head(order)]
    fields += [terms.order_ref, order.perm_id, terms.outside_rth, terms.hidden, 0, terms.good_after_time]
    fields += [*_adviser(version), "", terms.good_till_date, "", UNSET_DOUBLE, "", 0, "", -1]
    fields += [UNSET_DOUBLE] * 5  # starting price, reference price, delta, range
    fields += [terms.display_size, False, terms.all_or_none, UNSET_INT, terms.oca_type, terms.trigger_method]
    stop, percent, offset = _trailing(order)
    fields += [UNSET_DOUBLE, 0, "", UNSET_DOUBLE, False, 0, stop, percent, "", *_NO_LEGS, *_NO_SCALE]
    fields += ["", "", "IB", False, False, "", False, order.status, False, False, 0]
    fields += [stop, offset, 0, False, False, "", plain(order.filled), UNSET_INT]
    fields += [False, "Not an insider or substantial shareholder", False, False, 0]
    fields += [_completed_time(order), order.completed_status]
    fields += _NO_PEG_OFFSETS if version >= _PEG_OFFSETS_FROM else ()
    return encode(fields)


def completed_orders_end() -> bytes:
    """All completed orders have been told."""
    return encode((Out.COMPLETED_ORDERS_END,))


def _head(order: Order) -> list[Value]:
    terms = order.terms
    limit, aux = _price(terms.limit_price), _price(terms.aux_price)
    contract = contract_fields(order.listing, order.listing.exchange)
    first: list[Value] = [terms.action, plain(terms.quantity), terms.order_type, limit, aux, terms.tif]
    return [*contract, *first, terms.oca_group, ACCOUNT, terms.open_close, terms.origin]


def _trailing(order: Order) -> tuple[str, str, str]:
    """The present stop, the percentage, and the offset of the limit."""
    return _price(present_stop(order)), _price(order.terms.trailing_percent), _price(order.terms.limit_offset)


def _price(value: Decimal | None) -> str:
    return UNSET_DOUBLE if value is None else plain(value)


def _why_held(order: Order) -> str:
    if not order.status.is_open:
        return ""
    waits = KINDS[order.terms.order_type].waits_for_trigger and not order.triggered
    reasons = {"locate": order.awaits_shares, "child": order.awaits_parent, "trigger": waits}
    return ",".join(reason for reason, holds in reasons.items() if holds)


def _adviser(version: int) -> list[Value]:
    return [None] * (4 if version < _FA_PROFILE_UNTIL else 3)


def _margins(order: Order, preview: tuple[Decimal, Decimal] | None) -> list[Value]:
    """Nine margins (before, change, after), three commissions, their currency and a warning."""
    if preview is None:
        return [*[UNSET_DOUBLE] * 12, "", ""]
    margin, cost = map(plain, preview)
    margins: list[Value] = ["0", "0", "0", margin, margin, "0", margin, margin, "0"]
    return [*margins, cost, UNSET_DOUBLE, UNSET_DOUBLE, order.listing.currency, ""]


def _completed_time(order: Order) -> str:
    if order.completed_at is None:
        return ""
    zone = order.listing.time_zone_id
    return f"{order.completed_at.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"
