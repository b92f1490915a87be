"""One reader of positions: told all of them, then each that changed, the newest alone, and how often it had changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Final

from scizor.domain.trading.positions import Position
from scizor.domain.trading.valuation import Mark
from scizor.services.trading.account.market import Market

_LOOK_S: Final = 1.0

Key = tuple[str, str]
Change = tuple[Key, Position, int]
"""Strategy and instrument, the position, and how many changes of it went untold."""


class PositionReader:
    """`async for change in reader`; None when there was nothing for `heartbeat_s`. Two looks are `pace_s` apart.

    What is told is what differs from what was told before, so a change that nobody announced is found within a second.
    """

    def __init__(
        self,
        keys: Callable[[], Iterable[Key]],
        position: Callable[[Key], Position],
        market: Market,
        heartbeat_s: float,
        pace_s: float,
    ) -> None:
        self._keys, self._position, self._market = keys, position, market
        self._heartbeat_s, self._pace_s = heartbeat_s, pace_s
        self._told: dict[Key, tuple[Position, Mark | None]] = {}
        self._moves: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._closed = False

    def moved(self, instrument: str) -> None:
        """Its price or its position changed."""
        self._moves[instrument] += 1
        self._news.set()

    def close(self) -> None:
        """Tell nothing more."""
        self._closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Change | None]:
        quiet_s = 0.0
        while not self._closed:
            self._news.clear()
            for change in self._changes():
                quiet_s = 0.0
                yield change
            if quiet_s >= self._heartbeat_s:
                quiet_s = 0.0
                yield None
            quiet_s += await self._wait(min(_LOOK_S, self._heartbeat_s))

    def _changes(self) -> Iterator[Change]:
        """What differs from what was told, each looked at only when its turn comes; what was closed comes once more."""
        for key in sorted({*self._keys(), *self._told}, key=lambda key: (key[1], key[0])):
            now, told = (self._position(key), self._market.mark(key[1])), self._told.get(key)
            closed = not now[0].lots and (told is None or told[0] == now[0])
            if closed or told == now:
                continue
            moves = self._moves.pop(key[1], 0)
            self._told[key] = now
            yield key, now[0], max(moves - 1, 0) if told else 0

    async def _wait(self, within_s: float) -> float:
        """Until something moved, or for so long; how long that was."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(within_s):
                await self._news.wait()
        except TimeoutError:
            return within_s
        await asyncio.sleep(self._pace_s)
        return loop.time() - started
