"""An order's terms in the broker's words, there and back, digit for digit.

MARKET and LIMIT for the closing auction are order types of their own there; a trailing fraction is a percentage.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Any
from zoneinfo import ZoneInfo

from ib_async.order import Order

from scizor.adapters.ib.translate import zone_name
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import Terms
from scizor.ports.order_broker import Ticket

_WORDS = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING: "TRAIL",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
}
_AT_CLOSE = {OrderType.MARKET: "MOC", OrderType.LIMIT: "LOC"}
_KINDS = {word: kind for kind, word in (*_WORDS.items(), *_AT_CLOSE.items())} | {"TRAIL LIMIT": OrderType.TRAILING}
_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
_TRIGGERED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
_SIDES = {"BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL, "SSHORT": Side.SELL}
_UNSET = 9 * 10**18
"""Numbers from here on mean that there is none: the greatest double, and the greatest integers."""
_UNSET_INT = 2**31 - 1
_TIME = re.compile(r"(?P<day>\d{8})(?P<dash>[ -]) *(?P<clock>\d{2}:\d{2}:\d{2})(?: (?P<zone>.+))?")
_CANCEL_WITH_BLOCK = 1


def wire_order(ticket: Ticket) -> Order:
    """As it is sent. Numbers are texts: the library writes texts as they are, where floats would lose digits."""
    request, terms = ticket.request, ticket.terms
    at_close = terms.tif is TimeInForce.CLS
    fields: dict[str, Any] = {
        "action": request.side.name,
        "totalQuantity": _text(terms.quantity),
        "orderType": _AT_CLOSE[terms.type] if at_close else _WORDS[terms.type],
        "tif": TimeInForce.DAY.name if at_close else terms.tif.name,
        "outsideRth": terms.outside_rth,
        "account": request.account,
        "orderRef": request.id,
        "openClose": "",
        "parentId": ticket.parent_number,
        "transmit": not ticket.more_follow,
        **_prices(terms),
    }
    if terms.good_till is not None:
        fields["goodTillDate"] = f"{terms.good_till.astimezone(UTC):%Y%m%d-%H:%M:%S}"
    if request.group:
        fields["ocaGroup"], fields["ocaType"] = f"{request.account}/{request.group}", _CANCEL_WITH_BLOCK
    return Order(**fields)


def terms_of(order: Order, filled: Decimal = Decimal(0)) -> Terms:
    """As they are told, the order's fields still texts. Raises ValueError, KeyError.

    What the domain has no word for, only ever placed elsewhere, is told as what it most resembles. `filled`: the
    quantity of an order that does not say it.
    """
    limit, aux = number(order.lmtPrice), number(order.auxPrice)
    kind = _KINDS.get(order.orderType) or (OrderType.LIMIT if limit else OrderType.MARKET)
    trails = kind is OrderType.TRAILING
    percent = number(order.trailingPercent) if trails else None
    tif = TimeInForce.CLS if order.orderType in _AT_CLOSE.values() else _time_in_force(order.tif)
    if trails and not percent and not aux:
        kind, trails = OrderType.STOP, False
    return Terms(
        quantity=number(order.totalQuantity) or filled,
        type=kind,
        limit=limit if kind in _LIMITED else None,
        stop=number(order.trailStopPrice) if trails else aux if kind in _TRIGGERED else None,
        trail_amount=aux if trails and not percent else None,
        trail_fraction=percent.scaleb(-2) if percent else None,
        tif=tif,
        good_till=instant(order.goodTillDate, "UTC") if tif is TimeInForce.GTD else None,
        outside_rth=flag(order.outsideRth),
    )


def same(asked: Terms, told: Terms) -> bool:
    """Whether the broker has it as it was asked for: seconds have no fraction there, and a trail's stop moves."""
    if asked.good_till is not None:
        asked = replace(asked, good_till=asked.good_till.replace(microsecond=0))
    return replace(asked, stop=None) == replace(told, stop=None) and (
        asked.type is OrderType.TRAILING or asked.stop == told.stop
    )


def number(text: object) -> Decimal | None:
    """Exactly what it says; None for the many ways to say nothing. Raises ValueError."""
    spelled = str(text).strip()
    if spelled in {"", "None"} or spelled == str(_UNSET_INT):
        return None
    try:
        value = Decimal(spelled)
    except DecimalException:
        raise ValueError(spelled) from None
    if value.is_nan():
        raise ValueError(spelled)
    return None if abs(value) >= _UNSET else value


def amount(text: object) -> Decimal:
    """A number that must be there. Raises ValueError."""
    value = number(text)
    if value is None:
        raise ValueError(str(text))
    return value


def side_of(word: str) -> Side:
    """Which side orders and executions are of. Raises KeyError."""
    return _SIDES[word]


def flag(text: object) -> bool:
    """Told as a digit."""
    return str(text).lower() in {"1", "true"}


def instant(text: str, zone: str) -> datetime:
    """`20240314 15:59:00 US/Eastern`, or `20240314-19:59:00`, which is UTC; `zone` where it names none.

    Raises ValueError, SourceFailure for a zone nobody knows.
    """
    if text.isdigit() and len(text) > len("YYYYMMDD"):
        return datetime.fromtimestamp(int(text), UTC)
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    named = ZoneInfo("UTC" if found["dash"] == "-" else zone_name(found["zone"] or zone))
    return datetime.fromisoformat(f"{found['day']}T{found['clock']}").replace(tzinfo=named).astimezone(UTC)


def _prices(terms: Terms) -> dict[str, str]:
    """Those that there are, under the names they go by."""
    trails = terms.type is OrderType.TRAILING
    percent = None if terms.trail_fraction is None else terms.trail_fraction.scaleb(2)
    named = {
        "lmtPrice": terms.limit,
        "auxPrice": terms.trail_amount if trails else terms.stop,
        "trailStopPrice": terms.stop if trails else None,
        "trailingPercent": percent,
    }
    return {name: _text(price) for name, price in named.items() if price is not None}


def _text(value: Decimal) -> str:
    """Without an exponent, which nobody there would expect."""
    return format(value, "f")


def _time_in_force(word: str) -> TimeInForce:
    return TimeInForce[word] if word in TimeInForce.__members__ else TimeInForce.DAY
