"""The rows of a panel and its bars, looked through once each: whether they are as they must be, and what they are."""

from __future__ import annotations

import math

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray

FINE, NO_PRICE, HALF_A_BAR = 0, 1, 2


@njit
def rows_nb(sessions: IndexArray, open_ns: IndexArray, close_ns: IndexArray) -> tuple[int, int, bool, bool]:
    """The first row that ends before it begins and the first that is not sorted by close, then open (-1: none).

    Then whether each row opens when the row before has closed, and whether each is a session later than that before.
    """
    empty, unsorted, in_order, daily = -1, -1, True, True
    for row in range(len(sessions)):
        if open_ns[row] >= close_ns[row] and empty < 0:
            empty = row
        if row > 0:
            later, before = close_ns[row], close_ns[row - 1]
            if (later < before or (later == before and open_ns[row] <= open_ns[row - 1])) and unsorted < 0:
                unsorted = row
            in_order &= open_ns[row] >= before
            daily &= sessions[row] > sessions[row - 1]
    return empty, unsorted, in_order, daily


@njit
def bars_nb(opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[int, int, bool]:
    """What is wrong with a bar, and in which of the four columns; whether any bar is missing. All of shape (n,)."""
    missing = False
    for at in range(len(close)):
        gap = math.isnan(close[at])
        missing |= gap
        prices = (opens[at], high[at], low[at], close[at])
        for column in range(4):
            price = prices[column]
            if math.isnan(price) != gap:
                return HALF_A_BAR, column, missing
            if price <= 0.0 or price == math.inf:
                return NO_PRICE, column, missing
    return FINE, 0, missing
