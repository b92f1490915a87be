"""A figure over two of the searched parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import Objective
from scizor.domain.search_spaces import Axis, Space, Value
from scizor.engine.validation import Aggregate, Surface, surface
from scizor.ports.optimizations import TrialColumns


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """`surface`: see `engine.validation.surface`, by codes; `x_values`, `y_values`: what those stand for."""

    x: Axis
    y: Axis
    x_values: tuple[Value, ...]
    y_values: tuple[Value, ...]
    metric: str
    surface: Surface


def plane_of(space: Space, columns: TrialColumns, x: str, y: str, objective: Objective, aggregate: Aggregate) -> Plane:
    """Trials that failed or break a constraint are in no cell; no cells where there are no others.

    `x`, `y`: parameters; where empty the last and the first one searched, of numbers if there are two. Raises
    InvalidInput for one that is not searched.
    """
    places = {axis.name: at for at, axis in enumerate(space.axes)}
    numbers = [axis.name for axis in space.axes if axis.numeric]
    usual = numbers if len(numbers) > 1 else list(space.names)
    across, down = _place(places, x or usual[-1], "x"), _place(places, y or usual[0], "y")
    kept = columns.taken(columns.feasible)
    if len(kept):
        found = surface(
            kept.codes[:, across],
            kept.codes[:, down],
            kept.figures[objective.metric],
            aggregate=aggregate,
            maximize=objective.maximize,
        )
    else:
        none = np.empty((0, 0))
        found = Surface(np.empty(0), np.empty(0), none, none.astype(np.int64), none.astype(np.int64))
    x_axis, y_axis = space.axes[across], space.axes[down]
    x_values, y_values = _values(x_axis, found.x), _values(y_axis, found.y)
    return Plane(x_axis, y_axis, x_values, y_values, objective.metric, found)


def _values(axis: Axis, codes: FloatArray) -> tuple[Value, ...]:
    """What codes stand for; an interval's middle is no value of the axis, and stays what it is."""
    return tuple(codes.tolist() if axis.numeric else map(axis.value, codes.tolist()))


def _place(places: dict[str, int], name: str, field: str) -> int:
    if name not in places:
        raise InvalidInput.of_field(field, f"{name} is not searched; searched are {', '.join(places)}")
    return places[name]
