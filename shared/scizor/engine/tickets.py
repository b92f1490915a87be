"""What a strategy asks of a simulation: an order in words, checked before it is placed."""

from __future__ import annotations

import math
from typing import NamedTuple

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce

_NAN = math.nan
_TRAILING, _GTD = OrderType.TRAILING, TimeInForce.GTD
_WITH_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
_WITH_TRIGGER = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}
)
_SMALL = 1e-9


class Ticket(NamedTuple):
    """An order for `quantity` shares (whole lots) of the symbol with that index; NaN: not said.

    `trigger`: the stop or touch. `trail_amount` (quote currency) or `trail_fraction`: of a TRAILING order, one of the
    two. `expire_ns`: UTC, of a GTD order. `group`: a positive number that the
    orders of one OCO group share, 0 for none.
    """

    symbol: int
    side: Side
    quantity: float
    type: OrderType = OrderType.MARKET
    tif: TimeInForce = TimeInForce.GTC
    limit: float = _NAN
    trigger: float = _NAN
    trail_amount: float = _NAN
    trail_fraction: float = _NAN
    expire_ns: int = 0
    group: int = 0


def check_ticket(ticket: Ticket, n_symbols: int, lot_size: float, tick_size: float, closes: float = 0.0) -> None:
    """Raise InvalidInput for a ticket no account could take, naming its field and the rule. `closes`: all that there is
    to close, which a split may have left no whole lots of."""
    symbol, side, quantity, kind, tif, limit, trigger, trail_amount, trail_fraction, expire_ns, group = ticket
    if not 0 <= symbol < n_symbols:
        raise _wrong("symbol", f"must be an index below {n_symbols}")
    if side not in (1, -1):
        raise _wrong("side", "must be BUY or SELL")
    check_quantity(quantity, lot_size, closes)
    _check_level("limit", limit, kind in _WITH_LIMIT, tick_size, kind)
    _check_level("trigger", trigger, kind in _WITH_TRIGGER, tick_size, kind)
    _check_trail(kind, trail_amount, trail_fraction)
    if kind is _TRAILING and tif in (TimeInForce.OPG, TimeInForce.CLS):
        raise _wrong("tif", "a TRAILING order follows whole bars: OPG and CLS take part in none")
    if (tif is _GTD) != (expire_ns > 0):
        raise _wrong("expire_ns", "must be given with GTD and with nothing else")
    if group < 0:
        raise _wrong("group", "must not be negative")


def check_quantity(quantity: float, lot_size: float, closes: float = 0.0) -> None:
    """Raise InvalidInput for a quantity that is neither a positive number of whole lots nor all there is to close."""
    if not 0 < quantity < math.inf:
        raise _wrong("quantity", f"must be positive and finite, got {quantity}")
    lots = quantity / lot_size
    if abs(lots - round(lots)) > _SMALL * lots and quantity != closes:
        raise _wrong("quantity", f"must be whole lots of {lot_size:g}, got {quantity:g}")


def check_price(field: str, price: float, tick_size: float) -> None:
    """Raise InvalidInput for a price that is not positive, or between two ticks."""
    if not 0 < price < math.inf:
        raise _wrong(field, f"must be positive and finite, got {price}")
    if tick_size > 0:
        ticks = price / tick_size
        if abs(ticks - round(ticks)) > _SMALL * ticks:
            raise _wrong(field, f"must be a multiple of the tick {tick_size:g}, got {price:g}")


def _check_level(field: str, price: float, needed: bool, tick_size: float, kind: OrderType) -> None:
    if needed:
        check_price(field, price, tick_size)
    elif price == price:  # NaN differs from itself
        raise _wrong(field, f"must not be given with {OrderType(kind).name}")


def _check_trail(kind: OrderType, amount: float, fraction: float) -> None:
    given = (amount == amount) + (fraction == fraction)
    if kind is not _TRAILING:
        if given:
            raise _wrong("trail_amount", f"must not be given with {OrderType(kind).name}")
    elif given != 1:
        raise _wrong("trail_amount", "a TRAILING order has an amount or a fraction")
    elif not (0 < amount < math.inf or 0 < fraction < 1):
        raise _wrong("trail_amount", "an amount must be positive and finite, a fraction between 0 and 1")


def _wrong(field: str, rule: str) -> InvalidInput:
    return InvalidInput.of_field(f"order.{field}", rule)
