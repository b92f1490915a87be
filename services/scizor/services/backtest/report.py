"""What a running job tells: saved first, then published, a few times a second, with a sign of life in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from scizor.domain.backtests import BacktestJob, BacktestStage, Progress
from scizor.domain.errors import Unavailable
from scizor.ports.bus import Bus
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """`report_s`: the shortest time between two reports. `sign_of_life_s`: the longest, and what a cancel may take."""

    report_s: float = 0.1
    sign_of_life_s: float = 0.5


class Reporter:
    """Reports of one claimed job. Computing says `update` as often as it likes; `run` does the telling."""

    def __init__(
        self, job: BacktestJob, owner: str, storage: Storage, bus: Bus[BacktestJob], clock: Clock, pace: Pace
    ) -> None:
        self._job = job
        self._latest = job.progress
        self._owner, self._storage, self._bus, self._clock, self._pace = owner, storage, bus, clock, pace
        self._stopped = asyncio.Event()
        self._simulating_since: float | None = None
        self._lost = asyncio.Event()

    @property
    def job(self) -> BacktestJob:
        """The job as last saved."""
        return self._job

    @property
    def lost(self) -> bool:
        """Whether the job is no longer this owner's: cancelled, or taken over by another."""
        return self._lost.is_set()

    async def until_lost(self) -> None:
        """Return when it is."""
        await self._lost.wait()

    @property
    def latest(self) -> Progress:
        """The newest progress; its sequence is that of the last one saved."""
        return replace(self._latest, sequence=self._job.progress.sequence)

    def update(self, stage: BacktestStage, bars_done: int = 0, bars_total: int = 0) -> None:
        """Note where the job is; speed counts from the first time that it simulates."""
        now = asyncio.get_running_loop().time()
        if stage is BacktestStage.SIMULATING and self._simulating_since is None:
            self._simulating_since = now
        elapsed_s = now - self._simulating_since if self._simulating_since is not None else 0.0
        speed = bars_done / elapsed_s if elapsed_s > 0 else 0.0
        self._latest = Progress(
            sequence=0,
            state=self._job.progress.state,
            stage=stage,
            bars_done=bars_done,
            bars_total=bars_total,
            bars_per_second=speed,
            remaining_s=(bars_total - bars_done) / speed if speed else None,
        )

    async def run(self) -> None:
        """Tell until stopped, or until the job is lost. Storage that is away for a moment is no reason to stop."""
        loop = asyncio.get_running_loop()
        told_at = loop.time()
        self._bus.publish(self._job.id, self._job)
        while not self.lost:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.report_s):
                    await self._stopped.wait()
                    return  # a short job tells of its end alone
            if self.latest != self._job.progress or loop.time() - told_at >= self._pace.sign_of_life_s:
                await self._tell()
                told_at = loop.time()

    def stop(self) -> None:
        """End `run` after the report under way: a cancelled one might be saved or not."""
        self._stopped.set()

    async def _tell(self) -> None:
        # A sign of life counts as news too: storage numbers whatever it is told.
        told = replace(self._job, progress=replace(self._latest, sequence=self._job.progress.sequence + 1))
        try:
            async with self._storage.begin(durable=False) as work:
                ours = await work.backtests.save_progress(told.id, self._owner, told.progress, self._clock.now())
        except Unavailable as error:
            # It may have been saved all the same, so its number is not used again.
            self._job = told
            _log.warning("progress_not_saved", backtest=told.id, error=error.message)
            return
        if not ours:
            self._lost.set()
            return
        self._job = told
        self._bus.publish(told.id, told)
