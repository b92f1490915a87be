"""What a strategy's class says of itself, and a caller's parameters held against it without its code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from scizor.domain.backtests import ParameterValue
from scizor.domain.errors import InvalidInput
from scizor.domain.strategies import Declared, ParameterSpec, ParameterType, StrategyKind
from scizor.strategy.base import Strategy, VectorStrategy
from scizor.strategy.parameters import Bool, Choice, Float, Int, Parameter
from scizor.strategy.registry import resolve

_TYPES: Final = {
    Int: ParameterType.INT,
    Float: ParameterType.FLOAT,
    Choice: ParameterType.CHOICE,
    Bool: ParameterType.BOOL,
}
_KEPT: Final = 64
"""Classes that are made once: every value of a searched space is held against one."""


def declared_of(strategy: type[Strategy]) -> Declared:
    """What a class declares."""
    return Declared(
        id=strategy.id,
        class_name=strategy.__name__,
        kind=StrategyKind.VECTOR if issubclass(strategy, VectorStrategy) else StrategyKind.EVENT,
        description=strategy.description,
        parameters=tuple(_spec(one) for one in strategy.parameters()),
    )


def resolved(declared: Declared, raw: Mapping[str, ParameterValue], parent: str) -> dict[str, ParameterValue]:
    """Every parameter's value: the caller's, or the default. No code of the strategy is run.

    Raises InvalidInput naming each parameter that is unknown or broke a rule, as `<parent>.parameters.<name>`.
    """
    return resolved_by(_stand_in(repr(declared), declared), raw, parent)


def resolved_by(strategy: type[Strategy], raw: Mapping[str, ParameterValue], parent: str) -> dict[str, ParameterValue]:
    """As `resolved`, for a class that may be run: its own rule for all parameters together counts too."""
    try:
        return dict(resolve(strategy, raw))
    except InvalidInput as error:
        raise (error.within(parent) if parent else error) from None


@lru_cache(maxsize=_KEPT)
def _stand_in(spelled: str, declared: Declared) -> type[Strategy]:
    """A class that declares the same and does nothing. `spelled`: tells 1 from 1.0, which are equal."""
    parameters: dict[str, Any] = {one.name: _parameter(one) for one in declared.parameters}
    return type(declared.class_name, (Strategy,), parameters | {"id": declared.id})


def _spec(parameter: Parameter) -> ParameterSpec:
    bounds = (
        (float(parameter.minimum), float(parameter.maximum)) if isinstance(parameter, Int | Float) else (None, None)
    )
    return ParameterSpec(
        name=parameter.name,
        type=_TYPES[type(parameter)],
        default=parameter.default,
        minimum=bounds[0],
        maximum=bounds[1],
        choices=parameter.choices if isinstance(parameter, Choice) else (),
        description=parameter.description,
    )


def _parameter(spec: ParameterSpec) -> Parameter:
    """The declaration that a spec was made of. Raises InvalidInput for a spec that is none."""
    default, minimum, maximum = spec.default, spec.minimum, spec.maximum
    match spec.type:
        case ParameterType.INT if isinstance(default, int) and minimum is not None and maximum is not None:
            return Int(default, int(minimum), int(maximum), spec.description)
        case ParameterType.FLOAT if isinstance(default, float) and minimum is not None and maximum is not None:
            return Float(default, minimum, maximum, spec.description)
        case ParameterType.CHOICE if isinstance(default, str):
            return Choice(default, spec.choices, spec.description)
        case ParameterType.BOOL if isinstance(default, bool):
            return Bool(default, spec.description)
    raise InvalidInput.of_field(f"parameters.{spec.name}", "is declared as what it is not")
