"""Jobs whose worker falls silent, loses its database or is stopped, on fake storage and real threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from scizor.domain.backtests import BacktestState
from scizor.domain.errors import Reason, Unavailable
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.execution import MAX_ATTEMPTS
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.report import Pace
from tests.fakes import bench
from tests.fakes.backtests import FakeBacktests
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, spec_of
from tests.unit.backtest.running import (
    DEADLINE_S,
    Gate,
    ended,
    means_of,
    no_attempt_is_under_way,
    reached,
    running,
    until,
)


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
        await until(no_attempt_is_under_way)
        storage.available = True
        assert (await app.backtests.get(job.id)).progress.state is BacktestState.RUNNING
        app.clock.time += timedelta(seconds=11)
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_a_job_that_loses_its_database_at_every_attempt_fails_in_the_end(
    app: App, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0

    class Poison(Computation):
        def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
            nonlocal runs
            runs += 1
            raise Unavailable("the database is not available", Reason.STORAGE_UNAVAILABLE)

    monkeypatch.setattr(bench, "Computation", Poison)
    job = await app.create(spec_of())
    async with running(means_of(app, executor), max_jobs=1):
        for attempt in range(1, MAX_ATTEMPTS + 1):

            async def attempt_is_over(attempt: int = attempt) -> bool:
                return runs == attempt and await no_attempt_is_under_way()

            await until(attempt_is_over)
            app.clock.time += timedelta(seconds=11)
        failed = await ended(app, job.id)
    assert runs == MAX_ATTEMPTS
    assert failed.progress.state is BacktestState.FAILED
    assert failed.error is not None
    assert failed.error.reason is Reason.INTERNAL
    assert f"{MAX_ATTEMPTS} times" in failed.error.message


async def test_a_job_that_outlived_its_last_worker_is_not_computed_again(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    job = await app.create(spec_of())
    async with app.storage.begin() as work:
        for number in range(MAX_ATTEMPTS):
            now = app.clock.now() + timedelta(seconds=number)
            await work.backtests.claim(f"killed {number}", now, now)
    app.clock.time += timedelta(seconds=20)
    async with running(means_of(app, executor)):
        assert (await ended(app, job.id)).progress.state is BacktestState.FAILED
    assert gate.begun == 0


async def test_a_worker_that_is_stopped_gives_its_job_back_at_once_and_it_counts_no_attempt(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    job = await app.create(spec_of())
    for _ in range(MAX_ATTEMPTS + 1):
        async with running(means_of(app, executor), max_jobs=1):
            await reached(app, job.id, lambda progress: progress.bars_done > 0)
        left = await app.backtests.get(job.id)
        assert (left.progress.state, left.attempts) == (BacktestState.QUEUED, 0)
    gate.opened.set()
    async with running(means_of(app, executor)):
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED


async def test_a_stop_without_storage_is_quick_too(app: App, executor: ThreadPoolExecutor, gate: Gate) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    async with running(means_of(app, executor), max_jobs=1):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        storage.available = False
    storage.available = True
    assert (await app.backtests.get(job.id)).progress.state is BacktestState.RUNNING


async def test_a_stop_waits_no_longer_than_allowed_for_a_database_that_hangs(
    app: App, executor: ThreadPoolExecutor, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def hang(self: FakeBacktests, backtest_id: str, owner: str, *, counted: bool = False) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(FakeBacktests, "release", hang)
    monkeypatch.setattr("scizor.services.backtest.execution._RELEASE_S", 0.01)
    job = await app.create(spec_of())
    async with asyncio.timeout(DEADLINE_S), running(means_of(app, executor), max_jobs=1):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
    assert asked.is_set()


async def test_a_job_taken_over_within_a_process_has_another_owner(
    app: App, executor: ThreadPoolExecutor, gate: Gate
) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    means = replace(means_of(app, executor), pace=Pace(0.001, 3600.0))
    async with running(means, max_jobs=2):
        await reached(app, job.id, lambda progress: progress.bars_done > 0)
        first = storage.tables.jobs[job.id]
        app.clock.time += timedelta(seconds=11)

        async def is_taken_over() -> bool:
            return storage.tables.jobs[job.id].job.attempts == 2

        await until(is_taken_over)
        second = storage.tables.jobs[job.id]
        gate.opened.set()
        await ended(app, job.id)
    assert first.owner is not None
    assert second.owner is not None
    assert first.owner != second.owner
    assert first.owner.startswith("one")
    assert second.owner.startswith("one")
