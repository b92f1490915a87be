"""Moving means: simple, exponential, linearly weighted; and the least-squares slope, which sums the same weights.

A window's values are kept in a ring of zeros at first, so that sums slide the same way from the first bar on. What
changes every bar is held in locals: a kernel takes them out of `state` once and puts them back once.
"""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.indicators.exact import add_nb, lost_nb, minus_product_nb, product_nb

SMA_STATE, EMA_STATE, WEIGHTED_STATE = 3, 2, 5  # and a ring, but for the EMA


@njit
def slide_nb(total: float, error: float, enters: float, leaves: float) -> tuple[float, float]:
    """A running sum (a float, and the exact sum of its rounding errors) whose window moves by one value.

    It does not drift: total + error depends on the window's values alone, wherever the series begins.
    """
    change = enters - leaves
    lost = lost_nb(enters, -leaves, change)
    moved = total + change
    return moved, error + (lost_nb(total, change, moved) + lost)


@njit
def smooth_nb(kept: float, seen: int, window_bars: int, weight: float, value: float) -> float:
    """An exponential mean with one value more, the `seen`-th: the sum of `window_bars` at first, then their mean."""
    if seen > window_bars:
        return kept + (value - kept) * weight
    return (kept + value) / window_bars if seen == window_bars else kept + value


@njit
def sma_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Simple moving mean of the last `window` values. First value at bar window - 1.

    Each depends on the values in its window alone, wherever the series begins, and is rounded once as a sum and once as
    a quotient.
    """
    n_bars = int(parameters[0])
    seen, total, error, ring = int(state[0]), state[1], state[2], state[SMA_STATE:]
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        total, error = slide_nb(total, error, value, ring[slot])
        ring[slot] = value
        slot = 0 if slot + 1 == n_bars else slot + 1
        seen += 1
        if seen >= n_bars:
            out[0, t] = (total + error) / n_bars
    state[0], state[1], state[2] = seen, total, error


@njit
def sma_rows_nb(matrix: FloatArray, parameters: FloatArray, out: FloatArray) -> None:
    """`sma_nb` of every symbol, all symbols of a row at a time; matrix and out (n_rows, n_symbols), no bar missing."""
    n_bars, n_symbols = int(parameters[0]), matrix.shape[1]
    totals, errors = np.zeros(n_symbols), np.zeros(n_symbols)
    for t in range(len(matrix)):
        for symbol in range(n_symbols):
            leaves = matrix[t - n_bars, symbol] if t >= n_bars else 0.0
            totals[symbol], errors[symbol] = slide_nb(totals[symbol], errors[symbol], matrix[t, symbol], leaves)
        for symbol in range(n_symbols):
            out[t, symbol] = (totals[symbol] + errors[symbol]) / n_bars if t + 1 >= n_bars else math.nan


@njit
def ema_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Exponential moving mean: e += (x - e) x 2 / (window + 1), e at first the mean of `window` values.

    First value at bar window - 1. It remembers the whole series, so it depends, ever less, on where that begins.
    """
    n_bars = int(parameters[0])
    weight = 2.0 / (n_bars + 1)
    seen, kept = int(state[0]), state[1]
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        seen += 1
        kept = smooth_nb(kept, seen, n_bars, weight, value)
        if seen >= n_bars:
            out[0, t] = kept
    state[0], state[1] = seen, kept


@njit
def ema_rows_nb(matrix: FloatArray, parameters: FloatArray, out: FloatArray) -> None:
    """`ema_nb` of every symbol, all symbols of a row at a time; matrix and out (n_rows, n_symbols), no bar missing."""
    n_bars, n_symbols = int(parameters[0]), matrix.shape[1]
    weight, kept = 2.0 / (n_bars + 1), np.zeros(n_symbols)
    for t in range(len(matrix)):
        for symbol in range(n_symbols):
            kept[symbol] = smooth_nb(kept[symbol], t + 1, n_bars, weight, matrix[t, symbol])
            out[t, symbol] = kept[symbol] if t + 1 >= n_bars else math.nan


@njit
def _weighted_nb(columns: FloatArray, n_bars: int, slope: bool, state: FloatArray, out: FloatArray) -> None:
    # The pairs sum(x) and sum(i x) over a window, i = 0 for its oldest value and n_bars - 1 for its newest.
    seen, ring = int(state[0]), state[WEIGHTED_STATE:]
    plain, plain_low, weighted, weighted_low = state[1], state[2], state[3], state[4]
    weights, spread = n_bars * (n_bars + 1) / 2.0, n_bars * (n_bars * n_bars - 1.0) / 12.0
    slot = seen % n_bars
    for t in range(columns.shape[1]):
        value = columns[0, t]
        if math.isnan(value):
            continue
        # All that stay move one place towards the oldest.
        plain, plain_low = add_nb(plain, plain_low, -ring[slot], 0.0)
        weighted, weighted_low = add_nb(weighted, weighted_low, -plain, -plain_low)
        product, rest = product_nb(n_bars - 1.0, value)
        weighted, weighted_low = add_nb(weighted, weighted_low, product, rest)
        plain, plain_low = add_nb(plain, plain_low, value, 0.0)
        ring[slot] = value
        slot = 0 if slot + 1 == n_bars else slot + 1
        seen += 1
        if seen < n_bars:
            continue
        if slope:
            middle = (n_bars - 1.0) / 2.0
            out[0, t] = minus_product_nb(weighted, weighted_low, middle, 0.0, plain, plain_low) / spread
        else:
            out[0, t] = add_nb(weighted, weighted_low, plain, plain_low)[0] / weights
    state[0] = seen
    state[1], state[2], state[3], state[4] = plain, plain_low, weighted, weighted_low


@njit
def wma_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Linearly weighted mean of the last `window` values, weights window (newest) to 1. First value at window - 1."""
    _weighted_nb(columns, int(parameters[0]), False, state, out)


@njit
def slope_nb(columns: FloatArray, parameters: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Slope, a bar, of the least-squares line through the last `window` values. First value at bar window - 1.

    sum((i - mean i)(x - mean x)) / sum((i - mean i)^2), i = 0 ... window - 1.
    """
    _weighted_nb(columns, int(parameters[0]), True, state, out)
