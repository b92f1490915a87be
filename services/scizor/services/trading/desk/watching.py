"""Whoever follows an account's journal: each reads at its own pace, from where it was, and misses nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from itertools import islice

from scizor.ports.journal import Entry
from scizor.ports.storage import Storage

_KEPT = 5_000
_PAGE = 500


class Watching:
    """The newest entries are at hand; older ones are read from storage."""

    def __init__(self, account: str, storage: Storage, heartbeat_s: float) -> None:
        self._account, self._storage, self._heartbeat_s = account, storage, heartbeat_s
        self._recent: deque[Entry] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()

    def publish(self, entries: Sequence[Entry]) -> None:
        """They are stored. With none: something may be that was not published, and is looked up in storage."""
        if not entries or (self._recent and self._recent[-1].sequence + 1 != entries[0].sequence):
            self._recent.clear()
        self._recent.extend(entries)
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def follow(self, after_sequence: int) -> AsyncGenerator[Entry | None]:
        """Entries above the sequence, as they come; None when it is time to say that nothing did."""
        seen = after_sequence
        while True:
            news = self._news
            entries = await self._after(seen)
            for entry in entries:
                seen = entry.sequence
                yield entry
            if not entries and news is self._news:
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        await news.wait()
                except TimeoutError:
                    yield None

    async def _after(self, sequence: int) -> Sequence[Entry]:
        recent = self._recent
        if recent and recent[0].sequence <= sequence + 1:
            return list(islice(recent, max(0, sequence + 1 - recent[0].sequence), None))
        async with self._storage.begin() as work:
            return await work.orders.entries_after(self._account, sequence, _PAGE)
