"""A command with a request id is done once, however often it is sent.

The answer is committed with the deed, by whoever does it: a retry finds it there. Two calls with one id that are under
way together come one after the other; on another replica the account's lease keeps them apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, TypeVar

from google.protobuf.message import Message

from scizor.domain.trading.states import Order
from scizor.services.trading.desk.drafts import Answering
from scizor.services.trading.desks import Answers

Answer = TypeVar("Answer", bound=Message)


class Keyed:
    """As many locks as there are calls under way with ids of their own: the server bounds those."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._users: dict[tuple[str, str], int] = {}

    @property
    def waiting(self) -> int:
        """Ids under way."""
        return len(self._locks)

    async def do(
        self,
        request: Any,
        answer_type: type[Answer],
        act: Callable[[Answering | None], Awaitable[Sequence[Order]]],
        encode: Callable[[Sequence[Order]], Answer],
    ) -> Answer:
        """The answer of the orders that `act` makes, or the one given before to the same request id.

        `request`: a message with a field `request_id`. Raises AlreadyExists(REQUEST_ID_REUSED) for another body.
        """
        if not request.request_id:
            return encode(await act(None))
        method, request_id, body_hash = key_of(request)
        async with self._apart((method, request_id)):
            earlier = await self._answers.answer(method, request_id, body_hash)
            if earlier is not None:
                return answer_type.FromString(earlier)
            answering = Answering(method, request_id, body_hash, lambda orders: encode(orders).SerializeToString())
            return encode(await act(answering))

    @asynccontextmanager
    async def alone(self, request: Any) -> AsyncIterator[None]:
        """While no other call with its id is under way."""
        method, request_id, _ = key_of(request)
        if not request_id:
            yield
            return
        async with self._apart((method, request_id)):
            yield

    async def earlier(self, request: Any, answer_type: type[Answer]) -> Answer | None:
        """What was answered to its id, if anything was. Raises AlreadyExists(REQUEST_ID_REUSED)."""
        if not request.request_id:
            return None
        answer = await self._answers.answer(*key_of(request))
        return None if answer is None else answer_type.FromString(answer)

    @asynccontextmanager
    async def _apart(self, key: tuple[str, str]) -> AsyncIterator[None]:
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] = self._users.get(key, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]


def key_of(request: Any) -> tuple[str, str, bytes]:
    """Its method, its id, and what stands for all the rest of it."""
    body = type(request)()
    body.CopyFrom(request)
    body.ClearField("request_id")
    return (
        str(request.DESCRIPTOR.full_name),
        str(request.request_id),
        sha256(body.SerializeToString(deterministic=True)).digest(),
    )
