"""All combinations of the values that parameters may take, counted and never listed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray

Value = int | float | str | bool


class Grid:
    """Axes by parameter name. Combinations are numbered from 0, the last axis running fastest.

    Raises InvalidInput for an axis without values, with one value twice, or with values of several kinds.
    """

    def __init__(self, axes: Mapping[str, Sequence[Value]]) -> None:
        if not axes:
            raise InvalidInput.of_field("grid", "at least one parameter is needed")
        self.axes: dict[str, tuple[Value, ...]] = {name: tuple(values) for name, values in axes.items()}
        for name, values in self.axes.items():
            if not values:
                raise InvalidInput.of_field(f"grid.{name}", "at least one value is needed")
            if len(set(values)) != len(values):
                raise InvalidInput.of_field(f"grid.{name}", "each value may be there once")
        self._arrays = {name: _array(name, values) for name, values in self.axes.items()}
        self._shape = tuple(len(values) for values in self.axes.values())

    def __len__(self) -> int:
        return math.prod(self._shape)

    @property
    def dtype(self) -> list[tuple[str, np.dtype[Any]]]:
        """A field for each parameter."""
        return [(name, array.dtype) for name, array in self._arrays.items()]

    def places(self, first: int, last: int) -> dict[str, IndexArray]:
        """For combinations first..last-1: by parameter, the places of their values on its axis."""
        found = np.unravel_index(np.arange(first, last), self._shape)
        return {name: place.astype(np.int64) for name, place in zip(self.axes, found, strict=True)}

    def values(self, places: Mapping[str, IndexArray]) -> dict[str, NDArray[Any]]:
        """The values at those places, by parameter."""
        return {name: self._arrays[name][place] for name, place in places.items()}


def _array(name: str, values: tuple[Value, ...]) -> NDArray[Any]:
    kinds = {bool if isinstance(value, bool) else str if isinstance(value, str) else float for value in values}
    if len(kinds) > 1:
        raise InvalidInput.of_field(f"grid.{name}", "values must be all numbers, all words, or all true or false")
    return np.array(values)
