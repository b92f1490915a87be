"""Watching an optimisation: every stored trial once, what is newest of its progress, then the end.

Trials are read from storage, so that a late watcher, and one that comes back, gets what the others got; those that this
process has just stored itself are at hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scizor.domain.optimizations import Optimization
from scizor.ports.bus import Bus, Subscription
from scizor.ports.clock import Clock
from scizor.ports.optimizations import TrialColumns
from scizor.ports.storage import Storage
from scizor.services.backtest.optimization.recent import RecentTrials
from scizor.services.backtest.watch import WatchSettings

_BATCHES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """Trials that were stored with the change of that number."""

    sequence: int
    optimization: Optimization
    trials: TrialColumns


@dataclass(frozen=True, slots=True)
class Moved:
    """It has a progress that this watcher has not seen."""

    optimization: Optimization


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing new, still alive."""

    sequence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come; `told` is how many `Tried` and `Moved` this watcher was given."""

    optimization: Optimization
    told: int


WatchEvent = Tried | Moved | Quiet | Ended


class OptimizationWatch:
    """Gives every watcher its own view."""

    def __init__(
        self,
        storage: Storage,
        bus: Bus[Optimization],
        clock: Clock,
        settings: WatchSettings,
        recent: RecentTrials | None = None,
    ) -> None:
        self._storage, self._bus, self._clock, self._settings = storage, bus, clock, settings
        self._recent = recent or RecentTrials()

    async def events(self, optimization_id: str, after_sequence: int) -> AsyncGenerator[WatchEvent]:
        """What came after `after_sequence`, then what comes. Raises NotFound, Unavailable."""
        loop = asyncio.get_running_loop()
        tried, seen, told, told_at = after_sequence, after_sequence, 0, loop.time()
        with self._bus.subscribe(optimization_id) as news:
            known = await self._row(optimization_id)
            while True:
                if known.progress.sequence > seen:
                    async for batch in self._tried(known, tried):
                        told += 1
                        yield batch
                    tried = seen = known.progress.sequence
                    told, told_at = told + 1, loop.time()
                    yield Moved(known)
                if known.progress.state.ended:
                    yield Ended(known, told)
                    return
                if loop.time() - told_at >= self._settings.heartbeat_s:
                    told_at = loop.time()
                    yield Quiet(max(seen, known.progress.sequence), self._clock.now())
                known = await self._newer(optimization_id, news, told_at + self._settings.heartbeat_s)

    async def _tried(self, known: Optimization, after: int) -> AsyncGenerator[Tried]:
        """Batches behind `after`, up to what is known: their numbers do not run ahead of the progress's."""
        while (recent := self._recent.next(known.id, after)) and recent.sequence <= known.progress.sequence:
            yield Tried(recent.sequence, known, recent.trials)
            after = recent.sequence
        if self._recent.none_between(known.id, after, known.progress.sequence):
            return
        while True:
            async with self._storage.begin() as work:
                found = await work.optimizations.batches(known.id, after, _BATCHES_AT_ONCE)
                batches = [one for one in found if one.sequence <= known.progress.sequence]
                trials = [await work.optimizations.trials(known.id, one.first, one.count) for one in batches]
            for batch, columns in zip(batches, trials, strict=True):
                yield Tried(batch.sequence, known, columns)
            if len(batches) < _BATCHES_AT_ONCE:
                return
            after = batches[-1].sequence

    async def _newer(self, optimization_id: str, news: Subscription[Optimization], until: float) -> Optimization:
        """What the bus says, or else what the row says, no later than the loop time `until`."""
        try:
            async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + self._settings.reread_s)):
                return await news.next()
        except TimeoutError:
            return await self._row(optimization_id)

    async def _row(self, optimization_id: str) -> Optimization:
        async with self._storage.begin() as work:
            return await work.optimizations.get(optimization_id)
