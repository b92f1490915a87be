"""Watching a backtest: what is newest at once, then every change, then the end.

News come by the bus within a process; the row is read again each second besides, for jobs that another process runs.
A watcher only reads, so it may come and go as it likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from scizor.domain.backtests import BacktestJob
from scizor.ports.bus import Bus, Subscription
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How long a quiet stream waits for a sign of life, and how often the row is read again."""

    heartbeat_s: float = 5.0
    reread_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Moved:
    """The job has a progress that this watcher has not seen."""

    job: BacktestJob


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing new, still alive."""

    sequence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come; `moves` is how many `Moved` this watcher was given."""

    job: BacktestJob
    moves: int


WatchEvent = Moved | Quiet | Ended


class Watch:
    """Gives every watcher its own view."""

    def __init__(self, storage: Storage, bus: Bus[BacktestJob], clock: Clock, settings: WatchSettings) -> None:
        self._storage, self._bus, self._clock, self._settings = storage, bus, clock, settings

    async def events(self, backtest_id: str, after_sequence: int) -> AsyncGenerator[WatchEvent]:
        """What is newest above `after_sequence`, each time that it changes. Raises NotFound, Unavailable."""
        loop = asyncio.get_running_loop()
        seen, moves, told_at = after_sequence, 0, loop.time()
        with self._bus.subscribe(backtest_id) as news:
            job = await self._row(backtest_id)
            while True:
                if job.progress.sequence > seen:
                    seen, moves, told_at = job.progress.sequence, moves + 1, loop.time()
                    yield Moved(job)
                if job.progress.state.ended:
                    yield Ended(job, moves)
                    return
                if loop.time() - told_at >= self._settings.heartbeat_s:
                    told_at = loop.time()
                    yield Quiet(job.progress.sequence, self._clock.now())
                job = await self._newer(backtest_id, news, told_at + self._settings.heartbeat_s)

    async def _newer(self, backtest_id: str, news: Subscription[BacktestJob], until: float) -> BacktestJob:
        """What the bus says, or else what the row says, no later than the loop time `until`."""
        try:
            async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + self._settings.reread_s)):
                return await news.next()
        except TimeoutError:
            return await self._row(backtest_id)

    async def _row(self, backtest_id: str) -> BacktestJob:
        async with self._storage.begin() as work:
            return await work.backtests.get(backtest_id)
