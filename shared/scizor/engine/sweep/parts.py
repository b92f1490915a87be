"""Figures of parts of the sessions: a part is any set of sessions, its returns put together in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.analytics.conventions import Terms
from scizor.engine.arrays import IndexArray, Records
from scizor.engine.sweep.figures import FIGURES, N_RAW, fill_figures, sums_of_curve_nb
from scizor.engine.validation.splits import parts


def figures_of_parts(returns: FloatArray, chosen: Sequence[IndexArray], terms: Terms | None = None) -> Records:
    """The figures of each run's account in each part, shape (n, n_chosen), those that follow from the curve alone.

    `returns`: by session, (n, n_sessions). `chosen`: numbers of sessions, ascending. What no curve tells, such as
    trades, is 0 or NaN. Growth begins with 1 in each part.
    """
    terms = terms or Terms()
    raw = np.zeros((len(returns), len(chosen), N_RAW))
    flat = np.concatenate([np.asarray(part, np.int64) for part in chosen]) if len(chosen) else np.zeros(0, np.int64)
    ends = np.cumsum([len(part) for part in chosen]).astype(np.int64)
    _sums_nb(np.ascontiguousarray(returns), flat, ends, terms.target, raw)
    records = np.zeros(len(returns) * len(chosen), np.dtype(FIGURES))
    fill_figures(raw.reshape(-1, N_RAW), 1, terms, records)
    return records.reshape(len(returns), len(chosen))


def block_sums(returns: FloatArray, n_blocks: int) -> FloatArray:
    """Sums of returns and of their squares over blocks of sessions, shape (n, n_blocks, 2).

    Blocks are cut as `engine.validation.splits.parts` cuts them. Raises InvalidInput for fewer sessions than blocks.
    """
    ends = np.array([block.stop for block in parts(returns.shape[1], n_blocks)], np.int64)
    sums = np.empty((len(returns), n_blocks, 2))
    _block_sums_nb(np.ascontiguousarray(returns), ends, sums)
    return sums


@njit
def _block_sums_nb(returns: FloatArray, ends: IndexArray, sums: FloatArray) -> None:
    """Even and odd sessions are summed side by side: one sum alone would wait for each addition."""
    for one in range(len(returns)):
        row, first = returns[one], 0
        for block in range(len(ends)):
            even = odd = even_square = odd_square = 0.0
            last = ends[block]
            for at in range(first, last - 1, 2):
                even += row[at]
                even_square += row[at] * row[at]
                odd += row[at + 1]
                odd_square += row[at + 1] * row[at + 1]
            if (last - first) % 2:
                even += row[last - 1]
                even_square += row[last - 1] * row[last - 1]
            sums[one, block, 0], sums[one, block, 1] = even + odd, even_square + odd_square
            first = last


@njit
def _sums_nb(returns: FloatArray, flat: IndexArray, ends: IndexArray, target: float, raw: FloatArray) -> None:
    equity, rows = np.empty(len(flat)), np.arange(len(flat))
    scratch = np.empty((2, len(flat) + 1))
    for one in range(len(returns)):
        first = 0
        for part in range(len(ends)):
            value, n = 1.0, ends[part] - first
            for at in range(n):
                value *= 1.0 + returns[one, flat[first + at]]
                equity[at] = value
            if n > 0:
                sums_of_curve_nb(equity[:n], rows[:n], 1.0, target, scratch, raw[one, part])
            first = ends[part]
