"""How far a claimed optimisation is: told with each batch that is stored, with signs of life in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from scizor.domain.errors import Unavailable
from scizor.domain.optimizations import Optimization, OptimizationProgress, OptimizationStage
from scizor.ports.bus import Bus
from scizor.ports.clock import Clock
from scizor.ports.optimizations import TrialBatch, no_trials
from scizor.ports.storage import Storage
from scizor.services.backtest.optimization.recent import Recent, RecentTrials

_log = structlog.get_logger(__name__)


class Lost(Exception):
    """No error: someone cancelled or paused the optimisation, or took it over."""


class Teller:
    """Tells of one optimisation that `owner` has claimed. `sign_of_life_s`: the longest silence."""

    def __init__(
        self,
        optimization: Optimization,
        owner: str,
        storage: Storage,
        bus: Bus[Optimization],
        clock: Clock,
        sign_of_life_s: float = 0.5,
        recent: RecentTrials | None = None,
    ) -> None:
        self._kept, self._owner = optimization, owner
        self._storage, self._bus, self._clock, self._sign_of_life_s = storage, bus, clock, sign_of_life_s
        self._latest = replace(optimization.progress, trials_per_second=0.0, remaining_s=None)
        self._begun, self._begun_with = asyncio.get_running_loop().time(), optimization.progress.done
        self._told_at = self._begun
        # What others stored was stored ahead of the claim.
        claimed = optimization.progress.sequence if self._begun_with else 0
        self._recent = recent or RecentTrials()
        self._newest = Recent(optimization.id, 0, claimed, no_trials(0))
        self._turn = asyncio.Lock()

    @property
    def optimization(self) -> Optimization:
        """As last stored."""
        return self._kept

    @property
    def latest(self) -> OptimizationProgress:
        """The newest progress; its sequence is that of what is stored."""
        return replace(self._latest, sequence=self._kept.progress.sequence)

    def ended(self, sequence: int) -> None:
        """Note that the change of that number was its end."""
        self._newest.until = sequence

    def at(self, stage: OptimizationStage, total: int = 0, left_out: int = 0) -> None:
        """Note what it is at, for the next time that it is told."""
        self._latest = replace(self._latest, stage=stage, total=total or self._latest.total, left_out=left_out)

    async def store(self, batch: TrialBatch) -> None:
        """Store trials, and tell of them. Raises Lost, Unavailable."""
        done = self._latest.done + len(batch.trials)
        elapsed_s = asyncio.get_running_loop().time() - self._begun
        speed = (done - self._begun_with) / elapsed_s if elapsed_s > 0 else 0.0
        self._latest = replace(
            self._latest,
            done=done,
            failed=self._latest.failed + int(batch.trials.failed.sum()),
            trials_per_second=speed,
            remaining_s=max(self._latest.total - done, 0) / speed if speed else None,
        )
        await self._tell(batch)

    async def keep_alive(self) -> None:
        """Tell that it is alive whenever nothing else was told, until cancelled. Raises Lost."""
        loop = asyncio.get_running_loop()
        self._bus.publish(self._kept.id, self._kept)
        while True:
            silent_s = loop.time() - self._told_at
            if silent_s >= self._sign_of_life_s:
                await self._try_to_tell()
            else:
                await asyncio.sleep(self._sign_of_life_s - silent_s)

    async def _try_to_tell(self) -> None:
        try:
            await self._tell()
        except Unavailable as error:
            self._told_at = asyncio.get_running_loop().time()
            _log.warning("progress_not_saved", optimization=self._kept.id, error=error.message)

    async def _tell(self, batch: TrialBatch | None = None) -> None:
        async with self._turn:
            progress = replace(self._latest, sequence=self._kept.progress.sequence + 1)
            now = self._clock.now()
            async with self._storage.begin(durable=batch is not None) as work:
                jobs = work.optimizations
                if batch is None:
                    sequence = await jobs.save_progress(self._kept.id, self._owner, progress, now)
                else:
                    sequence = await jobs.save_batch(self._kept.id, self._owner, batch, progress, now)
            if sequence is None:
                raise Lost
            self._kept = replace(self._kept, progress=replace(progress, sequence=sequence))
            self._told_at = asyncio.get_running_loop().time()
            if batch is not None:
                self._newest = Recent(self._kept.id, self._newest.sequence, sequence, batch.trials)
                self._recent.add(self._newest)
            self._newest.until = sequence
            self._bus.publish(self._kept.id, self._kept)
