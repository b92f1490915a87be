"""What a client asks of a live order. Prices in the instrument's currency, quantities in shares; both exact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from scizor.domain.errors import FieldViolation, InvalidInput, Reason
from scizor.domain.orders import OrderType, Side, TimeInForce


class Origin(IntEnum):
    """Who placed an order; numbers equal the contract's. One that is EXTERNAL is watched and never touched."""

    OURS = 1
    EXTERNAL = 2


@dataclass(frozen=True, slots=True)
class Terms:
    """What of an order may be changed while it lives. `quantity` counts what has filled already.

    `stop`: the price that triggers a stop or touched order. A TRAILING order has `trail_amount` or `trail_fraction`,
    one of the two, and may have `stop` for where the trail begins. `good_till`: of GTD only.
    """

    quantity: Decimal
    type: OrderType
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_fraction: Decimal | None = None
    tif: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    outside_rth: bool = False


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as it was asked for; it never changes.

    `instrument`: its reference, such as `BHP.ASX.AUD`. `group`: orders of one group cancel each other. `parent_id`: the
    entry that this order is an exit of. `strategy_id`, `deployment_id`: whose it is, empty for an order placed by hand.
    """

    id: str
    client_order_id: str
    account: str
    instrument: str
    side: Side
    terms: Terms
    group: str = ""
    parent_id: str = ""
    strategy_id: str = ""
    deployment_id: str = ""
    origin: Origin = Origin.OURS


_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
_MAY_STOP = _STOP | {OrderType.TRAILING}
_AUCTION = frozenset({TimeInForce.OPG, TimeInForce.CLS})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_PLAIN = frozenset({OrderType.MARKET, OrderType.LIMIT})


def check_terms(terms: Terms) -> None:
    """Raises InvalidInput naming every field that breaks a rule no market could bend."""
    broken = [*_broken_numbers(terms), *_broken_prices(terms), *_broken_times(terms)]
    if broken:
        message = "; ".join(f"{each.field}: {each.description}" for each in broken)
        raise InvalidInput(message, Reason.FIELD_INVALID, metadata={"field": broken[0].field}, violations=broken)


def check_increments(terms: Terms, tick: Decimal, lot: Decimal) -> None:
    """Raises InvalidInput where a price is no multiple of `tick`, or the quantity none of `lot`."""
    broken = [
        FieldViolation(name, f"must be a multiple of {tick}, not {price}")
        for name in ("limit", "stop", "trail_amount")
        if (price := getattr(terms, name)) is not None and price % tick
    ]
    if terms.quantity % lot:
        broken.append(FieldViolation("quantity", f"must be a multiple of {lot}, not {terms.quantity}"))
    if broken:
        message = "; ".join(f"{each.field}: {each.description}" for each in broken)
        raise InvalidInput(message, Reason.FIELD_INVALID, metadata={"field": broken[0].field}, violations=broken)


def _broken_numbers(terms: Terms) -> list[FieldViolation]:
    names = ("quantity", "limit", "stop", "trail_amount", "trail_fraction")
    return [
        FieldViolation(name, f"must be positive and finite, is {value}")
        for name in names
        if (value := getattr(terms, name)) is not None and not (value.is_finite() and value > 0)
    ]


def _broken_prices(terms: Terms) -> list[FieldViolation]:
    kind, broken = terms.type, []
    if (terms.limit is not None) != (kind in _LIMIT):
        broken.append(FieldViolation("limit", _wanted(kind in _LIMIT, kind)))
    if (terms.stop is None and kind in _STOP) or (terms.stop is not None and kind not in _MAY_STOP):
        broken.append(FieldViolation("stop", _wanted(kind in _STOP, kind)))
    trails = sum(trail is not None for trail in (terms.trail_amount, terms.trail_fraction))
    if trails != (kind is OrderType.TRAILING):
        rule = "a TRAILING order needs trail_amount or trail_fraction, one of the two, and no other has one"
        broken.append(FieldViolation("trail_amount", rule))
    if terms.trail_fraction is not None and terms.trail_fraction >= 1:
        broken.append(FieldViolation("trail_fraction", f"must be below 1, is {terms.trail_fraction}"))
    return broken


def _broken_times(terms: Terms) -> list[FieldViolation]:
    broken = []
    if (terms.good_till is not None) != (terms.tif is TimeInForce.GTD):
        broken.append(FieldViolation("good_till", _wanted(terms.tif is TimeInForce.GTD, terms.tif)))
    if terms.good_till is not None and terms.good_till.utcoffset() is None:
        broken.append(FieldViolation("good_till", "must say its time zone"))
    if terms.tif in _AUCTION | _AT_ONCE and terms.type not in _PLAIN:
        broken.append(FieldViolation("tif", f"{terms.tif.name} is for MARKET and LIMIT orders"))
    if terms.outside_rth and terms.tif in _AUCTION:
        broken.append(FieldViolation("outside_rth", f"an auction order ({terms.tif.name}) is of regular hours"))
    return broken


def _wanted(needed: bool, kind: IntEnum) -> str:
    return f"{kind.name} needs it" if needed else f"{kind.name} has none"
