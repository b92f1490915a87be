"""The kernel of CSCV: the choice on each half of the blocks, held against the other half."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray

_NO_VARIANCE = 1e-12  # as `engine.analytics.moments` has it
TABLE_ROWS = 4
"""Blocks of one table: the sum of any blocks is one row of each table, added in their order."""


@njit
def choose_halves_nb(
    counts: FloatArray,
    sums: FloatArray,
    squares: FloatArray,
    choices: IndexArray,
    chosen: IndexArray,
    inside: FloatArray,
    outside: FloatArray,
    ranks: FloatArray,
) -> None:
    """For each choice the best trial, its Sharpe ratios inside and outside, and the rank of the latter.

    `counts`: sessions of any blocks, by their bits. `sums`, `squares`: tables, (n_tables, 2 ** TABLE_ROWS, n_trials).
    `choices`: the first half of all; what is left out by one is the one at the same place from the end.
    """
    n_choices, every = len(chosen), len(counts) - 1
    own, other = np.empty(sums.shape[2]), np.empty(sums.shape[2])
    total, square = np.empty(sums.shape[2]), np.empty(sums.shape[2])
    for at in range(len(choices)):
        choice, rest = choices[at], every ^ choices[at]
        _ratios_nb(counts[choice], sums, squares, choice, total, square, own)
        _ratios_nb(counts[rest], sums, squares, rest, total, square, other)
        mirrored = n_choices - 1 - at
        chosen[at], inside[at], outside[at], ranks[at] = _choose_nb(own, other)
        chosen[mirrored], inside[mirrored], outside[mirrored], ranks[mirrored] = _choose_nb(other, own)


@njit
def _ratios_nb(
    count: float,
    sums: FloatArray,
    squares: FloatArray,
    choice: int,
    total: FloatArray,
    square: FloatArray,
    ratios: FloatArray,
) -> None:
    """Mean over standard deviation (ddof 1) of each trial on some blocks, 0 without deviation; as `_sharpes` has it."""
    _sum_nb(sums, choice, total)
    _sum_nb(squares, choice, square)
    freedom = count - 1.0
    # numpy's division raises nothing, which lets the processor take several trials at a time.
    for at in range(len(ratios)):
        mean = np.divide(total[at], count)
        left = square[at] - mean * total[at]
        still = (left <= _NO_VARIANCE * square[at]) | (left <= 0.0)
        deviation = np.sqrt(np.divide(0.0 if still else left, freedom))
        ratios[at] = np.divide(mean, deviation) if deviation > 0.0 else 0.0


@njit
def _sum_nb(tables: FloatArray, choice: int, total: FloatArray) -> None:
    total[:] = tables[0, choice % (1 << TABLE_ROWS)]
    for place in range(1, len(tables)):
        row = tables[place, (choice >> place * TABLE_ROWS) % (1 << TABLE_ROWS)]
        for at in range(len(total)):
            total[at] += row[at]


@njit
def _choose_nb(here: FloatArray, there: FloatArray) -> tuple[int, float, float, float]:
    """The best trial here, the first of equal ones, what it has here and there, and the mean rank there."""
    best, top = 0, here[0]
    for at in range(1, len(here)):
        if here[at] > top:
            best, top = at, here[at]
    of, below, equal = there[best], 0, 0
    for at in range(len(there)):
        below += there[at] < of
        equal += there[at] == of
    return best, top, of, below + (equal + 1.0) / 2.0
