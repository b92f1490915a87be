"""Every combination, the last parameter's values running fastest."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import MOST_TRIALS, OptimizationSpec
from scizor.domain.search_spaces import Axis
from scizor.ports.search import Allowed, Told

_GENERATION: Final = 4_096


class GridSearch:
    """`ports.search.Search`. Raises InvalidInput for a range without a step, and for a grid that is too large."""

    adaptive, next_size = False, 0

    def __init__(self, spec: OptimizationSpec, allowed: Allowed) -> None:
        self._axes = [_listed(axis) for axis in spec.space.axes]
        self._shape = tuple(len(values) for values in self._axes)
        self._allowed, self._next = allowed, 0
        self._n = math.prod(self._shape)
        most = spec.max_trials or MOST_TRIALS
        if self._n > most:
            rule = f"the grid has {self._n:,} combinations: {most:,} at most"
            raise InvalidInput.of_field("max_trials" if spec.max_trials else "space", rule)
        self.left_out = 0

    @property
    def total(self) -> int:
        """Combinations, less those left out so far."""
        return self._n - self.left_out

    def ask(self) -> FloatArray:
        """The next combinations that keep the rules."""
        while self._next < self._n:
            last = min(self._next + _GENERATION, self._n)
            places = np.unravel_index(np.arange(self._next, last), self._shape)
            codes = np.stack([axis[place] for axis, place in zip(self._axes, places, strict=True)], axis=1)
            kept = codes[self._allowed(codes)]
            self._next, self.left_out = last, self.left_out + len(codes) - len(kept)
            if len(kept):
                return kept
        return np.empty((0, len(self._axes)))

    def tell(self, generation: Told) -> None:
        """Nothing follows from it."""

    def recall(self, generation: Told) -> None:
        """Pass over it."""
        self.ask()


def _listed(axis: Axis) -> FloatArray:
    values = axis.listed()
    if values is None:
        raise InvalidInput.of_field(f"space.{axis.name}", "a grid needs values, or a range with a step")
    return values
