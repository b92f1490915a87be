"""When an order acts and at what price, before slippage: the one fill rule that every kind of trading here shares.

No portfolio, no time, no quantities: docs/fill-model.md, "An order at one price" and "Orders within the bar".
`kind` is an OrderType, `side` +1 for a buy and -1 for a sell, prices are in quote currency. `trigger` is the stop, the
touch or, of a TRAILING order, its present stop (`stop_of_nb`). What an order does not have is NaN. A STOP, TRAILING or
MARKET_IF_TOUCHED order that has triggered is a MARKET order from then on, a STOP_LIMIT or LIMIT_IF_TOUCHED a LIMIT.
"""

from __future__ import annotations

import math

from scizor.domain.orders import OrderType
from scizor.engine._jit import njit

_MARKET = int(OrderType.MARKET)
_LIMIT = int(OrderType.LIMIT)
# Those that trigger as the price turns against whoever waits, and those that are a limit once triggered.
_STOPS = (int(OrderType.STOP), int(OrderType.STOP_LIMIT), int(OrderType.TRAILING))
_BECOME_LIMITS = (int(OrderType.STOP_LIMIT), int(OrderType.LIMIT_IF_TOUCHED))


@njit
def at_price_nb(kind: int, side: int, triggered: bool, limit: float, trigger: float, price: float) -> tuple[bool, bool]:
    """What an order does when the market is at `price`: (whether it has triggered by then, whether it fills there)."""
    if kind == _MARKET:
        return triggered, True
    if kind == _LIMIT:
        return triggered, side * price <= side * limit
    if not triggered:
        way = side if kind in _STOPS else -side
        triggered = way * price >= way * trigger
    if kind in _BECOME_LIMITS:
        return triggered, triggered and side * price <= side * limit
    return triggered, triggered


@njit
def meets_nb(
    kind: int,
    side: int,
    triggered: bool,
    limit: float,
    trigger: float,
    start: float,
    end: float,
    through: bool,
) -> float:
    """The price at which an order next acts, triggers or fills, on a straight move; NaN when it does not.

    An order that could act at `start` acts there; any other at its own price. An order that only triggers there is to
    be asked again as triggered, from that price on. With `through` a limit that the move does not go beyond, be it at
    `start` or at `end`, does not fill. The stop of a TRAILING order is the one at `start`: a move that triggers it
    leads away from the extreme, and one that leads on to a new extreme moves the stop before it.
    """
    if kind == _MARKET:
        return start
    # Where the move first stands at `level` or past it, seen upwards (way 1) or downwards (way -1).
    if kind == _LIMIT or (triggered and kind in _BECOME_LIMITS):
        way, level = -side, limit
    elif triggered:
        return start
    else:
        way, level, through = side if kind in _STOPS else -side, trigger, False
    if way * start > way * level:
        return start
    if way * end > way * level or (not through and (start == level or end == level)):
        return level
    return math.nan


@njit
def stop_of_nb(side: int, trail_amount: float, trail_fraction: float, extreme: float) -> float:
    """The stop of a TRAILING order by its amount (quote currency) or, where that is NaN, its fraction."""
    if math.isnan(trail_amount):
        return extreme * (1.0 + side * trail_fraction)
    return extreme + side * trail_amount


@njit
def extreme_nb(side: int, extreme: float, price: float) -> float:
    """The best price a TRAILING order has seen, `price` included: a buy's lowest, a sell's highest. NaN is none yet."""
    if math.isnan(extreme) or side * price < side * extreme:
        return price
    return extreme
