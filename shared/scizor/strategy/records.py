"""From the engine's records to what a strategy is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from scizor.domain.orders import FillCause, OrderEnd, OrderState, OrderType, Side, TimeInForce
from scizor.engine.arrays import EVENT, FILL, ORDER
from scizor.engine.fills import stop_of_nb
from scizor.strategy.views import Fill, Order


def _places(dtype: Any, *names: str) -> Any:
    # A record as a tuple of plain numbers, read by place, is many times faster than its fields by name.
    return itemgetter(*(dtype.names.index(name) for name in names))


_ORDER = _places(
    ORDER,
    *("number", "symbol", "side", "type", "tif", "state", "end", "quantity", "filled", "value"),
    *("limit", "trigger", "weight", "parent"),
)
_TRAIL = _places(ORDER, "trail_amount", "trail_fraction", "extreme")
_FILL = _places(FILL, "order", "symbol", "side", "quantity", "price", "commission", "cause")
event_of = _places(EVENT, "kind", "order", "fill")
"""Kind, order and fill of an EVENT record that was made a tuple."""
_SIDES, _CAUSES = {int(one): one for one in Side}, {int(one): one for one in FillCause}


def order_of(record: Any, symbols: tuple[str, ...], labels: Mapping[int, str]) -> Order:
    """One ORDER record."""
    numbers = record.item()
    number, symbol, side, kind, tif, state, end, quantity, filled, value, *prices, parent = _ORDER(numbers)
    limit, trigger, weight = (_known(price) for price in prices)
    if kind == OrderType.TRAILING:
        trigger = _known(stop_of_nb(side, *_TRAIL(numbers)))
    return Order(
        id=number,
        symbol=symbols[symbol],
        side=_SIDES[side],
        type=OrderType(kind),
        tif=TimeInForce(tif),
        state=OrderState(state),
        end=OrderEnd(end),
        quantity=_known(quantity) or 0.0,
        filled=filled,
        average_price=value / filled if filled else None,
        limit=limit,
        trigger=trigger,
        weight=weight,
        parent=parent or None,
        label=labels.get(number, ""),
    )


def fill_of(record: Any, symbols: tuple[str, ...], labels: Mapping[int, str], time: datetime) -> Fill:
    """One FILL record; `time`: when its row closed."""
    number, symbol, side, quantity, price, commission, cause = _FILL(record.item())
    label = labels.get(number, "")
    return Fill(number or None, symbols[symbol], _SIDES[side], quantity, price, commission, _CAUSES[cause], time, label)


def _known(value: float) -> float | None:
    return None if value != value else value  # NaN alone differs from itself
