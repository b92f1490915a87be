"""Which trials no other beats, where several figures count at once.

A trial *dominates* another when it is at least as good in every objective and better in one. So equal trials do not
dominate each other. A trial with an undefined objective (NaN) neither dominates nor is on any front.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import BoolArray, IndexArray

NO_RANK = -1


def pareto_front(values: FloatArray, maximize: Sequence[bool]) -> BoolArray:
    """Whether each trial is dominated by none, shape (n_trials,).

    `values`: shape (n_trials, n_objectives). `maximize`: by objective, whether more is better. Time grows as n log n
    for up to two objectives, else as n times the front. Kung, Luccio & Preparata 1975.

    Raises InvalidInput for no objective and for shapes that do not match.
    """
    better, inverse, defined = _distinct(values, maximize)
    found = np.zeros(len(values), np.bool_)
    found[defined] = _front(better)[inverse]
    return found


def pareto_ranks(values: FloatArray, maximize: Sequence[bool]) -> IndexArray:
    """The front each trial is on, shape (n_trials,): 0 for the first, 1 for the one without it, and so on; -1 for NaN.

    Deb et al. 2002; for up to two objectives in n log n after Jensen 2003, else a front at a time. As `pareto_front`.
    """
    better, inverse, defined = _distinct(values, maximize)
    ranks = np.full(len(values), NO_RANK, np.int64)
    ranks[defined] = (_ranks_of_pairs(better) if better.shape[1] == 2 else _ranks(better))[inverse]
    return ranks


def _distinct(values: FloatArray, maximize: Sequence[bool]) -> tuple[FloatArray, IndexArray, BoolArray]:
    """The different rows, the less the better, ascending by the first objective, then the next; which one each defined
    trial has; and which trials are defined. One objective is two, of which one never differs.
    """
    if values.ndim != 2 or not values.shape[1]:
        raise InvalidInput.of_field("values", "must have a row for each trial and a column for each objective")
    if len(maximize) != values.shape[1]:
        raise InvalidInput.of_field("maximize", f"must be one for each of {values.shape[1]} objectives")
    defined: BoolArray = np.asarray(~np.isnan(values).any(axis=1))
    costs = np.where(maximize, -values[defined], values[defined]) + 0.0  # no zero is below another
    if values.shape[1] == 1:
        costs = np.column_stack([costs, np.zeros(len(costs))])
    rows, inverse = np.unique(costs, axis=0, return_inverse=True)
    return rows, inverse.reshape(-1).astype(np.int64), defined


def _front(rows: FloatArray) -> BoolArray:
    """Of distinct rows in lexicographic order. With two objectives a row is beaten if an earlier second is no more."""
    on_front = np.zeros(len(rows), np.bool_)
    if rows.shape[1] == 2:
        least_before = np.concatenate([[np.inf], np.minimum.accumulate(rows[:, 1])[:-1]]) if len(rows) else rows[:, 1]
        on_front[:] = rows[:, 1] < least_before
        on_front[:1] = True
        return on_front
    left = np.arange(len(rows))
    while len(left):
        first = rows[left[0]]  # nothing after it can dominate it
        on_front[left[0]] = True
        left = left[1:]
        left = left[(rows[left] < first).any(axis=1)]
    return on_front


def _ranks_of_pairs(rows: FloatArray) -> IndexArray:
    """Of distinct pairs in lexicographic order: the first front whose least second so far is above one's own."""
    ranks = np.empty(len(rows), np.int64)
    least: list[float] = []  # by front, ascending
    for place, second in enumerate(rows[:, 1].tolist()):
        rank = bisect_right(least, second)
        least[rank : rank + 1] = [second]
        ranks[place] = rank
    return ranks


def _ranks(rows: FloatArray) -> IndexArray:
    ranks = np.empty(len(rows), np.int64)
    left, rank = np.arange(len(rows)), 0
    while len(left):
        on_front = _front(rows[left])
        ranks[left[on_front]] = rank
        left, rank = left[~on_front], rank + 1
    return ranks
