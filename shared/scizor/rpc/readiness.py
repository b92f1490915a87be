"""Whether a service of a server that listens takes calls: one of several may only stand by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Readiness:
    """What a service says of itself, and its server's health repeats under the service's name."""

    def __init__(self) -> None:
        self._ready = False
        self._changed = asyncio.Event()

    @property
    def ready(self) -> bool:
        """As it is."""
        return self._ready

    def set(self, ready: bool) -> None:
        """From now on."""
        self._ready = ready
        self._changed.set()

    async def states(self) -> AsyncIterator[bool]:
        """How it is, and how it is after each change; what was only for a moment may be left out. For one reader."""
        while True:
            self._changed.clear()
            yield self._ready
            await self._changed.wait()
