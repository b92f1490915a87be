"""What a vector strategy is: declared parameters, and weights computed from prices without looking ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput, Reason
from scizor.engine.prices import Prices

Params = Mapping[str, int | float | str]


def broken_rule(name: str, rule: str) -> InvalidInput:
    """The error of a parameter that broke a rule."""
    return InvalidInput.of_field(f"parameters.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID)


@dataclass(frozen=True, slots=True)
class FloatParameter:
    """A number within [minimum, maximum]."""

    name: str
    default: float
    minimum: float
    maximum: float
    description: str

    def parse(self, raw: object) -> float:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
            raise broken_rule(self.name, "must be a finite number")
        if not self.minimum <= raw <= self.maximum:
            raise broken_rule(self.name, f"must be between {self.minimum:g} and {self.maximum:g}")
        return float(raw)


@dataclass(frozen=True, slots=True)
class IntParameter:
    """A whole number within [minimum, maximum]; 10.0, as JSON may spell it, is one."""

    name: str
    default: int
    minimum: int
    maximum: int
    description: str

    def parse(self, raw: object) -> int:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not float(raw).is_integer():
            raise broken_rule(self.name, "must be a whole number")
        if not self.minimum <= raw <= self.maximum:
            raise broken_rule(self.name, f"must be between {self.minimum} and {self.maximum}")
        return int(raw)


@dataclass(frozen=True, slots=True)
class ChoiceParameter:
    """One of a few words."""

    name: str
    default: str
    choices: tuple[str, ...]
    description: str

    def parse(self, raw: object) -> str:
        """The value of `raw`. Raises InvalidInput naming the parameter and the rule."""
        if not isinstance(raw, str) or raw not in self.choices:
            raise broken_rule(self.name, f"must be one of {', '.join(self.choices)}")
        return raw


Parameter = IntParameter | FloatParameter | ChoiceParameter


class Strategy(Protocol):
    """A vector strategy. `version` changes whenever its weights may: results carry it in their fingerprint."""

    @property
    def id(self) -> str:
        """The name callers use."""

    @property
    def version(self) -> str:
        """Which code this is."""

    @property
    def description(self) -> str:
        """What it does, in a sentence."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may be set, in the order to show it."""

    def check(self, params: Params) -> None:
        """Raises InvalidInput when parameters that are valid one by one are not together."""

    def targets(self, prices: Prices, params: Params) -> FloatArray:
        """Weights decided at each close, a matrix; NaN keeps the decision before. Row t may use rows 0..t only."""
