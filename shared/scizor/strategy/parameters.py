"""Parameters that a strategy declares as class attributes: `fast = Int(10, 1, 500, "Window of the fast mean, bars")`.

In an instance the attribute is the value, typed: `self.fast` is an int. In the class it is the declaration.
"""

from __future__ import annotations

import math
from typing import Generic, Self, TypeVar, overload

from scizor.domain.errors import InvalidInput, Reason

Value = TypeVar("Value")
ParameterValue = int | float | str | bool


def broken_rule(name: str, rule: str) -> InvalidInput:
    """The error of a parameter that broke a rule; what `Strategy.check` raises."""
    return InvalidInput.of_field(f"parameters.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID)


class _Declared(Generic[Value]):
    """A default, and the attribute it stands in. An instance's value hides it: reading one costs nothing extra."""

    name = "default"  # until it is assigned to an attribute: an error before is about the default

    def __init__(self, default: Value, description: str) -> None:
        self.default: Value = self.parse(default)
        self.description = description

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        return self.default

    def parse(self, raw: object) -> Value:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        raise NotImplementedError


class Int(_Declared[int]):
    """A whole number within [minimum, maximum]; 10.0, as JSON may spell it, is one."""

    def __init__(self, default: int, minimum: int, maximum: int, description: str = "") -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(default, description)

    def parse(self, raw: object) -> int:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        whole = isinstance(raw, int) or (isinstance(raw, float) and raw.is_integer())
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not whole:
            raise broken_rule(self.name, "must be a whole number")
        if not self.minimum <= raw <= self.maximum:
            raise broken_rule(self.name, f"must be between {self.minimum} and {self.maximum}")
        return int(raw)


class Float(_Declared[float]):
    """A number within [minimum, maximum]."""

    def __init__(self, default: float, minimum: float, maximum: float, description: str = "") -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(default, description)

    def parse(self, raw: object) -> float:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        # Not isfinite: it refuses whole numbers beyond the range of a float by an error of its own.
        if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw or abs(raw) == math.inf:
            raise broken_rule(self.name, "must be a finite number")
        if not self.minimum <= raw <= self.maximum:
            raise broken_rule(self.name, f"must be between {self.minimum:g} and {self.maximum:g}")
        return float(raw)


class Choice(_Declared[str]):
    """One of a few words."""

    def __init__(self, default: str, choices: tuple[str, ...], description: str = "") -> None:
        self.choices = choices
        super().__init__(default, description)

    def parse(self, raw: object) -> str:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        if not isinstance(raw, str) or raw not in self.choices:
            raise broken_rule(self.name, f"must be one of {', '.join(self.choices)}")
        return raw


class Bool(_Declared[bool]):
    """Yes or no."""

    def __init__(self, default: bool, description: str = "") -> None:
        super().__init__(default, description)

    def parse(self, raw: object) -> bool:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        if not isinstance(raw, bool):
            raise broken_rule(self.name, "must be true or false")
        return raw


Parameter = Int | Float | Choice | Bool
