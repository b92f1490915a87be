"""The use cases of optimisations. They see ports, never the wire."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from scizor.domain.errors import InvalidInput, LimitExceeded, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.optimizations import (
    METRICS,
    MOST_TRIALS,
    Objective,
    Optimization,
    OptimizationProgress,
    OptimizationSpec,
    OptimizationState,
)
from scizor.domain.strategies import Declared
from scizor.engine.validation import Aggregate, pareto_front
from scizor.ports.bus import Bus
from scizor.ports.clock import Clock
from scizor.ports.optimizations import OptimizationFilter, TrialColumns, TrialOrder
from scizor.ports.search import SearchFactory
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.backtest.app import Backtests
from scizor.services.backtest.optimization.asked import resolved_spec
from scizor.services.backtest.optimization.measures import values_of
from scizor.services.backtest.optimization.study import family_of
from scizor.services.backtest.optimization.surface import Plane, plane_of
from scizor.services.code import builtin
from scizor.services.code.declared import declared_of

_BEST: Final = 10
_EVERY: Final = MOST_TRIALS
_PARENT: Final = "optimization"


@dataclass(frozen=True, slots=True)
class Optimizations:
    """Queue, find, hold and end optimisations, and read their trials. `queue_limit`: those that may be unfinished."""

    storage: Storage
    bus: Bus[Optimization]
    clock: Clock
    backtests: Backtests
    searches: SearchFactory
    wake_runner: Callable[[], None]
    queue_limit: int = 1000

    async def create(self, work: UnitOfWork, asked: OptimizationSpec) -> Optimization:
        """Queue what is asked, with every parameter and symbol resolved. Call `announce` once it is committed.

        Raises as `Backtests.create`, and InvalidInput for a space or objectives that the method cannot search.
        """
        try:
            template = await self.backtests.resolved(work, replace(asked.backtest, parameters={}))
        except InvalidInput as error:
            raise error.within(_PARENT) from None
        spec = resolved_spec(asked, template, await _declared(work, template.strategy_id, template.strategy_version))
        self._demand_searchable(spec)
        if await work.optimizations.count_unfinished() >= self.queue_limit:
            raise LimitExceeded(
                f"{self.queue_limit} optimizations are queued, running or paused: retry when some have ended",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self.queue_limit)},
            )
        now = self.clock.now()
        optimization_id = new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        queued = OptimizationProgress(1, OptimizationState.QUEUED)
        optimization = Optimization(optimization_id, spec, queued, create_time=now)
        await work.optimizations.add(optimization, family_of(spec.backtest))
        return optimization

    async def cancel(self, work: UnitOfWork, optimization_id: str) -> Optimization:
        """End one that has not ended. Call `announce` once it is committed."""
        return await work.optimizations.cancel(optimization_id, self.clock.now())

    async def pause(self, work: UnitOfWork, optimization_id: str) -> Optimization:
        """Let one rest. Call `announce` once it is committed."""
        return await work.optimizations.pause(optimization_id)

    async def resume(self, work: UnitOfWork, optimization_id: str) -> Optimization:
        """Let one go on. Call `announce` once it is committed."""
        return await work.optimizations.resume(optimization_id)

    def announce(self, optimization: Optimization) -> None:
        """Tell watchers and workers of a change that is committed."""
        self.bus.publish(optimization.id, optimization)
        self.wake_runner()

    async def get(self, optimization_id: str) -> tuple[Optimization, TrialColumns, TrialColumns | None]:
        """One as it stands, its best trials, and of several objectives the front. Raises NotFound."""
        async with self.storage.begin() as work:
            optimization = await work.optimizations.get(optimization_id)
            objectives = optimization.spec.objectives
            order = TrialOrder(objectives[0].metric, objectives[0].maximize, feasible_only=True)
            best = await work.optimizations.ordered(optimization_id, order, 0, _BEST)
            if len(objectives) == 1:
                return optimization, best, None
            every = await work.optimizations.ordered(optimization_id, TrialOrder(descending=False), 0, _EVERY)
        return optimization, best, front_of(objectives, every)

    async def page(self, which: OptimizationFilter, before: str | None, limit: int) -> list[Optimization]:
        """Newest first, those older than `before`."""
        async with self.storage.begin() as work:
            return await work.optimizations.page(which, before, limit)

    async def trials(
        self, optimization_id: str, order_by: str, after: int, limit: int, *, feasible_only: bool
    ) -> tuple[Optimization, TrialColumns]:
        """Trials by number, or by a metric, the best first; those behind the trial of the number `after`, 0 for all.

        Raises NotFound, InvalidInput.
        """
        async with self.storage.begin() as work:
            optimization = await work.optimizations.get(optimization_id)
            order = _order(order_by, optimization.spec.objectives, feasible_only=feasible_only)
            return optimization, await work.optimizations.ordered(optimization_id, order, after, limit)

    async def surface(
        self, optimization_id: str, x: str, y: str, metric: str, aggregation: Aggregate
    ) -> tuple[Optimization, Plane]:
        """A figure over two parameters; empty words stand for the last, the first and the first objective's."""
        async with self.storage.begin() as work:
            optimization = await work.optimizations.get(optimization_id)
            columns = await work.optimizations.ordered(optimization_id, TrialOrder(descending=False), 0, _EVERY)
        objectives = optimization.spec.objectives
        by = _objective(metric or objectives[0].metric, objectives, "metric")
        return optimization, plane_of(optimization.spec.space, columns, x, y, by, aggregation)

    def _demand_searchable(self, spec: OptimizationSpec) -> None:
        """Raises InvalidInput where the method cannot search the space."""
        try:
            self.searches(spec, lambda codes: np.ones(len(codes), np.bool_))
        except InvalidInput as error:
            raise error.within(_PARENT) from None


def front_of(objectives: tuple[Objective, ...], columns: TrialColumns) -> TrialColumns:
    """Those that keep all constraints and that no other such trial is better than in all objectives."""
    values = np.where(columns.feasible[:, np.newaxis], values_of(objectives, columns.figures), np.nan)
    return columns.taken(pareto_front(values, [one.maximize for one in objectives]))


def _order(metric: str, objectives: tuple[Objective, ...], *, feasible_only: bool) -> TrialOrder:
    if not metric:
        return TrialOrder(descending=False, feasible_only=feasible_only)
    by = _objective(metric, objectives, "order_by")
    return TrialOrder(by.metric, by.maximize, feasible_only)


def _objective(metric: str, objectives: tuple[Objective, ...], field: str) -> Objective:
    """The objective of that metric, or the direction that is good for it. Raises InvalidInput naming the field."""
    if metric not in METRICS:
        raise InvalidInput.of_field(field, f"there is no {metric!r}; there are {', '.join(METRICS)}")
    return next((one for one in objectives if one.metric == metric), Objective.of(metric))


async def _declared(work: UnitOfWork, strategy_id: str, version: int) -> Declared:
    if came := builtin.find(strategy_id):
        return declared_of(came)
    return (await work.strategies.version(strategy_id, version)).declared
