"""Jobs from the queue to their end, on fake storage and real threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from scizor.domain.backtests import BacktestJob, BacktestStage, BacktestState, Progress
from scizor.domain.errors import Reason
from scizor.services.backtest import execution
from scizor.services.backtest.computation import Computation, Outcome
from scizor.services.backtest.execution import Means
from scizor.services.backtest.report import Pace
from scizor.services.backtest.runner import Runner, RunnerSettings
from scizor.services.backtest.warm import warm_up
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, spec_of, store_bars, waves

AAPL = "AAPL.NASDAQ"
DEADLINE_S = 20.0


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    warm_up()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.fixture
async def app() -> App:
    storage = FakeStorage()
    await store_bars(storage, AAPL, waves(300))
    return App(storage)


def means_of(app: App, executor: ThreadPoolExecutor, owner: str = "one", chunk_bars: int = 50) -> Means:
    return Means(app.storage, app.bus, app.clock, executor, owner, chunk_bars, Pace(0.001, 0.01))


@asynccontextmanager
async def running(means: Means, max_jobs: int = 2) -> AsyncIterator[Runner]:
    runner = Runner(means, RunnerSettings(max_jobs, lease_s=10.0, poll_s=0.01))
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


async def nobody_reports() -> bool:
    return not any("Reporter.run" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def states(app: App, jobs: list[BacktestJob]) -> list[BacktestState]:
    return [(await app.backtests.get(job.id)).progress.state for job in jobs]


class Gate:
    """Holds every simulation after its first chunk until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.chunks = 0
        gate = self

        class Gated(Computation):
            def advance(self, n_bars: int) -> bool:
                gate.chunks += 1
                if gate.chunks > 1 and not gate.opened.wait(DEADLINE_S):
                    raise TimeoutError
                return super().advance(n_bars)

        monkeypatch.setattr(execution, "Computation", Gated)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()


async def test_a_queued_job_ends_with_results_trades_and_curve(app: App, executor: ThreadPoolExecutor) -> None:
    job = await app.create(spec_of())
    async with running(means_of(app, executor)):
        done = await ended(app, job.id)
    assert done.progress.state is BacktestState.SUCCEEDED
    assert done.progress.bars_done == done.progress.bars_total == 300
    assert done.progress.remaining_s == 0
    assert done.start_time == done.end_time == app.clock.now()
    results = await app.backtests.results(job.id)
    trades, total = await app.backtests.trades(job.id, 0, 1000)
    curve, currency = await app.backtests.equity(job.id, 0)
    assert total == len(trades) == results.trades > 5
    assert curve.equity[-1] == results.final_equity
    assert currency == "USD"


async def test_progress_passes_every_stage_in_order(app: App, executor: ThreadPoolExecutor, gate: Gate) -> None:
    job = await app.create(spec_of())
    with app.bus.subscribe(job.id) as news:
        async with running(means_of(app, executor)):
            held = await reached(app, job.id, lambda progress: 0 < progress.bars_done < progress.bars_total)
            gate.opened.set()
            seen = [await news.next()]
            while not seen[-1].progress.state.ended:
                seen.append(await news.next())
    assert (held.progress.stage, held.progress.bars_done) == (BacktestStage.SIMULATING, 50)
    assert held.progress.bars_per_second > 0
    assert held.progress.remaining_s is not None
    sequences = [one.progress.sequence for one in seen]
    assert sequences == sorted(set(sequences))
    bars = [one.progress.bars_done for one in seen]
    assert bars == sorted(bars)


async def test_a_running_job_that_is_cancelled_computes_no_further(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    job = await app.create(spec_of())
    async with running(means_of(app, executor, chunk_bars=1), max_jobs=1):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        await app.cancel(job.id)
        await until(nobody_reports)
        gate.opened.set()
        other = await app.create(spec_of(strategy_id="buy_and_hold"))
        await ended(app, other.id)
    assert gate.chunks == 2 + 300, "the first chunk, the one under way, and all of the other job"
    assert (await app.backtests.get(job.id)).progress.state is BacktestState.CANCELLED


async def test_an_error_of_the_domain_keeps_its_reason(app: App, executor: ThreadPoolExecutor) -> None:
    job = await app.create(spec_of())
    async with app.storage.begin() as work:
        await work.symbols.delete((await work.symbols.get(AAPL)).key)
    async with running(means_of(app, executor)):
        failed = await ended(app, job.id)
    assert failed.progress.state is BacktestState.FAILED
    assert failed.error is not None
    assert failed.error.reason is Reason.SYMBOL_NOT_FOUND


async def test_a_fault_tells_nothing_of_the_inside_and_the_next_job_runs(
    app: App, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty(Computation):
        def outcome(self) -> Outcome:
            raise ZeroDivisionError("secret")

    async with running(means_of(app, executor), max_jobs=1):
        with monkeypatch.context() as patch:
            patch.setattr(execution, "Computation", Faulty)
            failed = await ended(app, (await app.create(spec_of())).id)
        assert failed.error is not None
        assert failed.error.reason is Reason.INTERNAL
        assert "secret" not in failed.error.message
        job = await app.create(spec_of())
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_a_job_whose_owner_fell_silent_is_run_by_another_once(app: App, executor: ThreadPoolExecutor) -> None:
    job = await app.create(spec_of())
    async with app.storage.begin() as work:
        await work.backtests.claim("dead", app.clock.now(), app.clock.now())
    async with running(means_of(app, executor, "two")):
        other = await app.create(spec_of(strategy_id="buy_and_hold"))
        await ended(app, other.id)
        assert (await app.backtests.get(job.id)).progress.state is BacktestState.RUNNING
        app.clock.time += timedelta(seconds=11)
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_an_owner_that_was_taken_for_dead_does_not_end_the_job(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    job = await app.create(spec_of())
    async with running(means_of(app, executor, "slow")):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        async with app.storage.begin() as work:
            later = app.clock.now() + timedelta(hours=1)
            taken = await work.backtests.claim("thief", later, later)
        assert taken is not None
        gate.opened.set()
        other = await app.create(spec_of(strategy_id="buy_and_hold"))
        await ended(app, other.id)
    left = await app.backtests.get(job.id)
    assert left.progress.state is BacktestState.RUNNING
    assert left.progress.sequence == taken.progress.sequence


async def test_storage_that_is_away_for_a_while_loses_no_job(app: App, executor: ThreadPoolExecutor) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    storage.available = False
    async with running(means_of(app, executor)):
        await asyncio.sleep(0.05)
        storage.available = True
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_a_job_that_could_not_be_saved_is_run_again_when_its_lease_ends(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    async with running(means_of(app, executor), max_jobs=1):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        storage.available = False
        gate.opened.set()
        await until(nobody_reports)
        storage.available = True
        assert (await app.backtests.get(job.id)).progress.state is BacktestState.RUNNING
        app.clock.time += timedelta(seconds=11)
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_no_more_jobs_run_at_a_time_than_allowed(app: App, executor: ThreadPoolExecutor, gate: Gate) -> None:
    jobs = [await app.create(spec_of()) for _ in range(4)]
    async with running(means_of(app, executor), max_jobs=2):

        async def both_are_held() -> bool:
            return (await states(app, jobs)).count(BacktestState.RUNNING) == 2 and gate.chunks >= 2

        await until(both_are_held)
        assert sorted(await states(app, jobs)) == [BacktestState.QUEUED] * 2 + [BacktestState.RUNNING] * 2
        gate.opened.set()
        for job in jobs:
            assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED
