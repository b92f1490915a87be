"""Finding a built-in strategy by its id, and turning what a caller sent into its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from scizor.domain.errors import NotFound, Reason
from scizor.strategy import builtin
from scizor.strategy.base import Strategy
from scizor.strategy.parameters import ParameterValue

_BUILTIN: tuple[type[Strategy], ...] = (
    builtin.SmaCross,
    builtin.BuyAndHold,
    builtin.RsiReversion,
    builtin.DonchianBreakout,
    builtin.MomentumRotation,
    builtin.SmaCrossEvent,
    builtin.BuyAndHoldEvent,
    builtin.RsiReversionEvent,
    builtin.DonchianBreakoutEvent,
    builtin.MomentumRotationEvent,
)


def all_strategies() -> tuple[type[Strategy], ...]:
    """Every built-in strategy."""
    return _BUILTIN


def get(strategy_id: str) -> type[Strategy]:
    """The built-in strategy of that id. Raises NotFound(STRATEGY_NOT_FOUND)."""
    for strategy in _BUILTIN:
        if strategy.id == strategy_id:
            return strategy
    known = ", ".join(strategy.id for strategy in _BUILTIN)
    raise NotFound(
        f"no strategy {strategy_id!r}; there are {known}",
        Reason.STRATEGY_NOT_FOUND,
        metadata={"strategy": strategy_id, "known": known},
    )


def resolve(strategy: type[Strategy], raw: Mapping[str, object]) -> Mapping[str, ParameterValue]:
    """Every declared parameter's value: the caller's, or the default.

    Raises InvalidInput naming each parameter that is unknown or broke a rule, as `parameters.<name>`.
    """
    return strategy(**raw).params
