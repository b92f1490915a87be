"""Resampled series: the stationary bootstrap of Politis & Romano (1994), the same numbers on any machine.

A resample is made of stretches of the series laid end to end: each begins at a random place, has a geometric length
(`mean_block` on average) and wraps around the end. With a mean block of 1 it is Efron's i.i.d. bootstrap. The generator
is splitmix64, of which every resample has its own stream: its numbers hang on seed and resample alone, whatever runs
beside it. Nothing here is transcendental.
"""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit, njit_inline
from scizor.engine.arrays import IndexArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)

# The columns of what `resample_paths_nb` gives.
GROWTH, DEPTH, LOW_QUANTILE, HIGH_QUANTILE, SHORTFALL = range(5)
TAIL = 0.05


def restart_of(mean_block: float) -> np.uint64:
    """The chance that a new stretch begins, in 2^-32, as kernels take it."""
    return np.uint64(int(2**32 / max(mean_block, 1.0)))


@njit_inline
def _mix_nb(state: np.uint64) -> np.uint64:
    state = (state ^ (state >> _S30)) * _FIRST
    state = (state ^ (state >> _S27)) * _SECOND
    return state ^ (state >> _S31)


@njit
def _draw_nb(
    seed: np.uint64, resample: int, restart: np.uint64, begins: IndexArray, lengths: IndexArray, n: int
) -> int:
    """Lay stretches of a series of n end to end until there are n; returns how many."""
    state = _mix_nb(seed + np.uint64(resample + 1) * _STEP)
    size = np.uint64(n)
    n_stretches, length = 0, n
    for _ in range(n):
        state += _STEP
        word = _mix_nb(state)
        if length == n or (word & _LOW) < restart:
            begins[n_stretches] = np.int64(((word >> _S32) * size) >> _S32)
            n_stretches += 1
            length = 0
        length += 1
        lengths[n_stretches - 1] = length
    return n_stretches


@njit
def resample_sums_nb(columns: FloatArray, n_resamples: int, seed: np.uint64, restart: np.uint64) -> FloatArray:
    """Column sums of each resample. `columns`: (n, k), n >= 1. Returns (n_resamples, k)."""
    n, k = columns.shape
    sums = np.zeros((n_resamples, k))
    begins, lengths = np.empty(n, np.int64), np.empty(n, np.int64)
    running = np.zeros((2 * n + 1, k))  # a stretch that wraps around the end is one piece of the series laid twice
    for place in range(2 * n):
        running[place + 1] = running[place] + columns[place % n]
    for resample in range(n_resamples):
        for stretch in range(_draw_nb(seed, resample, restart, begins, lengths, n)):
            begin = begins[stretch]
            end = begin + lengths[stretch]
            for column in range(k):
                sums[resample, column] += running[end, column] - running[begin, column]
    return sums


@njit
def resample_paths_nb(
    returns: FloatArray,
    ranks: IndexArray,
    ordered: FloatArray,
    n_resamples: int,
    seed: np.uint64,
    restart: np.uint64,
) -> FloatArray:
    """What hangs on the order or the ranks of each resample's returns; the resamples are those of `resample_sums_nb`.

    `ordered`: the returns in rising order; `ranks`: the place of each return there. Returns (n_resamples, 5): growth of
    one unit, deepest drawdown (<= 0), quantiles at 5 % and 95 %, mean of the returns at or below the former.
    """
    n = len(returns)
    paths = np.empty((n_resamples, 5))
    begins, lengths, counts = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    twice, ranks_twice = np.concatenate((returns, returns)), np.concatenate((ranks, ranks))
    for resample in range(n_resamples):
        counts[:] = 0
        value, peak, least = 1.0, 1.0, 1.0
        for stretch in range(_draw_nb(seed, resample, restart, begins, lengths, n)):
            for place in range(begins[stretch], begins[stretch] + lengths[stretch]):
                counts[ranks_twice[place]] += 1
                value *= 1.0 + twice[place]
                peak = max(peak, value)
                if value < least * peak:
                    least = value / peak
        paths[resample, 0] = value
        paths[resample, 1] = least - 1.0
        _tails_nb(ordered, counts, paths[resample])
    return paths


@njit
def _tails_nb(ordered: FloatArray, counts: IndexArray, path: FloatArray) -> None:
    n = len(ordered)
    at = 0.05 * (n - 1)
    below = int(at)
    low = _order_statistic_nb(ordered, counts, below)
    path[2] = low + (at - below) * (_order_statistic_nb(ordered, counts, min(below + 1, n - 1)) - low)
    total, n_tail = 0.0, 0
    for rank in range(n):
        if ordered[rank] > path[2]:
            break
        total += counts[rank] * ordered[rank]
        n_tail += counts[rank]
    path[4] = total / n_tail
    at = 0.95 * (n - 1)
    below = int(at)
    counts = counts[::-1]
    ordered = ordered[::-1]
    high = _order_statistic_nb(ordered, counts, n - 1 - below)
    path[3] = high + (at - below) * (_order_statistic_nb(ordered, counts, max(n - 2 - below, 0)) - high)


@njit
def _order_statistic_nb(ordered: FloatArray, counts: IndexArray, place: int) -> float:
    seen = 0
    for rank in range(len(ordered)):
        seen += counts[rank]
        if seen > place:
            return float(ordered[rank])
    return float(ordered[-1])


@njit
def left_out_paths_nb(returns: FloatArray) -> FloatArray:
    """Growth and deepest drawdown of the series without each of its returns in turn, in O(n). Returns (n, 2)."""
    n = len(returns)
    # Of the stretch behind each return, from 1: its growth, its least value and its deepest drawdown.
    behind = np.empty((n + 1, 3))
    behind[n] = np.array([1.0, 1.0, 0.0])
    for place in range(n - 1, -1, -1):
        factor = 1.0 + returns[place]
        behind[place, 0] = factor * behind[place + 1, 0]
        behind[place, 1] = min(1.0, factor * behind[place + 1, 1])
        behind[place, 2] = min(behind[place + 1, 2], factor * behind[place + 1, 1] - 1.0)
    paths = np.empty((n, 2))
    value, peak, depth = 1.0, 1.0, 0.0
    for place in range(n):
        paths[place, 0] = value * behind[place + 1, 0]
        across = value * behind[place + 1, 1] / peak - 1.0
        paths[place, 1] = min(depth, behind[place + 1, 2], across)
        value *= 1.0 + returns[place]
        peak = max(peak, value)
        depth = min(depth, value / peak - 1.0)
    return paths
