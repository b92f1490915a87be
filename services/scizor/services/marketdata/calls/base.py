"""What all calls share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import date
from typing import Any, TypeAlias, TypeVar

import grpc
from google.protobuf.message import Message

from scizor.codec.times import to_timestamp
from scizor.ports.storage import UnitOfWork
from scizor.rpc.errors import to_status
from scizor.services.idempotent import once
from scizor.services.marketdata.calls.pulse import pulsed
from scizor.services.marketdata.use_cases import UseCases
from scizor.type.v1 import stream_pb2

Context = grpc.aio.ServicerContext[Any, Any]
Response: TypeAlias = Callable[..., Any]
"""The message of a stream, with the fields `sequence`, `heartbeat`, `status` and `end`."""
_Answer = TypeVar("_Answer", bound=Message)
_Step = TypeVar("_Step")


class Calls:
    """Decode, call, encode: one method a call. The rules of every request were checked before."""

    def __init__(self, use_cases: UseCases) -> None:
        self._do = use_cases
        self._storage = use_cases.storage

    def _today(self) -> date:
        return self._do.clock.now().date()

    async def _once(
        self, request: Message, answer_type: type[_Answer], act: Callable[[UnitOfWork], Awaitable[_Answer]]
    ) -> _Answer:
        async with self._storage.begin() as work:
            return await once(work, request, answer_type, lambda: act(work))

    async def _beating(
        self, response: Response, steps: AsyncGenerator[_Step, None], encoded: Callable[[int, _Step], Any]
    ) -> AsyncGenerator[Any, None]:
        """As `_numbered`, with a sign of life wherever the next step takes long."""
        async with (
            aclosing(pulsed(steps, self._do.heartbeat_s)) as beats,
            aclosing(self._numbered(response, beats, encoded)) as messages,
        ):
            async for message in messages:
                yield message

    async def _numbered(
        self, response: Response, steps: AsyncIterator[_Step | None], encoded: Callable[[int, _Step], Any]
    ) -> AsyncGenerator[Any, None]:
        """Each step as a message, a heartbeat for None, the end behind the last.

        A failure behind the first message is told in band too: over HTTP/1.1 a reader sees no other.
        """
        sequence = told = 0
        try:
            async for step in steps:
                sequence += 1
                if step is None:
                    beat = stream_pb2.Heartbeat(time=to_timestamp(self._do.clock.now()))
                    yield response(sequence=sequence, heartbeat=beat)
                else:
                    told += 1
                    yield encoded(sequence, step)
        except Exception as error:
            if sequence:
                yield response(sequence=sequence + 1, status=to_status(error))
            raise
        yield response(sequence=sequence + 1, end=stream_pb2.StreamEnd(message_count=told))
