"""What all calls share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import date
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from scizor.codec.times import to_timestamp
from scizor.ports.storage import UnitOfWork
from scizor.rpc.errors import to_status
from scizor.services.idempotent import once
from scizor.services.marketdata.pulse import pulsed
from scizor.services.marketdata.use_cases import UseCases
from scizor.type.v1 import stream_pb2

Context = grpc.aio.ServicerContext[Any, Any]
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

    async def _told(
        self,
        response: Callable[..., _Answer],
        steps: AsyncGenerator[_Step, None],
        progress_of: Callable[[_Step], Message],
    ) -> AsyncGenerator[_Answer, None]:
        """Steps as a stream of progress with signs of life between them. A failure on the way is told in band too."""
        sequence = told = 0
        try:
            async with aclosing(pulsed(steps, self._do.verification.settings.heartbeat_s)) as beats:
                async for step in beats:
                    sequence += 1
                    if step is None:
                        beat = stream_pb2.Heartbeat(time=to_timestamp(self._do.clock.now()))
                        yield response(sequence=sequence, heartbeat=beat)
                    else:
                        told += 1
                        yield response(sequence=sequence, progress=progress_of(step))
        except Exception as error:
            if sequence:
                yield response(sequence=sequence + 1, status=to_status(error))
            raise
        yield response(sequence=sequence + 1, end=stream_pb2.StreamEnd(message_count=told))
