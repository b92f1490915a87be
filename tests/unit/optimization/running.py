"""Optimisations on fake storage, run to their end within the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.search import search_for
from scizor.domain.optimizations import Optimization, OptimizationSpec
from scizor.ports.compute import Compute
from scizor.ports.optimizations import TrialColumns
from scizor.ports.storage import Storage
from scizor.services.backtest.optimization.app import Optimizations
from scizor.services.backtest.optimization.execution import Execution, Means
from scizor.services.backtest.optimization.runner import OptimizationRunner, OptimizationRunnerSettings
from tests.fakes.compute import ThreadCompute
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, HandClock, store_bars, waves
from tests.unit.optimization.build import spec_of

DEADLINE_S = 30.0


@dataclass
class Lab:
    """The use cases, and what carries them out."""

    storage: Storage
    compute: Compute = field(default_factory=ThreadCompute)
    clock: HandClock = field(default_factory=HandClock)
    bus: MemoryBus[Optimization] = field(default_factory=MemoryBus)
    executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    wakes: int = 0
    cells_for_threads: int = 0

    @property
    def optimizations(self) -> Optimizations:
        backtests = App(self.storage, self.clock).backtests
        return Optimizations(self.storage, self.bus, self.clock, backtests, search_for, self._wake, queue_limit=3)

    @property
    def means(self) -> Means:
        hosting = App(self.storage, self.clock).hosting
        calendar = ExchangeSessions(self.clock)
        return Means(
            self.storage,
            self.bus,
            self.clock,
            calendar,
            self.executor,
            self.compute,
            search_for,
            hosting,
            "test",
            sign_of_life_s=0.02,
            cells_for_threads=self.cells_for_threads,
        )

    async def create(self, spec: OptimizationSpec | None = None) -> Optimization:
        async with self.storage.begin() as work:
            made = await self.optimizations.create(work, spec or spec_of())
        self.optimizations.announce(made)
        return made

    async def claim(self, owner: str = "one") -> Optimization:
        async with self.storage.begin() as work:
            found = await work.optimizations.claim(owner, self.clock.now(), self.clock.now() - timedelta(seconds=10))
        assert found is not None
        return found

    async def run(self, owner: str = "one") -> Optimization:
        """Claim the oldest and run it to its end."""
        claimed = await self.claim(owner)
        async with asyncio.timeout(DEADLINE_S):
            await Execution(claimed, owner, self.means).run()
        return await self.get(claimed.id)

    async def get(self, optimization_id: str) -> Optimization:
        async with self.storage.begin() as work:
            return await work.optimizations.get(optimization_id)

    async def trials(self, optimization_id: str) -> TrialColumns:
        async with self.storage.begin() as work:
            return await work.optimizations.trials(optimization_id, 1, 1_000_000)

    async def until(self, optimization_id: str, holds: Callable[[Optimization], bool]) -> Optimization:
        async with asyncio.timeout(DEADLINE_S):
            while not holds(found := await self.get(optimization_id)):  # noqa: ASYNC110 - a row says nothing by itself
                await asyncio.sleep(0.005)
        return found

    def _wake(self) -> None:
        self.wakes += 1


async def lab_with_bars(compute: Compute | None = None, n_bars: int = 300) -> Lab:
    lab = Lab(FakeStorage(), compute or ThreadCompute())
    await store_bars(lab.storage, "AAPL.NASDAQ", waves(n_bars))
    return lab


@asynccontextmanager
async def running(lab: Lab, at_a_time: int = 1) -> AsyncIterator[OptimizationRunner]:
    """The loop, until the block ends."""
    runner = OptimizationRunner(lab.means, OptimizationRunnerSettings(at_a_time, poll_s=0.01))
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait([task])
