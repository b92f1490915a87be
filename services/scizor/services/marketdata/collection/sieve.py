"""Chunks that need not be asked any more: another collection may have fetched their sessions meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from scizor.domain.broker import FailureCategory
from scizor.domain.collections import Chunk, ChunkFailure, CollectionSpec
from scizor.domain.errors import Unavailable
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import DayArray, SessionRange, to_day
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.outcomes import Answered, Failed, Outcome
from scizor.services.marketdata.collection.planner import NO_DAYS, Wanted
from scizor.services.marketdata.collection.planning import barren_days, present_days, waits_since

_Days = Mapping[int, DayArray]


class Sieve:
    """Looks at chunks a last time before they are asked, many at once."""

    def __init__(self, spec: CollectionSpec, instruments: Mapping[int, StoredInstrument], means: Means) -> None:
        self._spec = spec
        self._instruments = instruments
        self._means = means

    async def sifted(self, chunks: Sequence[Chunk]) -> list[tuple[Chunk, Outcome | None]]:
        """Each chunk with its outcome where that is known already. Waits while storage is away."""
        present, barren = ({}, {}) if self._spec.refresh else await self._known(chunks)
        return [(chunk, self._ready(chunk, present, barren)) for chunk in chunks]

    async def _known(self, chunks: Sequence[Chunk]) -> tuple[_Days, _Days]:
        keys, interval = sorted({chunk.key for chunk in chunks}), self._spec.interval
        which = SessionRange(min(chunk.first for chunk in chunks), max(chunk.last for chunk in chunks))
        instruments = [self._instruments[key] for key in keys if key in self._instruments]
        since = waits_since(self._spec, instruments, self._means.times, self._means.clock.now())
        while True:
            try:
                async with self._means.storage.begin() as work:
                    present = await present_days(work, keys, interval, which)
                    return present, barren_days(await work.gaps.of_many(keys, interval, which), since)
            except Unavailable:
                await asyncio.sleep(self._means.settings.storage_retry_s)

    def _ready(self, chunk: Chunk, present: _Days, barren: _Days) -> Outcome | None:
        instrument = self._instruments.get(chunk.key)
        if instrument is None:
            failure = ChunkFailure(FailureCategory.UNKNOWN_CONTRACT, 0, f"symbol {chunk.symbol} is no longer stored")
            return Failed(chunk, failure, passes=False, counts=False, known=False)
        if self._spec.refresh:
            return None
        exchange, now = instrument.instrument.primary_exchange, self._means.clock.now()
        wanted = Wanted(
            key=chunk.key,
            symbol=chunk.symbol,
            days=self._means.times.held(exchange, chunk.first, chunk.last, now).days,
            first=to_day(chunk.first),
            last=to_day(chunk.last),
            present=present.get(chunk.key, NO_DAYS),
            barren=barren.get(chunk.key, NO_DAYS),
        )
        return None if len(wanted.lacking) else Answered(chunk, None)
