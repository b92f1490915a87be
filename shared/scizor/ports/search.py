"""Which sets of parameters to try next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scizor.domain.arrays import FloatArray
from scizor.domain.optimizations import OptimizationSpec
from scizor.engine.arrays import BoolArray

Allowed = Callable[[FloatArray], BoolArray]
"""Which of n sets of codes, (n, n_axes), keep the strategy's rules."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What came of a generation of n sets. `values` (n, n_objectives): NaN where a set failed.

    `violations` (n,): by how much the constraints are broken, 0 for a set that keeps them.
    """

    codes: FloatArray
    values: FloatArray
    violations: FloatArray


class Search(Protocol):
    """Generations of sets, the same ones in the same order for the same spec and answers, whoever asks and when.

    `adaptive`: whether a generation follows from what was told of those before it. `total`: sets there will be at most;
    0 while that is not known. `left_out`: sets passed over so far for breaking the strategy's rules.
    """

    adaptive: bool
    left_out: int

    @property
    def next_size(self) -> int:
        """How many sets an adaptive search will give next; 0 for one that is not."""
        ...

    @property
    def total(self) -> int:
        """See above."""
        ...

    def ask(self) -> FloatArray:
        """The codes of the next generation, (n, n_axes); none when there is nothing left to try."""
        ...

    def tell(self, generation: Told) -> None:
        """What came of the generation that was asked for last."""
        ...

    def recall(self, generation: Told) -> None:
        """The same as asking for a generation and telling of it, when that was done in an earlier life."""
        ...


SearchFactory = Callable[[OptimizationSpec, Allowed], Search]
"""Raises InvalidInput for a space or objectives that the method cannot search."""
