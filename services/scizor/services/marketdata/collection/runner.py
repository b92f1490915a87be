"""The loop of collections: claims them from storage, a few at a time, for as long as the service lives.

A claim is a lease. Whoever runs a collection says so every second; one that nobody spoke of for `lease_s` is claimed by
whoever looks next, this process after a restart or another replica, and goes on where its ledger stops. Every claim is
an owner of its own. A worker that is told to stop gives its collection back at once.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from scizor.domain.collections import Collection, CollectionState
from scizor.domain.errors import Unavailable
from scizor.services.marketdata.collection.execution import Execution
from scizor.services.marketdata.collection.means import Means
from scizor.services.tally import Tally

_log = structlog.get_logger(__name__)


class CollectionRunner:
    """Runs up to `max_collections` at a time; together they ask the broker as much at once as it is worth.

    `running` tells how many; `ends`: when the last one here ended so.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._queued = asyncio.Event()
        self._claims = itertools.count(1)
        self.running = Tally()
        self.ends: dict[CollectionState, datetime] = {}

    def wake(self) -> None:
        """Say that a collection was queued."""
        self._queued.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._means.settings.max_collections):
                workers.create_task(self._work())

    async def _work(self) -> None:
        poll_s = self._means.settings.poll_s
        while True:
            try:
                self._queued.clear()
                owner = f"{self._means.owner}#{next(self._claims)}"
                collection = await self._claim(owner)
                if collection is None:
                    await self._until_woken()
                else:
                    # Where there was one there may be more, for whoever is idle.
                    self._queued.set()
                    await self._run(Execution(collection, owner, self._means))
            except Unavailable as error:
                _log.warning("storage_away", error=error.message)
                await asyncio.sleep(poll_s)
            except Exception as error:  # noqa: BLE001 - a worker that ends would leave the queue to nobody
                _log.error("worker_fault", exc_info=error)
                await asyncio.sleep(poll_s)

    async def _run(self, execution: Execution) -> None:
        with self.running:
            await execution.run()
        if execution.end is not None:
            self.ends[execution.end] = self._means.clock.now()

    async def _claim(self, owner: str) -> Collection | None:
        now = self._means.clock.now()
        async with self._means.storage.begin() as work:
            return await work.collections.claim(owner, now, now - timedelta(seconds=self._means.settings.lease_s))

    async def _until_woken(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._means.settings.poll_s):
                await self._queued.wait()
