"""A request that carries an id is done once, however often it is sent.

The claim, the work and the answer are one unit of work: a request that fails leaves no claim behind, and of two that
arrive at once the second waits and gets the first one's answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TypeVar

from google.protobuf.message import Message

from scizor.ports.storage import UnitOfWork

Answer = TypeVar("Answer", bound=Message)


async def once(
    work: UnitOfWork, request: Message, answer_type: type[Answer], act: Callable[[], Awaitable[Answer]]
) -> Answer:
    """The answer of `act`, or the one it gave before to the same request id.

    `request` has a field `request_id`, which counts among requests of its type; when that is empty, `act` is simply
    done. Raises AlreadyExists(REQUEST_ID_REUSED) when the id came with another body.
    """
    body = type(request)()
    body.CopyFrom(request)
    body.ClearField("request_id")
    request_id: str = getattr(request, "request_id")  # noqa: B009 - no type states that a request has one
    body_hash = sha256(body.SerializeToString(deterministic=True)).digest()
    return await once_for(work, type(request), request_id, body_hash, answer_type, act)


async def once_for(
    work: UnitOfWork,
    request_type: type[Message],
    request_id: str,
    body_hash: bytes,
    answer_type: type[Answer],
    act: Callable[[], Awaitable[Answer]],
) -> Answer:
    """As `once`, for a request that is no single message: `body_hash` stands for all of it but the id."""
    if not request_id:
        return await act()
    method = str(request_type.DESCRIPTOR.full_name)
    earlier = await work.idempotency.begin(method, request_id, body_hash)
    if earlier is not None:
        return answer_type.FromString(earlier)
    answer = await act()
    await work.idempotency.finish(method, request_id, answer.SerializeToString())
    return answer
