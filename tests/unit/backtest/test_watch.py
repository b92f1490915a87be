"""Watching, on fakes: everything newest at once, quiet streams alive, the end told."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from scizor.domain.backtests import BacktestJob, BacktestStage, BacktestState, JobError, Progress
from scizor.domain.errors import NotFound, Reason, Unavailable
from scizor.services.backtest.watch import Ended, Moved, Quiet, Watch, WatchEvent, WatchSettings
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, spec_of, store_bars, waves


@pytest.fixture
async def app() -> App:
    storage = FakeStorage()
    await store_bars(storage, "AAPL.NASDAQ", waves(60))
    return App(storage)


def watch_of(app: App, heartbeat_s: float = 60.0, reread_s: float = 60.0) -> Watch:
    return Watch(app.storage, app.bus, app.clock, WatchSettings(heartbeat_s, reread_s))


async def all_events(watch: Watch, job: BacktestJob, after: int = 0) -> list[WatchEvent]:
    async with asyncio.timeout(10):
        return [event async for event in watch.events(job.id, after)]


async def claimed(app: App) -> BacktestJob:
    await app.create(spec_of())
    async with app.storage.begin() as work:
        job = await work.backtests.claim("owner", app.clock.now(), app.clock.now())
    assert job is not None
    return job


async def finished(app: App, job: BacktestJob, state: BacktestState, error: JobError | None = None) -> None:
    async with app.storage.begin() as work:
        progress = Progress(job.progress.sequence + 1, state)
        await work.backtests.finish(job.id, "owner", progress, app.clock.now(), error)


async def test_a_watcher_that_comes_after_the_end_gets_the_last_state_and_the_end(app: App) -> None:
    job = await app.cancel((await app.create(spec_of())).id)
    assert await all_events(watch_of(app), job) == [Moved(job), Ended(job, 1)]


async def test_a_resumed_watch_tells_no_progress_twice(app: App) -> None:
    job = await app.cancel((await app.create(spec_of())).id)
    assert await all_events(watch_of(app), job, job.progress.sequence) == [Ended(job, 0)]


async def test_news_of_the_bus_are_told_at_once(app: App) -> None:
    job = await app.create(spec_of())
    async with aclosing(watch_of(app).events(job.id, 0)) as events, asyncio.timeout(10):
        assert await anext(events) == Moved(job)
        cancelled = await app.cancel(job.id)
        assert await anext(events) == Moved(cancelled)
        assert await anext(events) == Ended(cancelled, 2)


async def test_a_change_by_another_process_is_read_from_the_row(app: App) -> None:
    job = await claimed(app)
    async with aclosing(watch_of(app, reread_s=0.005).events(job.id, 0)) as events, asyncio.timeout(10):
        assert await anext(events) == Moved(job)
        async with app.storage.begin() as work:
            progress = Progress(job.progress.sequence + 1, BacktestState.RUNNING, BacktestStage.LOADING)
            await work.backtests.save_progress(job.id, "owner", progress, app.clock.now())
        moved = await anext(events)
        assert isinstance(moved, Moved)
        assert moved.job.progress == progress


async def test_a_quiet_stream_shows_that_it_is_alive(app: App) -> None:
    job = await app.create(spec_of())
    async with aclosing(watch_of(app, heartbeat_s=0.005).events(job.id, 0)) as events, asyncio.timeout(10):
        assert await anext(events) == Moved(job)
        for _ in range(3):
            assert await anext(events) == Quiet(job.progress.sequence, app.clock.now())


async def test_a_failed_backtest_ends_the_watch_with_its_error(app: App) -> None:
    job = await claimed(app)
    error = JobError(Reason.BARS_NOT_FOUND, "no bars")
    await finished(app, job, BacktestState.FAILED, error)
    *_, last = await all_events(watch_of(app), job)
    assert isinstance(last, Ended)
    assert last.job.error == error


async def test_watchers_come_and_go_and_leave_nothing_behind(app: App) -> None:
    job = await app.create(spec_of())
    for _ in range(3):
        async with aclosing(watch_of(app).events(job.id, 0)) as events:
            await anext(events)
    assert app.bus._readers == {}
    assert await app.backtests.get(job.id) == job


async def test_an_unknown_backtest_cannot_be_watched(app: App) -> None:
    with pytest.raises(NotFound):
        await anext(watch_of(app).events("none", 0))


async def test_storage_that_goes_away_ends_the_watch_with_an_error(app: App) -> None:
    storage = app.storage
    assert isinstance(storage, FakeStorage)
    job = await app.create(spec_of())
    async with aclosing(watch_of(app, reread_s=0.005).events(job.id, 0)) as events, asyncio.timeout(10):
        await anext(events)
        storage.available = False
        with pytest.raises(Unavailable):
            await anext(events)
