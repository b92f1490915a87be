"""What an optimisation may try: by parameter the values listed, or a range of numbers.

A set of parameter values is a row of numbers, its *codes*: a number stands for itself, any other value for its place
among the values listed. So many sets are one array, and a stored set is compared, mapped and read without its names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput

Value = int | float | str | bool
_STEP_TOLERANCE = 1e-9
_MOST_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `low` to `high`, both included. `step`: only low, low + step, …; 0 for all between.

    `log`: equal factors are equally likely, not equal differences; a range with a step has none.
    """

    low: float
    high: float
    step: float = 0.0
    log: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise InvalidInput.of_field("min", "must be finite and not above max")
        if not (math.isfinite(self.step) and self.step >= 0):
            raise InvalidInput.of_field("step", "must be 0 or positive, and finite")
        if self.log and (self.low <= 0 or self.step > 0):
            raise InvalidInput.of_field("log", "needs a min above zero and no step")

    @property
    def n_steps(self) -> int:
        """How many steps fit; 0 without a step."""
        return math.floor((self.high - self.low) / self.step + _STEP_TOLERANCE) if self.step else 0


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter: `values`, or without any the numbers of `span`. `whole`: only whole numbers of the span."""

    name: str
    values: tuple[Value, ...] = ()
    span: NumberRange | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        if bool(self.values) == (self.span is not None):
            raise InvalidInput.of_field(f"space.{self.name}", "needs values or a range, and not both")
        kinds = {"number" if _is_number(value) else type(value).__name__ for value in self.values}
        if len(kinds) > 1 or len(set(self.values)) != len(self.values):
            rule = "values must be all numbers, all words, or all true or false, each there once"
            raise InvalidInput.of_field(f"space.{self.name}", rule)

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers, so that codes are the values themselves."""
        return self.span is not None or _is_number(self.values[0])

    def listed(self) -> FloatArray | None:
        """The codes of all its values, ascending as given; None where they cannot be listed."""
        if self.span is None:
            return np.array(self.values, np.float64) if self.numeric else np.arange(float(len(self.values)))
        step = self.span.step or (1.0 if self.whole else 0.0)
        if not step:
            return np.array([self.span.low]) if self.span.low == self.span.high else None
        n_steps = math.floor((self.span.high - self.span.low) / step + _STEP_TOLERANCE)
        if n_steps >= _MOST_VALUES:
            raise InvalidInput.of_field(f"space.{self.name}", f"has more than {_MOST_VALUES:,} values")
        # Rounded, so that 0.1 + 2 x 0.1 is what a person would have written.
        return np.round(self.span.low + step * np.arange(n_steps + 1), 12)

    def value(self, code: float) -> Value:
        """What the code stands for."""
        if not self.numeric:
            return self.values[int(code)]
        if self.whole or (self.span is None and all(isinstance(value, int) for value in self.values)):
            return int(code)
        return float(code)

    def code(self, value: Value) -> float:
        """The code of one of its values."""
        return float(value) if self.numeric else float(self.values.index(value))


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters that are searched, in the order of a set's codes."""

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        if not names or len(set(names)) != len(names):
            raise InvalidInput.of_field("space", "must name at least one parameter, each once")

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names."""
        return tuple(axis.name for axis in self.axes)

    def parameters(self, codes: Sequence[float] | FloatArray) -> dict[str, Value]:
        """One set, shape (n_axes,), by name."""
        return {axis.name: axis.value(code) for axis, code in zip(self.axes, codes, strict=True)}

    def codes(self, parameters: Mapping[str, Value]) -> FloatArray:
        """The same back, shape (n_axes,)."""
        return np.array([axis.code(parameters[axis.name]) for axis in self.axes])


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
