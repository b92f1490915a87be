"""News from those who change something to those who watch it. Only the newest counts: what came between is missed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)


class Subscription(Protocol[Value_co]):
    """One reader's view of one topic."""

    async def next(self) -> Value_co:
        """Wait for a value newer than the last one returned; of several, the newest. One caller at a time."""
        ...


class Bus(Protocol[Value]):
    """Topics that hold at most one unread value for each reader."""

    def publish(self, topic: str, value: Value) -> None:
        """Replace what the topic's readers have not read yet. Without readers nothing is kept."""
        ...

    def subscribe(self, topic: str) -> AbstractContextManager[Subscription[Value]]:
        """Read what is published from now on, until the block ends."""
        ...
