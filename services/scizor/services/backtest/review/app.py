"""The use cases of results. Drawing is done by workers of its own, a few at a time and each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scizor.domain.errors import NotFound, Reason
from scizor.ports.clock import Clock
from scizor.ports.compute import Compute
from scizor.ports.storage import Storage, UnitOfWork
from scizor.rpc.errors import DeadlineExceeded
from scizor.services.backtest.review.comparison import Comparison, compared
from scizor.services.backtest.review.gathering import gather
from scizor.services.backtest.review.performance import MAIN, MOST_RUNS, Performance, performance
from scizor.services.backtest.tearsheet.material import Document, Format, Material
from scizor.services.backtest.tearsheet.rendering import render
from scizor.strategy import registry

_SHARED: Final = "tearsheet"
_DEFAULT_RANK: Final = "sharpe"


@dataclass(frozen=True, slots=True)
class Review:
    """Look at what backtests came to. `deadline_s`: what making a file may take, the wait for a worker included."""

    storage: Storage
    clock: Clock
    drawing: Compute
    deadline_s: float = 60.0

    def __post_init__(self) -> None:
        self.drawing.share(_SHARED, None)

    async def tearsheet(self, backtest_id: str, kind: Format) -> Document:
        """The file. Raises as `gather`, LimitExceeded(QUEUE_FULL), DeadlineExceeded."""
        async with self.storage.begin() as work:
            material = await gather(work, backtest_id, self.clock.now().date())
        try:
            async with asyncio.timeout(self.deadline_s):
                # Handing it over means pickling it, which takes its time for a long run.
                drawn = await asyncio.to_thread(self.drawing.submit, render, _SHARED, material, kind)
                return await asyncio.wrap_future(drawn)
        except TimeoutError:
            rule = f"the tearsheet was not made within {self.deadline_s:g} s"
            raise DeadlineExceeded(rule, Reason.DEADLINE_EXCEEDED, metadata={"backtest": backtest_id}) from None

    async def compare(self, backtest_ids: Sequence[str]) -> Comparison:
        """Backtests side by side. Raises NotFound, FailedPrecondition(BACKTEST_NOT_FINISHED)."""
        async with self.storage.begin() as work:
            found = [await _without_trades(work, backtest_id) for backtest_id in backtest_ids]
        return await asyncio.to_thread(compared, found)

    async def performance(self, strategy_id: str, version: int, rank_by: str) -> Performance:
        """A strategy over its runs. Raises NotFound(STRATEGY_NOT_FOUND), InvalidInput."""
        async with self.storage.begin() as work:
            states = await work.backtests.states(strategy_id, version)
            if not states:
                await _demand_strategy(work, strategy_id)
            runs = await work.backtests.figures(strategy_id, version, MAIN, MOST_RUNS)
        return performance(strategy_id, states, runs, rank_by or _DEFAULT_RANK)


async def _without_trades(work: UnitOfWork, backtest_id: str) -> Material:
    job, results = await work.backtests.get(backtest_id), await work.backtests.results(backtest_id)
    return Material(job, results, (), await work.backtests.curve(backtest_id))


async def _demand_strategy(work: UnitOfWork, strategy_id: str) -> None:
    """One that was never run may still be there."""
    try:
        registry.get(strategy_id)
    except NotFound:
        await work.strategies.get(strategy_id)
