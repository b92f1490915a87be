"""Which bar of a symbol is the first or last of its session, and which orders take part in it."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import FillTiming, OrderState, OrderType, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.portfolio.memory import float_at, int_at

_WORKING, _MARKET = int(OrderState.WORKING), int(OrderType.MARKET)
_DAY, _GTC, _GTD = int(TimeInForce.DAY), int(TimeInForce.GTC), int(TimeInForce.GTD)
_OPG, _CLS = int(TimeInForce.OPG), int(TimeInForce.CLS)
_NEXT_CLOSE = int(FillTiming.NEXT_CLOSE)


@njit
def has_bar_nb(sim: Any, row: int, symbol: int) -> bool:
    """Whether a symbol has a bar in a row."""
    return not math.isnan(float_at(sim.at_close, row * sim.n_symbols + symbol))


@njit
def is_first_nb(sim: Any, row: int, symbol: int) -> bool:
    """Whether the bar of a symbol in `row` is the first of its session."""
    if sim.daily:
        return True
    for earlier in range(row - 1, -1, -1):
        if has_bar_nb(sim, earlier, symbol):
            return bool(int_at(sim.at_sessions, earlier) != int_at(sim.at_sessions, row))
    return True


@njit
def is_last_nb(sim: Any, row: int, symbol: int) -> bool:
    """Whether the bar of a symbol in `row` is the last of its session."""
    if sim.daily:
        return True
    for later in range(row + 1, sim.n_rows):
        if has_bar_nb(sim, later, symbol):
            return bool(int_at(sim.at_sessions, later) != int_at(sim.at_sessions, row))
    return True


@njit
def lasts_nb(order: Any) -> bool:
    """Whether an order's time in force names no open and no close, so that it takes part in whole bars."""
    return bool(order.tif == _DAY or order.tif == _GTC or order.tif == _GTD)


@njit
def waits_for_close_nb(sim: Any, order: Any) -> bool:
    """Whether a lasting order is a MARKET order that the settings fill at closes."""
    at_close = order.type == _MARKET and sim.timing == _NEXT_CLOSE
    return bool(at_close and lasts_nb(order))


@njit
def at_open_nb(sim: Any, order: Any, row: int) -> bool:
    """Whether an order takes part in the open of its symbol's bar in `row`."""
    if order.state != _WORKING or order.tif == _CLS or waits_for_close_nb(sim, order):
        return False
    return bool(order.tif != _OPG or is_first_nb(sim, row, int(order.symbol)))


@njit
def at_close_nb(sim: Any, order: Any, row: int) -> bool:
    """Whether an order that was there at the open takes part in the close of its symbol's bar in `row`."""
    if order.state != _WORKING or not order.entered:
        return False
    if order.tif == _CLS:
        return is_last_nb(sim, row, int(order.symbol))
    return waits_for_close_nb(sim, order)


@njit
def at_its_close_nb(order: Any, row: int) -> bool:
    """Whether an order takes part in the very close at which it was placed."""
    new = order.placed_row == row and not order.entered
    return bool(new and order.type == _MARKET and order.state == _WORKING and lasts_nb(order))
