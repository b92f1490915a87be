"""Streams: numbered messages, signs of life, and an end or a failure that is told in band."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeAlias, TypeVar

from scizor.codec.times import to_timestamp
from scizor.ports.clock import Clock
from scizor.rpc.errors import to_status
from scizor.type.v1 import stream_pb2

_Step = TypeVar("_Step")
Response: TypeAlias = Callable[..., Any]
"""The message of a stream, with the fields `sequence`, `heartbeat`, `status` and `end`."""


class Streams:
    """All streams of the service; they end when it stops."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End them, each with its `end`."""
        self._stopping.set()

    async def told(
        self,
        response: Response,
        steps: AsyncIterator[_Step | None],
        encoded: Callable[[_Step], tuple[int, dict[str, Any]]],
        sequence: int = 0,
    ) -> AsyncGenerator[Any, None]:
        """Each step as `encoded` says, with its sequence; None as a heartbeat with the sequence before it.

        A step without fields is not told, and only moves the sequence on: a reader that resumes need not see it again.
        A failure is told in band as well, behind the first message: over HTTP/1.1 a reader sees no other.
        """
        told, quiet = 0, True
        try:
            async with aclosing(self._until_stopped(steps)) as alive:
                async for step in alive:
                    if step is None:
                        beat = stream_pb2.Heartbeat(time=to_timestamp(self._clock.now()))
                        yield response(sequence=sequence, heartbeat=beat)
                    else:
                        sequence, fields = encoded(step)
                        if not fields:
                            continue
                        told += 1
                        yield response(sequence=sequence, **fields)
                    quiet = False
        except Exception as error:
            if not quiet:
                yield response(sequence=sequence, status=to_status(error))
            raise
        yield response(sequence=sequence, end=stream_pb2.StreamEnd(message_count=told))

    async def _until_stopped(self, steps: AsyncIterator[_Step]) -> AsyncGenerator[_Step, None]:
        stopping = asyncio.create_task(self._stopping.wait())
        upcoming = asyncio.create_task(_next(steps))
        try:
            while True:
                await asyncio.wait({upcoming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not upcoming.done():
                    return
                following = upcoming.result()
                if not following:
                    return
                yield following[0]
                upcoming = asyncio.create_task(_next(steps))
        finally:
            stopping.cancel()
            upcoming.cancel()
            await asyncio.gather(stopping, upcoming, return_exceptions=True)
            if isinstance(steps, AsyncGenerator):
                await steps.aclose()


async def _next(steps: AsyncIterator[_Step]) -> tuple[_Step] | None:
    """The next step, None behind the last: a task cannot raise StopAsyncIteration to whoever waits for it."""
    async for step in steps:
        return (step,)
    return None
