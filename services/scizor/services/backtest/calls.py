"""What all calls of the service share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from scizor.ports.storage import UnitOfWork
from scizor.services.backtest.use_cases import UseCases
from scizor.services.idempotent import once

_Answer = TypeVar("_Answer", bound=Message)


class Calls:
    """Decode, call, encode: one method a call. The rules of every request were checked before."""

    def __init__(self, use_cases: UseCases) -> None:
        self._do = use_cases
        self._storage = use_cases.storage

    async def _once(
        self, request: Message, answer_type: type[_Answer], act: Callable[[UnitOfWork], Awaitable[_Answer]]
    ) -> _Answer:
        async with self._storage.begin() as work:
            return await once(work, request, answer_type, lambda: act(work))
