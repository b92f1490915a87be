"""Sets drawn by chance, each at most once where values can be listed."""

from __future__ import annotations

from typing import Final

import numpy as np

from scizor.adapters.search.units import Unit
from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import OptimizationSpec
from scizor.ports.search import Allowed, Told

_DRAWS: Final = 1_024
_VAIN_ROUNDS: Final = 50
"""So many rounds without anything new are taken for an exhausted space."""


class RandomSearch:
    """`ports.search.Search`. What is drawn follows from the seed alone."""

    adaptive, next_size = False, 0

    def __init__(self, spec: OptimizationSpec, allowed: Allowed) -> None:
        self._units, self._allowed = [Unit(axis) for axis in spec.space.axes], allowed
        self._chance = np.random.Generator(np.random.PCG64(spec.seed))
        self._seen: set[bytes] = set()
        self.total, self.left_out, self._given = spec.max_trials, 0, 0

    def ask(self) -> FloatArray:
        """The next sets, as many as a round brings."""
        for _ in range(_VAIN_ROUNDS):
            if self._given >= self.total:
                break
            draws = self._chance.random((_DRAWS, len(self._units)))
            codes = np.stack([unit.codes(draws[:, at]) for at, unit in enumerate(self._units)], axis=1)
            fresh = codes[[self._is_new(one) for one in codes]]
            kept = fresh[self._allowed(fresh)] if len(fresh) else fresh
            self.left_out += len(fresh) - len(kept)
            if len(kept):
                kept = kept[: self.total - self._given]
                self._given += len(kept)
                return kept
        self.total = self._given
        return np.empty((0, len(self._units)))

    def tell(self, generation: Told) -> None:
        """Nothing follows from it."""

    def recall(self, generation: Told) -> None:
        """Draw it again."""
        self.ask()

    def _is_new(self, codes: FloatArray) -> bool:
        key = codes.tobytes()
        new = key not in self._seen
        self._seen.add(key)
        return new
