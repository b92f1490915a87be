"""Watching a collection: what is newest at once, then every change, then the end.

News come by the bus within a process; the row is read again each second besides, for collections that another process
runs. A watcher only reads, so it may come and go as it likes. A sign of life is no change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime

from scizor.domain.collections import Collection, CollectionProgress
from scizor.ports.bus import Subscription
from scizor.services.marketdata.collection.means import Means


@dataclass(frozen=True, slots=True)
class Moved:
    """The collection stands otherwise than this watcher has seen."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing new, still alive."""

    sequence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come; `moves` is how many `Moved` this watcher was given."""

    sequence: int
    moves: int


WatchEvent = Moved | Quiet | Ended


class CollectionWatch:
    """Gives every watcher its own view."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def events(self, collection_id: str) -> AsyncGenerator[WatchEvent]:
        """What is newest, each time that it changes. Raises NotFound, Unavailable."""
        loop, settings = asyncio.get_running_loop(), self._means.settings
        seen: CollectionProgress | None = None
        moves, told_at = 0, loop.time()
        with self._means.bus.subscribe(collection_id) as news:
            collection = await self._row(collection_id)
            while True:
                progress = collection.progress
                if seen is None or (progress.sequence > seen.sequence and _content(progress) != _content(seen)):
                    moves, told_at, seen = moves + 1, loop.time(), progress
                    yield Moved(collection)
                if progress.state.ended:
                    yield Ended(progress.sequence, moves)
                    return
                if loop.time() - told_at >= settings.watch_heartbeat_s:
                    told_at = loop.time()
                    yield Quiet(progress.sequence, self._means.clock.now())
                collection = await self._newer(collection_id, news, told_at + settings.watch_heartbeat_s)

    async def _newer(self, collection_id: str, news: Subscription[Collection], until: float) -> Collection:
        """What the bus says, or else what the row says, no later than the loop time `until`."""
        reread_at = asyncio.get_running_loop().time() + self._means.settings.watch_reread_s
        try:
            async with asyncio.timeout_at(min(until, reread_at)):
                return await news.next()
        except TimeoutError:
            return await self._row(collection_id)

    async def _row(self, collection_id: str) -> Collection:
        async with self._means.storage.begin() as work:
            return await work.collections.get(collection_id)


def _content(progress: CollectionProgress) -> CollectionProgress:
    return replace(progress, sequence=0, remaining_s=None)
