"""How many calls run, how long each may, and how they end when the server stops.

A call that runs out of time and a call that a stopping server can wait for no longer are ended by the same means, a
timeout in the call's own task: the handler sees its usual cancellation, the caller a status that says which it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scizor.domain.errors import LimitExceeded, Reason, Unavailable
from scizor.rpc.calls import Call, Stage
from scizor.rpc.errors import DeadlineExceeded


class Traffic(Stage):
    """Bounds the calls in number and time; refuses new ones and ends the others when told to."""

    def __init__(self, max_concurrent_calls: int, unary_deadline_s: float) -> None:
        self._max_concurrent_calls = max_concurrent_calls
        self._unary_deadline_s = unary_deadline_s
        self._running: set[asyncio.Timeout] = set()
        self._idle = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Refuse the call, or run it within its time."""
        if self._stopping:
            raise _shutting_down()
        if len(self._running) >= self._max_concurrent_calls:
            raise LimitExceeded(
                f"{self._max_concurrent_calls} calls are under way, the most this server takes: retry later",
                Reason.QUEUE_FULL,
                metadata={"limit": str(self._max_concurrent_calls)},
            )
        unbounded = call.is_stream or call.context.time_remaining() is not None
        timeout = asyncio.timeout(None if unbounded else self._unary_deadline_s)
        try:
            async with timeout:
                self._running.add(timeout)
                try:
                    yield
                finally:
                    self._left(timeout)
        except TimeoutError:
            if not timeout.expired():
                raise
            raise _shutting_down() if self._stopping else self._too_slow() from None

    async def drain(self, grace_s: float) -> None:
        """Refuse new calls, let those under way finish for `grace_s`, then end them."""
        self._stopping = True
        self._idle.clear()
        if not self._running:
            return
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            now = asyncio.get_running_loop().time()
            for timeout in self._running:
                if not timeout.expired():  # one that ran out already is ending its call, and may not be moved
                    timeout.reschedule(now)

    def _left(self, timeout: asyncio.Timeout) -> None:
        self._running.discard(timeout)
        if not self._running:
            self._idle.set()

    def _too_slow(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"the call took longer than {self._unary_deadline_s:g} s, which a call without a deadline of its own may",
            Reason.DEADLINE_EXCEEDED,
            metadata={"deadline_s": f"{self._unary_deadline_s:g}"},
        )


def _shutting_down() -> Unavailable:
    return Unavailable("the server is stopping: call again", Reason.SHUTTING_DOWN)
