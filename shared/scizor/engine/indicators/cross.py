"""On which side of a line another is since they first crossed, and the cross of two moving means in one pass.

Means decide by their order alone. Prices of up to six decimals are whole numbers of their smallest unit, so that
n_slow x (sum of the fast window) - n_fast x (sum of the slow one) is a whole number too, and its sign is the side:
exact, at an addition a bar. That route is taken only where it provably decides as the means themselves do (see
`_WHOLE_BOUND`); any other column goes through them.
"""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine._jit import njit
from scizor.engine.indicators.means import slide_nb
from scizor.engine.indicators.symbols import share_out, transposed

# Prices are decimals held in floats, so two means that are equal on paper may differ in their last bits. Means of
# prices in cents over windows up to 1,000 bars differ by more than this when they differ at all.
TIE = 1e-13

# In units, whole windows differ by at least 1 unless they tie, that is relatively by 1 / (n_fast x sum of slow). The
# means as floats carry an error below 8e-16 (decimals, sum and quotient rounded, twice). So below this bound on n_fast
# x n_slow x the highest price, a difference on paper is one beyond TIE and of the same sign, and a tie is one within.
_WHOLE_BOUND = 9.9e12

_UNITS = (100.0, 10_000.0, 1_000_000.0)
_PROBED_BARS = 64

CROSS_STATE = 2
SMA_CROSS_STATE = 7  # and a ring of the slow window


@njit
def side_nb(value: float, against: float, side: float) -> float:
    """+1 above, -1 below; `side`, that of the bar before (0 for none), when they tie."""
    gap = value - against
    if abs(gap) <= TIE * abs(against):
        return side
    return 1.0 if gap > 0.0 else -1.0


@njit
def cross_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Which side of `against` the values are on since they first crossed: 1 above, -1 below, NaN before that.

    A tie (within `TIE`, relative) keeps the side before it. Where they begin is not a cross.
    """
    side, crossed = state[0], state[1]
    for t in range(columns.shape[1]):
        value, against = columns[0, t], columns[1, t]
        if math.isnan(value) or math.isnan(against):
            continue
        now = side_nb(value, against, side)
        if side != 0.0 and now != side:
            crossed = 1.0
        side = now
        if crossed != 0.0:
            out[0, t] = side
    state[0], state[1] = side, crossed


@njit
def sma_cross_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """`cross` of the simple moving means of `fast` and `slow` bars. A side at bar slow at the earliest."""
    n_fast, n_slow = int(parameters[0]), int(parameters[1])
    seen, side, crossed, ring = int(state[0]), state[1], state[2], state[SMA_CROSS_STATE:]
    fast, fast_error, slow, slow_error = state[3], state[4], state[5], state[6]
    slot, fast_slot = seen % n_slow, (seen + n_slow - n_fast) % n_slow
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        fast, fast_error = slide_nb(fast, fast_error, value, ring[fast_slot])
        slow, slow_error = slide_nb(slow, slow_error, value, ring[slot])
        ring[slot] = value
        slot = 0 if slot + 1 == n_slow else slot + 1
        fast_slot = 0 if fast_slot + 1 == n_slow else fast_slot + 1
        seen += 1
        if seen < n_slow:
            continue
        now = side_nb((fast + fast_error) / n_fast, (slow + slow_error) / n_slow, side)
        if side != 0.0 and now != side:
            crossed = 1.0
        side = now
        if crossed != 0.0:
            out[0, t] = side
    state[0], state[1], state[2] = seen, side, crossed
    state[3], state[4], state[5], state[6] = fast, fast_error, slow, slow_error


@njit
def _units_nb(column: FloatArray, unit: float, bound: float, last: int, units: FloatArray) -> tuple[int, int]:
    # The first `last` values in units, how many of them are missing, and how many are not whole and within the bound.
    n_missing, n_unfit = 0, 0
    for t in range(last):
        whole = np.rint(column[t] * unit)
        n_missing += math.isnan(column[t])
        n_unfit += not ((whole / unit == column[t]) & (whole > 0.0) & (whole <= bound))
        units[t] = whole
    return n_missing, n_unfit - n_missing


@njit
def whole_nb(column: FloatArray, bound: float, units: FloatArray) -> int:
    """The bars of `column` that exist, in whole units, into `units` (n,). Returns how many, -1 if they are not whole.

    `bound`: the most units a price may have.
    """
    n = len(column)
    for unit in _UNITS:
        if _units_nb(column, unit, bound, min(n, _PROBED_BARS), units)[1] > 0:
            continue
        n_missing, n_unfit = _units_nb(column, unit, bound, n, units)
        if n_unfit > 0:
            continue
        if n_missing > 0:
            n_bars = 0
            for t in range(n):
                units[n_bars] = units[t]
                n_bars += not math.isnan(column[t])
        return n - n_missing
    return -1


@njit
def _whole_sides_nb(units: FloatArray, n_fast: int, n_slow: int, above: float, below: float, sides: FloatArray) -> None:
    # units and sides: bars that exist; sides are NaN before. gap: n_fast x n_slow x (fast mean - slow mean).
    if len(units) <= n_slow:
        return
    to_now, to_fast, to_slow = float(n_slow - n_fast), float(n_slow), float(n_fast)
    now, fast, slow, sides = units[n_slow:], units[n_slow - n_fast :], units, sides[n_slow:]
    gap = 0.0
    for t in range(n_slow):
        gap += units[t] * (to_now if t >= n_slow - n_fast else -to_slow)
    t, begun = -1, gap
    while not gap * begun < 0.0:
        t += 1
        if t == len(now):
            return
        gap += to_now * now[t] - to_fast * fast[t] + to_slow * slow[t]
        begun = gap if begun == 0.0 else begun
    side = above if gap > 0.0 else below
    sides[t] = side
    for u in range(t + 1, len(now)):
        gap += to_now * now[u] - to_fast * fast[u] + to_slow * slow[u]
        if gap != 0.0:
            side = above if gap > 0.0 else below
        sides[u] = side


@njit
def sma_cross_column_nb(
    column: FloatArray, n_fast: int, n_slow: int, above: float, below: float, units: FloatArray, sides: FloatArray
) -> None:
    """`sma_cross` of one column (n,) into `sides` (n,): `above`, `below`, or NaN. `units`: scratch (n,)."""
    n_bars = whole_nb(column, _WHOLE_BOUND / (float(n_fast) * n_slow), units)
    sides[:] = np.nan
    if n_bars < 0:
        state = np.zeros(SMA_CROSS_STATE + n_slow)
        parameters = np.array([float(n_fast), float(n_slow)])
        sma_cross_nb(column.reshape(1, -1), parameters, state, sides.reshape(1, -1))
        for t in range(len(sides)):
            if not math.isnan(sides[t]):
                sides[t] = above if sides[t] > 0.0 else below
        return
    _whole_sides_nb(units[:n_bars], n_fast, n_slow, above, below, sides[:n_bars])
    bar = n_bars
    # Back to the rows of the bars, from the last on: a bar's row is never before its number.
    for t in range(len(sides) - 1, -1, -1):
        if bar == t + 1:
            break
        if math.isnan(column[t]):
            sides[t] = np.nan
        else:
            bar -= 1
            sides[t] = sides[bar]


@njit
def sma_cross_batch_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """`sma_cross_nb` over a whole column, sooner."""
    units = np.empty(columns.shape[1])
    sma_cross_column_nb(columns[0], int(parameters[0]), int(parameters[1]), 1.0, -1.0, units, out[0])


@njit
def _sma_cross_nb(
    by_symbol: FloatArray,
    n_fast: int,
    n_slow: int,
    above: float,
    below: float,
    first: int,
    last: int,
    sides: FloatArray,
) -> None:
    units = np.empty(by_symbol.shape[1])
    for symbol in range(first, last):
        sma_cross_column_nb(by_symbol[symbol], n_fast, n_slow, above, below, units, sides[symbol])


def sma_cross(
    close: FloatArray, fast_bars: int, slow_bars: int, above: float, below: float, *, threads: int = 1
) -> FloatArray:
    """The side of the slow mean on which the fast one is, for every symbol: the decisions of `sma_cross_nb`, sooner.

    `close` and result: matrices; `above`, `below`: what stands for the sides; NaN before the first cross and at missing
    bars. The result is the same for any `threads`. Raises InvalidInput unless 1 <= fast_bars < slow_bars.
    """
    if not 1 <= fast_bars < slow_bars:
        raise InvalidInput.of_field("fast", f"must be at least 1 and below slow ({slow_bars})")
    by_symbol = transposed(close)
    sides = np.empty(by_symbol.shape)

    def fill(first: int, last: int) -> None:
        _sma_cross_nb(by_symbol, fast_bars, slow_bars, above, below, first, last, sides)

    share_out(fill, len(sides), sides.size, threads)
    return transposed(sides)
