"""Jobs from the queue to their end, on fake storage and real threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from scizor.domain.backtests import BacktestStage, BacktestState
from scizor.domain.errors import Reason
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from tests.fakes import bench
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, spec_of
from tests.unit.backtest.running import (
    AAPL,
    Gate,
    ended,
    means_of,
    no_attempt_is_under_way,
    reached,
    running,
    states,
    until,
)


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
    async with running(means_of(app, executor), max_jobs=1):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        await app.cancel(job.id)
        await until(no_attempt_is_under_way)
        gate.opened.set()
        other = await app.create(spec_of(strategy_id="buy_and_hold"))
        await ended(app, other.id)
    assert (gate.begun, gate.passed) == (2, 1), "only the other job went on"
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
        def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
            raise ZeroDivisionError("secret")

    async with running(means_of(app, executor), max_jobs=1):
        with monkeypatch.context() as patch:
            patch.setattr(bench, "Computation", Faulty)
            failed = await ended(app, (await app.create(spec_of())).id)
        assert failed.error is not None
        assert failed.error.reason is Reason.INTERNAL
        assert "secret" not in failed.error.message
        job = await app.create(spec_of())
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_storage_that_is_away_for_a_while_loses_no_job(app: App, executor: ThreadPoolExecutor) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    storage.available = False
    async with running(means_of(app, executor)):

        async def a_claim_failed() -> bool:
            return storage.refusals > 0

        await until(a_claim_failed)
        storage.available = True
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_no_more_jobs_run_at_a_time_than_allowed(app: App, executor: ThreadPoolExecutor, gate: Gate) -> None:
    jobs = [await app.create(spec_of()) for _ in range(4)]
    async with running(means_of(app, executor), max_jobs=2):

        async def both_are_held() -> bool:
            return (await states(app, jobs)).count(BacktestState.RUNNING) == 2 and gate.begun >= 2

        await until(both_are_held)
        assert sorted(await states(app, jobs)) == [BacktestState.QUEUED] * 2 + [BacktestState.RUNNING] * 2
        gate.opened.set()
        for job in jobs:
            assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED
