"""One live stream kept open: opened anew whenever it ends, a little later each time it fails at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Final

import structlog

from scizor.adapters.marketdata.parts import full_id
from scizor.client.errors import CallError
from scizor.codec.feeds import LiveMessage, from_live
from scizor.domain.errors import Reason
from scizor.domain.live import FeedEvent, FeedState, FeedStatus

_log = structlog.get_logger(__name__)

_OF_ONE_SYMBOL: Final = {Reason.SYMBOL_NOT_FOUND, Reason.SYMBOL_AMBIGUOUS}

Open = Callable[[list[str]], AsyncIterator[LiveMessage]]
"""Opens the stream of these instruments."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait before a stream is opened again, and before what was refused is asked for again."""

    first_s: float = 0.2
    most_s: float = 5.0
    refused_s: float = 60.0


class Following:
    """The stream of some instruments, no two of one full id. `lost` is called when it was cut off."""

    def __init__(
        self,
        instruments: Collection[str],
        open_stream: Open,
        hear: Callable[[str, FeedEvent], None],
        lost: Callable[[str], None],
        pauses: Pauses,
    ) -> None:
        self.instruments = tuple(instruments)
        self._open, self._hear, self._lost, self._pauses = open_stream, hear, lost, pauses
        self._by_id = {full_id(one): one for one in instruments}
        self._refused: set[str] = set()
        self._failures = 0
        self._task = asyncio.create_task(self._run(), name=f"live {' '.join(self.instruments[:3])}")

    @property
    def done(self) -> bool:
        """Whether it has been closed, and given back."""
        return self._task.done()

    def close(self) -> None:
        """Hear nothing more."""
        self._task.cancel()

    async def closed(self) -> None:
        """Once the stream has been given back."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            asked = [one for one in self.instruments if one not in self._refused]
            try:
                if asked:
                    async with asyncio.timeout(self._pauses.refused_s if self._refused else None):
                        await self._read(asked)
                else:
                    await asyncio.sleep(self._pauses.refused_s)
                    self._refused.clear()
            except TimeoutError:
                self._refused.clear()
            except CallError as error:
                if self._told_refused(error):
                    continue
                self._cut(error.message)
            else:
                if asked:
                    self._cut("the service ended the stream")
            await asyncio.sleep(self._pause_s() if self._failures else 0)

    async def _read(self, asked: list[str]) -> None:
        async for message in self._open(asked):
            if self._failures:
                _log.info("live_prices_back", instruments=len(asked), failures=self._failures)
                self._failures = 0
            symbol, event = from_live(message)
            instrument = self._by_id.get(symbol)
            if instrument is not None:
                self._hear(instrument, event)

    def _told_refused(self, error: CallError) -> bool:
        """Whether the service knows one of them not: the others are asked for without it."""
        symbol = error.metadata.get("symbol", "")
        if error.reason not in _OF_ONE_SYMBOL or symbol not in self.instruments or symbol in self._refused:
            return False
        self._refused.add(symbol)
        self._hear(symbol, FeedStatus(FeedState.REFUSED, 0, error.message))
        return True

    def _cut(self, why: str) -> None:
        if not self._failures:
            _log.warning("live_prices_lost", instruments=len(self.instruments), why=why)
        self._failures += 1
        self._lost(why)

    def _pause_s(self) -> float:
        return min(self._pauses.most_s, self._pauses.first_s * 2.0 ** min(self._failures - 1, 10))
