"""The loop of optimisations: claims them from storage, one at a time for each worker, for as long as the service lives.

Leases are as for backtests: one that nobody spoke of for `lease_s` is claimed by whoever looks next, and goes on from
the trials that are stored. Its end is recorded only for its last owner.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from scizor.domain.errors import Unavailable
from scizor.domain.optimizations import Optimization
from scizor.services.backtest.optimization.execution import Execution, Means
from scizor.services.tally import Tally

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OptimizationRunnerSettings:
    """`at_a_time`: optimisations under way; their trials share the workers. `poll_s`: how often to look for others'."""

    at_a_time: int = 2
    lease_s: float = 10.0
    poll_s: float = 1.0


class OptimizationRunner:
    """Runs optimisations until cancelled; `running` tells how many."""

    def __init__(self, means: Means, settings: OptimizationRunnerSettings) -> None:
        self._means, self._settings = means, settings
        self._calls: asyncio.Queue[None] = asyncio.Queue(settings.at_a_time)
        self._claims = itertools.count(1)
        self.running = Tally()

    def wake(self) -> None:
        """Say that one was queued: a worker that waits looks for it, and only one."""
        with suppress(asyncio.QueueFull):
            self._calls.put_nowait(None)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._settings.at_a_time):
                workers.create_task(self._work())

    async def _work(self) -> None:
        called = False
        while True:
            try:
                owner = f"{self._means.owner}#o{next(self._claims)}"
                optimization = await self._claim(owner)
                if optimization is None:
                    called = await self._until_called()
                    continue
                if not called:  # where nobody called for one, there may be more
                    self.wake()
                called = False
                with self.running:
                    await Execution(optimization, owner, self._means).run()
            except Unavailable as error:
                _log.warning("storage_or_workers_away", error=error.message)
                await asyncio.sleep(self._settings.poll_s)
            except Exception as error:  # noqa: BLE001 - a worker that ends would leave the queue to nobody
                _log.error("worker_fault", exc_info=error)
                await asyncio.sleep(self._settings.poll_s)

    async def _claim(self, owner: str) -> Optimization | None:
        now = self._means.clock.now()
        stale_before = now - timedelta(seconds=self._settings.lease_s)
        async with self._means.storage.begin(durable=False) as work:
            return await work.optimizations.claim(owner, now, stale_before)

    async def _until_called(self) -> bool:
        """Whether someone did; false when it is time to look for others' anyway."""
        try:
            async with asyncio.timeout(self._settings.poll_s):
                await self._calls.get()
        except TimeoutError:
            return False
        return True
