"""The plan of a cross of two moving means: means by window are shared, a combination picks two."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray
from scizor.engine.indicators.cross import TIE
from scizor.engine.sweep.grid import Value
from scizor.engine.sweep.plans import Compiled, Number, Shared


@njit
def cross_decisions_nb(
    series: FloatArray,
    picks: IndexArray,
    numbers: FloatArray,
    rows: IndexArray,
    weights: FloatArray,
    counts: IndexArray,
    first_row: int,
) -> None:
    """`numbers`: the weight above, and what it is multiplied by below. Sides are those of `indicators.cross`."""
    for one in range(len(counts)):
        fast, slow = series[picks[one, 0]], series[picks[one, 1]]
        above, below = numbers[one, 0], numbers[one, 0] * numbers[one, 1]
        side, crossed, n = 0.0, False, 0
        for t in range(len(fast)):
            gap, tie = fast[t] - slow[t], TIE * abs(slow[t])
            # Most bars are on the side of the bar before, and beyond a tie.
            if (gap * side > tie and (n > 0 or not crossed or t < first_row)) or math.isnan(gap):
                continue
            if abs(gap) > tie:
                now = 1.0 if gap > 0.0 else -1.0
                crossed = crossed or now == -side
                side = now
            weight = above if side > 0.0 else below
            if crossed and t >= first_row and (n == 0 or weight != weights[one, n - 1]):
                rows[one, n], weights[one, n] = t, weight
                n += 1
        counts[one] = n


def sma_cross_plan(
    weight: float,
    below: Mapping[Value, float] | float,
    *,
    fast: str = "fast",
    slow: str = "slow",
    by: str = "direction",
) -> Compiled:
    """Hold `weight` of equity while the fast mean is above the slow one, and `below` times that while it is below.

    `fast`, `slow`: the parameters that are the windows. `below`: a number, or one for each value of the parameter `by`.
    """
    factor = Number(by, below) if isinstance(below, Mapping) else below
    shared = tuple(Shared("sma", ("close",), {"window": name}) for name in (fast, slow))
    return Compiled(cross_decisions_nb, shared, (weight, factor), lambda values: values[fast] < values[slow])
