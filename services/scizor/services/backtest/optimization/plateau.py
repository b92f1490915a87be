"""How much of its gain the best trial keeps one step aside, whichever way and in whatever unit it was searched for."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import Method, OptimizationSpec
from scizor.domain.search_spaces import Axis, Space
from scizor.engine.validation import Plateau, grid_plateau, sampled_plateau
from scizor.engine.validation.plateau import MOST_CELLS
from scizor.ports.optimizations import TrialColumns

# Those of which an account that never trades has 0.
_GAINS: Final = frozenset({"total_return", "cagr", "sharpe", "sortino", "calmar"})


def plateau_of(spec: OptimizationSpec, columns: TrialColumns) -> float | None:
    """The score, 0 for a peak to 1 for a plateau; None where the best gains nothing or has no neighbours."""
    values = np.where(columns.feasible, columns.figures[spec.objectives[0].metric], np.nan)
    if np.all(np.isnan(values)):
        return None
    walk = _on_grid if spec.method is Method.GRID and _n_cells(spec.space) <= MOST_CELLS else _sampled
    return walk(spec, columns, values).score


def floor_of(spec: OptimizationSpec, values: FloatArray) -> float:
    """What counts as no gain: what an account has that never trades, where it is to be left behind.

    Not trading is the best there can be of what is to be low, and of drawdowns; there, and for counts and shares, it
    is what the middle one of the trials has. `values`: the objective by trial, some of them not NaN.
    """
    objective = spec.objectives[0]
    if objective.maximize and objective.metric in _GAINS:
        return 0.0
    if objective.maximize and objective.metric == "final_equity":
        return float(spec.backtest.initial_capital)
    return float(np.nanmedian(values))


def _on_grid(spec: OptimizationSpec, columns: TrialColumns, values: FloatArray) -> Plateau:
    places = [_places(axis, codes) for axis, codes in zip(spec.space.axes, columns.codes.T, strict=True)]
    return grid_plateau(
        np.stack(places, axis=1).astype(np.int64),
        values,
        maximize=spec.objectives[0].maximize,
        floor=floor_of(spec, values),
        ordered=[axis.numeric for axis in spec.space.axes],
    )


def _sampled(spec: OptimizationSpec, columns: TrialColumns, values: FloatArray) -> Plateau:
    scales = [_scale(axis, codes) for axis, codes in zip(spec.space.axes, columns.codes.T, strict=True)]
    points, widths, pitches = zip(*scales, strict=True)
    return sampled_plateau(
        np.stack(points, axis=1),
        values,
        maximize=spec.objectives[0].maximize,
        floor=floor_of(spec, values),
        ordered=[axis.numeric for axis in spec.space.axes],
        widths=np.array(widths),
        pitches=np.array(pitches),
    )


def _scale(axis: Axis, codes: FloatArray) -> tuple[FloatArray, float, float]:
    """Where trials stand on an axis, how wide what was searched is, and how far apart values are, 0 for any between.

    Values that were listed are as far apart as their places: who lists 5, 10, 50 and 200 calls those steps.
    """
    span = axis.span
    if span is None:
        return _places(axis, codes), len(axis.values) - 1.0, 1.0
    if span.log:
        return np.log(codes), math.log(span.high / span.low), 0.0
    return codes, span.high - span.low, span.step or float(axis.whole)


def _places(axis: Axis, codes: FloatArray) -> FloatArray:
    """The places of codes among all values of the axis, ascending; where those cannot be listed, the codes."""
    listed = axis.listed()
    return codes if listed is None else np.searchsorted(np.sort(listed), codes).astype(np.float64)


def _n_cells(space: Space) -> int:
    listed = [axis.listed() for axis in space.axes]
    return math.prod(len(one) for one in listed if one is not None)
