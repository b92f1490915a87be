"""A parameter's codes as numbers from 0 to 1, and back: what chance and CMA-ES draw in."""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.search_spaces import Axis


class Unit:
    """One axis. `n_values`: how many values it has, 0 for all numbers of its range."""

    def __init__(self, axis: Axis) -> None:
        span = axis.span
        self._log = span is not None and span.log
        self._listed = None if self._log and span is not None and span.low < span.high else axis.listed()
        self._whole = axis.whole
        self.n_values = 0 if self._listed is None else len(self._listed)
        if span is not None:
            self._low, self._high = (math.log(span.low), math.log(span.high)) if self._log else (span.low, span.high)

    def codes(self, units: FloatArray) -> FloatArray:
        """Codes of numbers of [0, 1], shape (n,); of values listed each has an equal part of it."""
        if self._listed is not None:
            return self._listed[np.minimum((units * self.n_values).astype(np.int64), self.n_values - 1)]
        found = self._low + units * (self._high - self._low)
        found = np.exp(found) if self._log else found
        return np.round(found) if self._whole else found
