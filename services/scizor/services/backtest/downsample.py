"""Fewer points of a curve, without losing its ends and its extremes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scizor.domain.arrays import FloatArray
from scizor.domain.outcomes import EquityCurve


def thinned(curve: EquityCurve, max_points: int) -> EquityCurve:
    """The curve with at most `max_points` points, all of them its own; 0 keeps every point.

    The deepest drawdown and the highest exposure are kept after the account's own extremes.
    """
    if max_points == 0 or len(curve.days) <= max_points:
        return curve
    rows = kept_rows(curve.equity, max_points, (int(np.argmin(curve.drawdown)), int(np.argmax(curve.exposure))))
    close_ns = curve.close_ns[rows] if len(curve.close_ns) else curve.close_ns
    return EquityCurve(
        curve.days[rows], curve.equity[rows], curve.cash[rows], curve.drawdown[rows], curve.exposure[rows], close_ns
    )


def kept_rows(values: FloatArray, max_points: int, also: Sequence[int] = ()) -> npt.NDArray[np.int64]:
    """Rows of `values` (shape (n,), n > max_points >= 1) to keep, ascending, at most `max_points`.

    The lowest and highest of each of equal buckets, as a chart's pixel columns would show them, besides the first, the
    last, the highest, the lowest and the rows of `also`. With few points to give, these are kept in just that order.
    """
    landmarks = [0, len(values) - 1, int(np.argmax(values)), int(np.argmin(values)), *also]
    n_buckets = max(max_points - len(landmarks), 0) // 2
    extremes: list[int] = []
    for rows in np.array_split(np.arange(len(values)), n_buckets) if n_buckets else ():
        extremes += [int(rows[np.argmin(values[rows])]), int(rows[np.argmax(values[rows])])]
    in_order_of_worth = list(dict.fromkeys(landmarks + extremes))
    return np.sort(np.array(in_order_of_worth[:max_points], dtype=np.int64))
