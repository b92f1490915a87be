"""Whether the best parameters stand on a plateau or on a peak: what becomes of the objective one step aside.

The *neighbours* of a trial are those at most one step away on each axis, diagonals included, itself not; without a grid
those within a radius, the distance of two points being the widest of their axes', each axis one wide. On an axis whose
values have no order only the same value is near. The *score* is the share of the best trial's gain that its neighbours
keep on average: (mean of neighbours - floor) / (best - floor), cut to 0..1. The *floor* is what counts as no gain, in
the objective's own unit and on its worse side: 0 for a return or a Sharpe ratio, what was there at first for an amount
of money, and where less is better, or the best there can be is 0, some middling figure, such as the median. The
*smoothed* objective of a trial is the mean of its own and its neighbours'. A search that is robust has a smoothed
optimum that ranks high by itself too. Pardo 2008, chapter 10, calls the opposite a spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import BoolArray, IndexArray
from scizor.engine.validation.checks import objective_of

MOST_CELLS = 1 << 24
CANDIDATES = 256
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Plateau:
    """Trials are indices; of equal ones the first counts, of those equally good when smoothed the best by itself.

    `score`: 0 for a peak to 1 for a plateau; None where the best gains nothing or has no neighbours. `smoothed_best`:
    the trial with the best smoothed objective among those with neighbours, the best one where none has any.
    `smoothed_rank`: its rank by its own objective, 1 for the best.
    """

    best: int
    score: float | None
    n_neighbours: int
    smoothed_best: int
    smoothed_rank: int


def grid_plateau(
    places: IndexArray,
    objective: FloatArray,
    *,
    maximize: bool = True,
    floor: float = 0.0,
    ordered: Sequence[bool] | None = None,
) -> Plateau:
    """Of trials on a grid: `places[t, a]` is the place of trial t's value on axis a, 0 for the first.

    `objective`: shape (n_trials,), NaN for a trial that failed or must not be: it is left out. `ordered`: by axis,
    whether a step on it means anything; all unless given.

    Raises InvalidInput for shapes that do not match, a place below 0, more than 2^24 places of the grid, and objectives
    that are infinite or all NaN.
    """
    values = objective_of("objective", objective, maximize)
    steps = _ordered_axes(places, values, "places", ordered)
    if np.min(places) < 0:
        raise InvalidInput.of_field("places", "must not be negative")
    shape = tuple(int(last) + 1 for last in places.max(axis=0))
    if prod(shape) > MOST_CELLS:
        raise InvalidInput.of_field("places", f"make a grid of {prod(shape):,} places; {MOST_CELLS:,} at most")
    defined = ~np.isnan(values)
    best = int(np.nanargmax(values))
    apart = np.abs(places - places[best])
    near = (apart <= np.array(steps)).all(axis=1) & apart.any(axis=1) & defined
    cells = np.ravel_multi_index(tuple(places.T), shape)
    smoothed = _smoothed_cells(cells, values, defined, shape, steps)[cells]
    return _plateau(values, best, near, np.where(defined, smoothed, np.nan), floor if maximize else -floor)


def sampled_plateau(
    points: FloatArray,
    objective: FloatArray,
    *,
    maximize: bool = True,
    floor: float = 0.0,
    radius: float = 0.1,
    ordered: Sequence[bool] | None = None,
    widths: FloatArray | None = None,
    pitches: FloatArray | None = None,
) -> Plateau:
    """Of trials anywhere: `points`, shape (n_trials, n_axes); take logarithms first where factors are what counts.

    `radius`: of a neighbourhood, a fraction of each axis. `widths`: of the ranges searched, shape (n_axes,); of the
    points found unless given, which is too narrow where a search has closed in. `pitches`: how far apart the values of
    an axis are, shape (n_axes,), 0 where they are not: a neighbourhood reaches one value on at least. The smoothed
    optimum is sought among the 256 best trials. Else as `grid_plateau`.

    Raises InvalidInput for shapes that do not match, a radius not within 0..1, widths, pitches or points that are not
    finite, widths or pitches below 0, and objectives that are infinite or all NaN.
    """
    values = objective_of("objective", objective, maximize)
    steps = _ordered_axes(points, values, "points", ordered)
    if not 0 < radius <= 1:
        raise InvalidInput.of_field("radius", "must be above 0 and at most 1")
    wide = _lengths("widths", np.ptp(points, axis=0) if widths is None else widths, points)
    least = _lengths("pitches", np.zeros_like(wide) if pitches is None else pitches, points)
    reach = np.where(steps, np.maximum(wide * radius, least) * (1.0 + _ROUNDING), 0.0)
    defined = ~np.isnan(values)
    smoothed = np.full(len(values), np.nan)
    best_first = np.argsort(-values, kind="stable")[: min(CANDIDATES, np.count_nonzero(defined))]
    for trial in best_first[::-1]:  # the best last, whose neighbours stay
        apart = np.abs(points - points[trial])
        near = (apart <= reach).all(axis=1) & apart.any(axis=1) & defined
        if near.any():
            near_values = values[near]
            smoothed[trial] = (values[trial] + near_values.sum()) / (1 + len(near_values))
    return _plateau(values, int(best_first[0]), near, smoothed, floor if maximize else -floor)


def _plateau(values: FloatArray, best: int, near: BoolArray, smoothed: FloatArray, floor: float) -> Plateau:
    n_neighbours = int(np.count_nonzero(near))
    gain = float(values[best]) - floor
    score = None
    if n_neighbours and gain > 0:
        score = min(max((float(np.mean(values[near])) - floor) / gain, 0.0), 1.0)
    chosen = best
    if not np.isnan(smoothed).all():
        top = float(np.nanmax(smoothed))
        chosen = int(np.argmax(np.where(smoothed >= top - _ROUNDING * abs(top), values, -np.inf)))
    return Plateau(best, score, n_neighbours, chosen, 1 + int(np.count_nonzero(values > values[chosen])))


def _smoothed_cells(
    cells: IndexArray, values: FloatArray, defined: BoolArray, shape: tuple[int, ...], steps: Sequence[bool]
) -> FloatArray:
    """The smoothed objective at each place of the grid, flat; NaN where no neighbour is. Several trials in one place
    are one, with their mean.
    """
    n_cells = prod(shape)
    here = np.bincount(cells[defined], minlength=n_cells)
    sums = np.bincount(cells[defined], values[defined], minlength=n_cells)
    tried = (here > 0).astype(np.float64)
    means = sums / np.maximum(here, 1)
    around, n_around = (_box_sums(each.reshape(shape), steps).ravel() for each in (means, tried))
    return np.where(n_around - tried > 0, around / np.maximum(n_around, 1.0), np.nan)


def _box_sums(values: FloatArray, steps: Sequence[bool]) -> FloatArray:
    """The sum over each cell and those one step away from it, one axis after the other."""
    for axis in np.flatnonzero(steps):
        line = np.moveaxis(values, axis, 0)
        wide = line.copy()
        wide[1:] += line[:-1]
        wide[:-1] += line[1:]
        values = np.moveaxis(wide, 0, axis)
    return values


def _lengths(field: str, lengths: FloatArray, points: FloatArray) -> FloatArray:
    if lengths.shape != points.shape[1:] or not (np.isfinite(lengths).all() and (lengths >= 0).all()):
        raise InvalidInput.of_field(field, "must be one for each axis, finite and not negative")
    return lengths


def _ordered_axes(
    points: NDArray[np.generic], values: FloatArray, field: str, ordered: Sequence[bool] | None
) -> Sequence[bool]:
    if points.ndim != 2 or points.shape[0] != len(values) or not points.shape[1]:
        raise InvalidInput.of_field(
            field, f"must have a row for each of {len(values)} trials and a column for each axis"
        )
    if not np.isfinite(points).all():
        raise InvalidInput.of_field(field, "must be finite")
    steps = [True] * points.shape[1] if ordered is None else ordered
    if len(steps) != points.shape[1]:
        raise InvalidInput.of_field("ordered", f"must be one for each of {points.shape[1]} axes")
    return steps
