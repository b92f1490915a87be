"""Indicators as kernels over one symbol's column, and the same over a matrix of symbols.

A missing bar (NaN) is skipped: a window covers the symbol's last `window_bars` bars that exist, and the value at a
missing bar is NaN.
"""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit

# Prices are decimals held in floats, so two means that are equal on paper may differ in their last bits. Means of
# prices in cents over windows up to 1,000 bars differ by more than this when they differ at all.
TIE = 1e-13


@njit
def sma_into_nb(values: FloatArray, window_bars: int, out: FloatArray) -> None:
    """Simple moving mean of `values` (n,) into `out` (n,), NaN for the first window_bars - 1 bars.

    The running sum is kept as a float and the exact sum of its rounding errors (Knuth 1969, TwoSum), so it does not
    drift: each mean depends on the prices in its window alone, wherever the series begins, and is rounded once as a
    sum and once as a quotient.
    """
    total, error = 0.0, 0.0
    oldest, n_bars = 0, 0
    for t in range(len(values)):
        out[t] = np.nan
        if math.isnan(values[t]):
            continue
        change, lost = values[t], 0.0
        n_bars += 1
        if n_bars > window_bars:
            while math.isnan(values[oldest]):
                oldest += 1
            change = values[t] - values[oldest]
            lost = _lost_nb(values[t], -values[oldest], change)
            oldest += 1
        moved = total + change
        error += _lost_nb(total, change, moved) + lost
        total = moved
        if n_bars >= window_bars:
            out[t] = (total + error) / window_bars


@njit
def _lost_nb(a: float, b: float, rounded: float) -> float:
    part = rounded - a
    return (a - (rounded - part)) + (b - part)


@njit
def sma_nb(values: FloatArray, window_bars: int) -> FloatArray:
    """Simple moving mean of one column, see `sma_into_nb`. `values` and result: shape (n,)."""
    out = np.empty(len(values))
    sma_into_nb(values, window_bars, out)
    return out


@njit
def cross_into_nb(fast: FloatArray, slow: FloatArray, above: float, below: float, out: FloatArray) -> None:
    """Which side of `slow` `fast` is on since they first crossed: `above`, `below`, NaN before and at missing bars.

    A tie (means within `TIE` of each other, relative) keeps the side before it. Where they begin is not a cross.
    """
    side, crossed = 0.0, False
    for t in range(len(fast)):
        out[t] = np.nan
        if math.isnan(fast[t]) or math.isnan(slow[t]):
            continue
        gap = fast[t] - slow[t]
        if abs(gap) > TIE * slow[t]:
            now = 1.0 if gap > 0.0 else -1.0
            crossed = crossed or (side != 0.0 and now != side)
            side = now
        if crossed:
            out[t] = above if side > 0.0 else below


@njit
def sma_cross_nb(close: FloatArray, fast_bars: int, slow_bars: int, above: float, below: float) -> FloatArray:
    """`cross_into_nb` of two moving means, symbol by symbol. `close` and result: matrices."""
    values = np.empty(close.shape)
    n_sessions = close.shape[0]
    column, fast, slow, value = np.empty(n_sessions), np.empty(n_sessions), np.empty(n_sessions), np.empty(n_sessions)
    for symbol in range(close.shape[1]):
        column[:] = close[:, symbol]
        sma_into_nb(column, fast_bars, fast)
        sma_into_nb(column, slow_bars, slow)
        cross_into_nb(fast, slow, above, below, value)
        values[:, symbol] = value
    return values
