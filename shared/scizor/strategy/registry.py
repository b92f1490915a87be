"""Finding a strategy by its id, and turning what a caller sent into its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.strategy.base import Params, Strategy
from scizor.strategy.builtin import BuyAndHold, SmaCross

_BUILTIN: tuple[Strategy, ...] = (SmaCross(), BuyAndHold())


def all_strategies() -> tuple[Strategy, ...]:
    """Every strategy there is."""
    return _BUILTIN


def get(strategy_id: str) -> Strategy:
    """The strategy of that id. Raises NotFound(STRATEGY_NOT_FOUND)."""
    for strategy in _BUILTIN:
        if strategy.id == strategy_id:
            return strategy
    known = ", ".join(strategy.id for strategy in _BUILTIN)
    raise NotFound(
        f"no strategy {strategy_id!r}; there are {known}",
        Reason.STRATEGY_NOT_FOUND,
        metadata={"strategy": strategy_id, "known": known},
    )


def resolve(strategy: Strategy, raw: Mapping[str, object]) -> Params:
    """Every declared parameter's value: the caller's, or the default.

    Raises InvalidInput naming each parameter that is unknown or broke a rule, as `parameters.<name>`.
    """
    declared = {parameter.name: parameter for parameter in strategy.parameters}
    params: dict[str, int | float | str] = {}
    broken: list[InvalidInput] = []
    for name in raw.keys() - declared.keys():
        known = ", ".join(declared) or "none"
        broken.append(
            InvalidInput.of_field(
                f"parameters.{name}", f"unknown to {strategy.id}; it has {known}", Reason.STRATEGY_PARAMETER_INVALID
            )
        )
    for name, parameter in declared.items():
        try:
            params[name] = parameter.parse(raw[name]) if name in raw else parameter.default
        except InvalidInput as error:
            broken.append(error)
    if broken:
        raise _together(broken)
    strategy.check(params)
    return params


def _together(broken: list[InvalidInput]) -> InvalidInput:
    ordered = sorted(broken, key=lambda error: error.message)
    if len(ordered) == 1:
        return ordered[0]
    return InvalidInput(
        "; ".join(error.message for error in ordered),
        Reason.STRATEGY_PARAMETER_INVALID,
        violations=[violation for error in ordered for violation in error.violations],
    )
