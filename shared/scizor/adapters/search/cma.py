"""CMA-ES with margin: a normal distribution that moves and reshapes itself, over whole numbers too. Hamano et al. 2022.

Generations follow from the seed and what was told of those before, so an interrupted search is led through its
generations again, which takes no trials.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from cmaes import CMAwM

from scizor.adapters.search.units import Unit
from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import OptimizationSpec
from scizor.ports.search import Allowed, Told

_SIGMA: Final = 0.3
_TRIES: Final = 100
_WORSE_THAN_ANY: Final = 1e18


class CmaSearch:
    """`ports.search.Search` for one objective over numbers."""

    adaptive = True

    def __init__(self, spec: OptimizationSpec, allowed: Allowed) -> None:
        if len(spec.objectives) > 1:
            raise InvalidInput.of_field("objectives", "CMA_ES has one objective: search several by TPE")
        for axis in spec.space.axes:
            if not axis.numeric:
                raise InvalidInput.of_field(f"space.{axis.name}", "CMA_ES searches numbers: fix it, or search by TPE")
        self._units, self._allowed = [Unit(axis) for axis in spec.space.axes], allowed
        self._sign = -1.0 if spec.objectives[0].maximize else 1.0
        dimension = len(self._units)
        counts = np.array([unit.n_values for unit in self._units])
        bounds = np.tile([0.0, 1.0], (dimension, 1))
        steps = np.where(counts > 1, 1.0 / np.maximum(counts - 1, 1), 0.0)
        self._optimizer: Any = CMAwM(
            np.full(dimension, 0.5), _SIGMA, bounds=bounds, steps=steps, seed=_small_seed(spec.seed)
        )
        self._asked: list[FloatArray] = []
        self.total, self.left_out, self._given = spec.max_trials, 0, 0

    @property
    def next_size(self) -> int:
        """A population; the last one may be cut by the number of trials."""
        return min(int(self._optimizer.population_size), self.total - self._given)

    def ask(self) -> FloatArray:
        """A population."""
        size = self.next_size
        chosen, self._asked = [self._drawn() for _ in range(size)], []
        codes = np.array([codes for codes, _ in chosen]).reshape(size, len(self._units))
        self._asked = [point for _, point in chosen]
        self._given += size
        return codes

    def tell(self, generation: Told) -> None:
        """Move the distribution; sets that fail or break constraints rank behind all others."""
        if len(self._asked) < int(self._optimizer.population_size):
            return
        values = self._sign * generation.values[:, 0]
        broken = (generation.violations > 0) | np.isnan(values)
        penalty = _WORSE_THAN_ANY * (1.0 + np.nan_to_num(generation.violations, nan=0.0))
        values = np.where(broken, penalty, values)
        self._optimizer.tell(list(zip(self._asked, values.tolist(), strict=True)))

    def recall(self, generation: Told) -> None:
        """Draw the same population again, and be told of it."""
        self.ask()
        self.tell(generation)

    def _drawn(self) -> tuple[FloatArray, FloatArray]:
        """Codes that keep the rules, and the point they stand for."""
        for _ in range(_TRIES):
            seen, point = self._optimizer.ask()
            codes = self._codes(seen)
            if bool(self._allowed(codes[None, :])[0]):
                break
            self.left_out += 1
        return codes, point

    def _codes(self, seen: FloatArray) -> FloatArray:
        # A value's step is a point of the optimiser, its code an equal part of the unit: aim for the middle of it.
        places = [round(x * (unit.n_values - 1)) for x, unit in zip(seen, self._units, strict=True)]
        aimed = [
            (place + 0.5) / unit.n_values if unit.n_values else float(x)
            for x, place, unit in zip(seen, places, self._units, strict=True)
        ]
        return np.array([unit.codes(np.array([x]))[0] for x, unit in zip(aimed, self._units, strict=True)])


def _small_seed(seed: int) -> int:
    """As the optimiser takes it."""
    return seed % (1 << 32)
