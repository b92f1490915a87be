"""Who is next where few are served at a time: callers by turns, however much one of them asks for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scizor.domain.errors import LimitExceeded, Reason


class Turns:
    """At most `at_once` have their turn; the others wait, at most `waiting` of them and `of_caller` of one caller.

    Whoever waits is in a line of its caller, and the lines are served round robin.
    """

    def __init__(self, at_once: int, waiting: int, of_caller: int) -> None:
        self._free, self._most, self._of_caller = at_once, waiting, of_caller
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}  # the next to be served comes first

    @asynccontextmanager
    async def one(self, caller: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it. Raises LimitExceeded(QUEUE_FULL) where too many wait, of this caller or all."""
        if self._free:  # then nobody waits
            self._free -= 1
        else:
            await self._wait(caller)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, caller: str) -> None:
        self._demand_room(caller)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(caller, deque())
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(caller, turn)
            else:  # it came, and nobody is there to have it
                self._pass_on()
            raise

    def _leave(self, caller: str, turn: asyncio.Future[None]) -> None:
        line = self._lines.get(caller, deque())
        if turn in line:
            line.remove(turn)
            if not line:
                del self._lines[caller]

    def _pass_on(self) -> None:
        while self._lines:
            caller, line = next(iter(self._lines.items()))
            del self._lines[caller]
            turn = line.popleft()
            if line:
                self._lines[caller] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _demand_room(self, caller: str) -> None:
        of_caller = len(self._lines.get(caller, ()))
        if of_caller >= self._of_caller:
            raise LimitExceeded(
                f"{of_caller} texts of {caller or 'this caller'} wait to be looked at: try again in a moment",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self._of_caller), "caller": caller},
            )
        if sum(map(len, self._lines.values())) >= self._most:
            raise LimitExceeded(
                f"{self._most} texts wait to be looked at: try again in a moment",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self._most)},
            )
