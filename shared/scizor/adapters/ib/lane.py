"""The way all requests for history go: each waits for its turn, and gives it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scizor.adapters.ib.errors import disconnected
from scizor.adapters.ib.pacing import PacedQueue, PacingRules, Ticket
from scizor.domain.broker import FailureCategory, SourceFailure


class HistoryLane:
    """The paced queue in the event loop. It outlives connections: the broker counts logins, not sockets."""

    def __init__(self, rules: PacingRules) -> None:
        self._rules = rules
        self._queue = PacedQueue(rules)
        self._turns: dict[Ticket, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def parallel(self) -> int:
        """How many may be under way at best."""
        return self._rules.most_under_way

    @asynccontextmanager
    async def turn(self, ticket: Ticket) -> AsyncIterator[None]:
        """Wait until the request may be sent; it is under way within. Raises SourceFailure(PACING) if too many wait."""
        if len(self._queue) >= self._rules.most_waiting:
            raise SourceFailure(FailureCategory.PACING, f"{len(self._queue)} requests for history wait already")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns[ticket] = turn
        self._queue.add(ticket)
        self._pump()
        try:
            await turn
        except (asyncio.CancelledError, SourceFailure):
            if self._turns.pop(ticket, None):
                self._queue.remove(ticket)
            else:
                self._give_back()
            raise
        try:
            yield
        finally:
            self._give_back()

    def went_well(self) -> None:
        """The broker answered one."""
        self._queue.went_well()

    def slow_down(self) -> None:
        """The broker complained about the rate."""
        self._queue.slow_down(asyncio.get_running_loop().time())

    def open_stream(self) -> None:
        """A request stays open as a live stream."""
        self._queue.open_stream()

    def close_stream(self) -> None:
        """A live stream has ended."""
        self._queue.close_stream()
        self._pump()

    def close(self) -> None:
        """No turn comes any more: who waits is told so."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for turn in self._turns.values():
            if not turn.done():
                turn.set_exception(disconnected("the program stops"))

    def _give_back(self) -> None:
        self._queue.end()
        self._pump()

    def _pump(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while (ticket := self._queue.pop(loop.time())) is not None:
            turn = self._turns.pop(ticket)
            if not turn.done():  # else it was given up this instant, and whoever did gives the place back
                turn.set_result(None)
        wait_s = self._queue.wait_s(loop.time())
        if wait_s is not None:
            self._timer = loop.call_later(wait_s, self._pump)
