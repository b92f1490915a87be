"""Use case: bars of many symbols, as fast as they are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import date
from functools import partial

from scizor.domain.bars import BarSeries
from scizor.domain.errors import InvalidInput
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import SessionRange, from_day
from scizor.ports.storage import Storage
from scizor.services.marketdata.bars.ahead import ahead
from scizor.services.marketdata.bars.scaling import Scale, scaling_of

_SYMBOLS_AT_A_TIME = 16
"""Symbols of one read: enough to forget the round trip, few enough to hold in memory."""
_READS_AHEAD = 3
"""Reads of one stream under way at once: one alone leaves a core idle, each holds a connection while it lasts.

So a slow reader's stream holds at most 4 x 16 symbols, with those being sent. A bar takes 53 bytes. No calendar has
more than 33,000 sessions: 112 MB, and 52 MB of raw rows for each read while it lasts. At ten years a symbol it is 9 MB.
"""

Place = tuple[int, date]
"""How far a stream came: the place of a symbol among those asked for, and its last session sent."""


class BarStreams:
    """Streams of bars, which together never read with more than `reads_at_once` connections: others need some too."""

    def __init__(self, storage: Storage, reads_at_once: int) -> None:
        self._storage = storage
        self._gate = asyncio.Semaphore(reads_at_once)

    async def stream(
        self,
        references: Sequence[str],
        which: SessionRange,
        scale: Scale,
        after: Place | None,
        chunk_bars: int,
    ) -> AsyncGenerator[tuple[Place, BarSeries], None]:
        """Chunks of each symbol's bars in turn, each with its place. Raises NotFound, InvalidInput for the symbols.

        Bars are read some symbols at a time, each time in a transaction of its own: a slow reader holds memory, never a
        connection that others wait for.
        """
        async with self._storage.begin() as work:
            instruments = await work.symbols.get_many(references)
        places = {one.key: place for place, one in enumerate(instruments)}
        if len(places) < len(instruments):
            raise InvalidInput.of_field("symbols", "must name each instrument once")
        reads = (
            partial(self._chunks, asked, sessions, scale, chunk_bars)
            for asked, sessions in _left(instruments, which, after)
        )
        async with aclosing(ahead(reads, _READS_AHEAD)) as read:
            async for chunks in read:
                for instrument, series in chunks:
                    yield (places[instrument.key], from_day(series.bars["day"][-1])), series

    async def _chunks(
        self, asked: Sequence[StoredInstrument], which: SessionRange, scale: Scale, chunk_bars: int
    ) -> list[tuple[StoredInstrument, BarSeries]]:
        async with self._gate, self._storage.begin() as work:
            scalings = {one.key: await scaling_of(work, one, scale) for one in asked}
            return [
                (instrument, scalings[instrument.key].applied(series))
                async for instrument, series in work.bars.stream(asked, which, chunk_bars)
            ]


def _left(
    instruments: Sequence[StoredInstrument], which: SessionRange, after: Place | None
) -> Iterator[tuple[Sequence[StoredInstrument], SessionRange]]:
    """What is still to be sent: the rest of the symbol that was begun, then the symbols behind it, some at a time."""
    next_place = 0
    if after is not None:
        begun, session = after
        rest = which.behind(session)
        if rest is not None:
            yield instruments[begun : begun + 1], rest
        next_place = begun + 1
    for start in range(next_place, len(instruments), _SYMBOLS_AT_A_TIME):
        yield instruments[start : start + _SYMBOLS_AT_A_TIME], which
