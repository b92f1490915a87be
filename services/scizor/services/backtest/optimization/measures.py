"""Figures of trials as columns: what objectives and constraints make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import METRICS, Constraint, Objective
from scizor.engine.arrays import Records

Figures = Mapping[str, FloatArray]


def figures_of(records: Records) -> dict[str, FloatArray]:
    """A column for each metric."""
    return {metric: records[metric].astype(np.float64) for metric in METRICS}


def values_of(objectives: Sequence[Objective], figures: Figures) -> FloatArray:
    """The objectives, shape (n, n_objectives)."""
    return np.stack([figures[one.metric] for one in objectives], axis=1)


def violations_of(constraints: Sequence[Constraint], figures: Figures) -> FloatArray:
    """By how much constraints are broken, each measured in its bound, shape (n,); infinite where a figure is undefined.

    0 for a trial that keeps them all.
    """
    n = len(next(iter(figures.values())))
    broken = np.zeros(n)
    for one in constraints:
        values = figures[one.metric]
        for bound, sign in ((one.at_least, -1.0), (one.at_most, 1.0)):
            if bound is not None:
                over = np.maximum(sign * (values - bound), 0.0) / max(abs(bound), 1.0)
                broken += np.where(np.isnan(values), math.inf, over)
    return broken
