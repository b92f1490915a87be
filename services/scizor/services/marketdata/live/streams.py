"""Use case: read the live prices of symbols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from scizor.domain.live import LiveInterval
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import Line


class LiveStreams:
    """Opens streams. `find`: the lines that symbols name, such as `LineFinder.find`."""

    def __init__(self, find: Callable[[Sequence[str]], Awaitable[list[Line]]], hub: LiveHub) -> None:
        self._find, self._hub = find, hub

    @asynccontextmanager
    async def reading(self, symbols: Sequence[str], interval: LiveInterval | None = None) -> AsyncIterator[Mailbox]:
        """The symbols' quotes, or bars when `interval` is given. Raises what `LineFinder.find` and the hub raise."""
        with self._hub.subscribe(await self._find(symbols), interval) as mailbox:
            yield mailbox
