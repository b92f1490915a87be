"""What all calls of the service share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.message import Message

from scizor.domain.errors import InvalidInput
from scizor.ports.storage import UnitOfWork
from scizor.services.backtest.use_cases import UseCases
from scizor.services.idempotent import once

Context = grpc.aio.ServicerContext[Any, Any]
CALLER: Final = "x-scizor-caller"
"""The metadata, or the HTTP header, by which callers that share an address are told apart."""
_MOST_CHARS: Final = 100
_RULE: Final = f"must be at most {_MOST_CHARS} printable ASCII characters"
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


def caller_of(context: Context) -> str:
    """Who calls: what the caller says in CALLER, else its address without its port. Raises InvalidInput."""
    for name, value in context.invocation_metadata() or ():
        if name == CALLER and value:
            if not isinstance(value, str) or len(value) > _MOST_CHARS or not (value.isascii() and value.isprintable()):
                raise InvalidInput.of_field(CALLER, _RULE)
            return value
    peer = str(context.peer())
    return (peer.rpartition(":")[0] if peer.startswith(("ipv4:", "ipv6:")) else peer)[:_MOST_CHARS]
