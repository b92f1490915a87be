"""An objective over two parameters, as a heat map: one cell a pair of values, all others of a search folded into it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray

UNTRIED = -1


class Aggregate(StrEnum):
    """What stands for the trials of one cell."""

    BEST = "BEST"
    MEAN = "MEAN"
    MEDIAN = "MEDIAN"


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """`x`, `y`: the axes' values, ascending, shapes (n_x,) and (n_y,). The rest has the shape (n_y, n_x).

    `values`: NaN where no trial has a defined objective; `counts`: the trials that have one; `best`: the best of them,
    an index, of equal ones the first, -1 where none is.
    """

    x: FloatArray
    y: FloatArray
    values: FloatArray
    counts: IndexArray
    best: IndexArray


def surface(
    x: FloatArray,
    y: FloatArray,
    objective: FloatArray,
    *,
    aggregate: Aggregate = Aggregate.BEST,
    maximize: bool = True,
    most_values: int = 100,
) -> Surface:
    """Of trials with those values of two parameters, all of shape (n_trials,).

    An axis with more than `most_values` different values is cut into that many equal intervals and shows their middles.

    Raises InvalidInput for no trial, shapes that do not match, x or y not finite, and most_values below 1.
    """
    if most_values < 1:
        raise InvalidInput.of_field("most_values", "must be at least 1")
    if objective.ndim != 1 or not len(objective):
        raise InvalidInput.of_field("objective", "must be a column with at least one value")
    for name, values in (("x", x), ("y", y)):
        if values.shape != objective.shape or not np.isfinite(values).all():
            raise InvalidInput.of_field(name, f"must be one finite value for each of {len(objective)} trials")
    (across, column), (down, row) = (_axis(values, most_values) for values in (x, y))
    shape = (len(down), len(across))
    trials = np.flatnonzero(~np.isnan(objective))
    cells = (row * len(across) + column)[trials]
    found = objective[trials]
    order = np.lexsort((-found if maximize else found, cells))  # stable: of equal ones the first stays first
    hit, starts, sizes = np.unique(cells[order], return_index=True, return_counts=True)
    values, counts = np.full(shape, np.nan), np.zeros(shape, np.int64)
    best = np.full(shape, UNTRIED, np.int64)
    values.flat[hit] = _folded(found[order], starts, sizes, aggregate)
    counts.flat[hit], best.flat[hit] = sizes, trials[order][starts]
    return Surface(across, down, values, counts, best)


def _folded(best_first: FloatArray, starts: IndexArray, sizes: IndexArray, aggregate: Aggregate) -> FloatArray:
    """One value for each run of `sizes` values that begins at `starts`, a run being sorted."""
    if aggregate is Aggregate.MEAN:
        return np.add.reduceat(best_first, starts) / sizes if len(starts) else best_first
    low, high = (0, 0) if aggregate is Aggregate.BEST else ((sizes - 1) // 2, sizes // 2)
    return np.asarray((best_first[starts + low] + best_first[starts + high]) / 2.0)


def _axis(values: FloatArray, most_values: int) -> tuple[FloatArray, IndexArray]:
    """The axis, and the place on it of each trial."""
    different, places = np.unique(values, return_inverse=True)
    if len(different) <= most_values:
        return different, places.astype(np.int64)
    low, width = different[0], (different[-1] - different[0]) / most_values
    middles = low + width * (np.arange(most_values) + 0.5)
    return middles, np.minimum((values - low) / width, most_values - 1).astype(np.int64)
