"""The job loop: claims jobs from storage, a few at a time, for as long as the service lives.

A claim is a lease. Whoever runs a job says so every second; a job that nobody spoke of for `lease_s` is claimed by
whoever looks next, this process after a restart or another replica, and run from its first bar. Its end is recorded
only for its last owner, so a job ends once however often it was begun. Every claim is an owner of its own: what one
worker of this process lost, another of it may have. A worker that is told to stop gives its job back at once.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from datetime import timedelta

import structlog

from scizor.domain.backtests import BacktestJob
from scizor.domain.errors import Unavailable
from scizor.services.backtest.execution import Execution, Means
from scizor.services.tally import Tally

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """`poll_s`: how often to look for jobs that this process was not told of."""

    max_jobs: int = 2
    lease_s: float = 10.0
    poll_s: float = 1.0


class Runner:
    """Runs up to `max_jobs` jobs at a time; `running` tells how many."""

    def __init__(self, means: Means, settings: RunnerSettings) -> None:
        self._means = means
        self._settings = settings
        self._queued = asyncio.Semaphore(0)  # jobs this process was told of and has not looked for
        self._backlog = True  # whether there may be jobs that it was not told of
        self._claims = itertools.count(1)
        self.running = Tally()

    def wake(self) -> None:
        """Say that a job was queued."""
        self._queued.release()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._settings.max_jobs):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            try:
                untold = self._backlog or not await self._told()
                owner = f"{self._means.owner}#{next(self._claims)}"
                job = await self._claim(owner)
                if untold:
                    self._backlog = job is not None
                if job is not None:
                    if untold:
                        self._queued.release()  # where there was one there may be more, for whoever is idle
                    with self.running:
                        await Execution(job, owner, self._means).run()
            except Unavailable as error:
                _log.warning("storage_away", error=error.message)
                await asyncio.sleep(self._settings.poll_s)
            except Exception as error:  # noqa: BLE001 - a worker that ends would leave the queue to nobody
                _log.error("worker_fault", exc_info=error)
                await asyncio.sleep(self._settings.poll_s)

    async def _claim(self, owner: str) -> BacktestJob | None:
        now = self._means.clock.now()
        async with self._means.storage.begin(durable=False) as work:
            return await work.backtests.claim(owner, now, now - timedelta(seconds=self._settings.lease_s))

    async def _told(self) -> bool:
        """Wait until a job is said to be queued, or for as long as one need not be told of."""
        try:
            async with asyncio.timeout(self._settings.poll_s):
                await self._queued.acquire()
        except TimeoutError:
            return False
        return True
