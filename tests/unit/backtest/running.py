"""A job loop on fake storage and real threads, and what tests wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.backtests import BacktestJob, BacktestState, Progress
from scizor.services.backtest import runner as runners
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.execution import Execution, Means
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.report import Pace
from scizor.services.backtest.runner import Runner, RunnerSettings
from tests.fakes import bench
from tests.fakes.bench import ThreadBench
from tests.unit.backtest.build import App

AAPL = "AAPL.NASDAQ"
DEADLINE_S = 20.0


def means_of(app: App, executor: ThreadPoolExecutor, owner: str = "one") -> Means:
    calendar = ExchangeSessions(app.clock)
    return Means(
        app.storage,
        app.bus,
        app.clock,
        calendar,
        executor,
        ThreadBench(calendar, executor),
        app.hosting,
        owner,
        Pace(0.001, 0.01),
    )


_under_way: set[Execution] = set()


class Watched(Execution):
    """Known from its beginning to its end."""

    async def run(self) -> None:
        _under_way.add(self)
        try:
            await super().run()
        finally:
            _under_way.remove(self)


@asynccontextmanager
async def running(means: Means, max_jobs: int = 2) -> AsyncIterator[Runner]:
    runner = Runner(means, RunnerSettings(max_jobs, lease_s=10.0, poll_s=0.01))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runners, "Execution", Watched)
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            task.cancel()
            await asyncio.wait([task])


async def ended(app: App, backtest_id: str) -> BacktestJob:
    return await reached(app, backtest_id, lambda progress: progress.state.ended)


async def reached(app: App, backtest_id: str, condition: Callable[[Progress], bool]) -> BacktestJob:
    async def holds() -> bool:
        return condition((await app.backtests.get(backtest_id)).progress)

    await until(holds)
    return await app.backtests.get(backtest_id)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for is a row of a table
            await asyncio.sleep(0.001)


async def no_attempt_is_under_way() -> bool:
    return not _under_way


async def states(app: App, jobs: list[BacktestJob]) -> list[BacktestState]:
    return [(await app.backtests.get(job.id)).progress.state for job in jobs]


class Gate:
    """Holds every simulation after 50 bars until it is opened. `begun`, `passed`: how many came, and went on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.begun, self.passed = 0, 0
        gate = self

        class Gated(Computation):
            def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
                gate.begun += 1
                on_bars(50)
                if not gate.opened.wait(DEADLINE_S):
                    raise TimeoutError
                on_bars(51)
                gate.passed += 1
                return super().run(on_bars)

        monkeypatch.setattr(bench, "Computation", Gated)
