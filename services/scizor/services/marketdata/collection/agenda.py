"""The chunks that are still to be asked, by when."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from scizor.domain.collections import Chunk


class Agenda:
    """Times are the event loop's: a wall clock that is set must not stop a collection."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Chunk]] = []
        self._added = asyncio.Event()

    def add(self, chunks: Iterable[Chunk], now: datetime) -> None:
        """To be asked at once, or at their next try."""
        loop_now = asyncio.get_running_loop().time()
        for chunk in chunks:
            delay_s = max(0.0, (chunk.next_try - now).total_seconds()) if chunk.next_try else 0.0
            heapq.heappush(self._heap, (loop_now + delay_s if delay_s else 0.0, chunk.number, chunk))
        self._added.set()

    async def due(self, most: int) -> list[Chunk]:
        """Up to `most` chunks whose time has come; waits for the first."""
        loop = asyncio.get_running_loop()
        while not self._heap or self._heap[0][0] > loop.time():
            self._added.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._heap[0][0] if self._heap else None):
                    await self._added.wait()
        found: list[Chunk] = []
        while self._heap and len(found) < most and self._heap[0][0] <= loop.time():
            found.append(heapq.heappop(self._heap)[2])
        return found
