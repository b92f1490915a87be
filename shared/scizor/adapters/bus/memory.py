"""A bus within one event loop: one slot for each reader, so memory is bounded by the readers, never by the news."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Value = TypeVar("Value")


class _Slot(Generic[Value]):
    """The newest value that one reader has not read."""

    def __init__(self) -> None:
        self._unread: list[Value] = []
        self._filled = asyncio.Event()

    def put(self, value: Value) -> None:
        self._unread = [value]
        self._filled.set()

    async def next(self) -> Value:
        """Wait for a value newer than the last one returned."""
        await self._filled.wait()
        self._filled.clear()
        return self._unread.pop()


class MemoryBus(Generic[Value]):
    """`scizor.ports.bus.Bus` for publishers and readers of one event loop."""

    def __init__(self) -> None:
        self._readers: dict[str, set[_Slot[Value]]] = {}

    def publish(self, topic: str, value: Value) -> None:
        """Replace what the topic's readers have not read yet."""
        for slot in self._readers.get(topic, ()):
            slot.put(value)

    @contextmanager
    def subscribe(self, topic: str) -> Iterator[_Slot[Value]]:
        """Read what is published from now on, until the block ends."""
        slot: _Slot[Value] = _Slot()
        self._readers.setdefault(topic, set()).add(slot)
        try:
            yield slot
        finally:
            readers = self._readers[topic]
            readers.discard(slot)
            if not readers:
                del self._readers[topic]
