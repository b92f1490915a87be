"""A sweep of a strategy's parameters: see `scizor.engine.sweep` for what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput, Reason
from scizor.engine import sweep as engine
from scizor.engine.analytics.conventions import Terms
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.strategy.base import VectorStrategy
from scizor.strategy.parameters import ParameterValue
from scizor.strategy.scale import on_one_scale, split_factors
from scizor.strategy.weights import weights_of


@runtime_checkable
class Sweepable(Protocol):
    """A vector strategy whose weights a kernel makes too, so that a sweep runs without Python for each combination."""

    def compiled(self, n_symbols: int) -> engine.Compiled:
        """The plan whose weights are those of `targets`; a class method."""


def sweep(
    market: Market | Panel,
    strategy: type[VectorStrategy],
    grid: Mapping[str, Sequence[ParameterValue]],
    settings: Settings,
    *,
    first_row: int = 0,
    batch: int = engine.BATCH,
    threads: int | None = None,
    terms: Terms | None = None,
) -> Iterator[engine.Batch]:
    """Run every combination of the grid's values; a parameter that the grid leaves out has its default.

    Combinations that break the strategy's rules are left out and counted. The rest is as `scizor.engine.sweep.sweep`.
    Raises InvalidInput for a parameter the strategy does not have, or a value it does not take.
    """
    whole = market if isinstance(market, Market) else Market(market)
    axes = engine.Grid(_axes(strategy, grid))
    seen = on_one_scale(whole.panel, split_factors(whole))
    plan: engine.Compiled | engine.Called
    if isinstance(strategy, Sweepable):
        plan = strategy.compiled(whole.panel.n_symbols)
    else:
        plan = _called(strategy, whole, settings)
    return engine.sweep(
        whole, plan, axes, settings, seen=seen, first_row=first_row, batch=batch, threads=threads, terms=terms
    )


def _axes(
    strategy: type[VectorStrategy], grid: Mapping[str, Sequence[ParameterValue]]
) -> dict[str, tuple[ParameterValue, ...]]:
    declared = {parameter.name: parameter for parameter in strategy.parameters()}
    for name in grid:
        if name not in declared:
            rule = f"unknown to {strategy.id}; it has {', '.join(declared) or 'none'}"
            raise InvalidInput.of_field(f"grid.{name}", rule, Reason.STRATEGY_PARAMETER_INVALID)
    return {
        name: tuple(map(parameter.parse, grid[name])) if name in grid else (parameter.default,)
        for name, parameter in declared.items()
    }


def _called(strategy: type[VectorStrategy], market: Market, settings: Settings) -> engine.Called:
    def targets(values: Mapping[str, ParameterValue]) -> FloatArray:
        return weights_of(strategy(**values), market, settings)

    def allowed(values: Mapping[str, ParameterValue]) -> bool:
        try:
            strategy(**values)
        except InvalidInput:
            return False
        return True

    return engine.Called(targets, allowed)
