"""Bytes to messages and back, so that a refused message is refused in words.

grpc's own size limit ends a call without details, and a message that cannot be parsed ends as UNKNOWN: here both become
errors of the tree, which the pipeline raises where the call's stages can answer them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import DecodeError, Message

from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, ScizorError


class Serializable(Protocol):
    """A message, or anything that writes the same bytes."""

    def SerializeToString(self) -> bytes:
        """The message's wire form."""
        ...


def serialize(message: Serializable) -> bytes:
    """The message's wire form; a handler may answer with any object that has one, such as columns held in arrays."""
    return message.SerializeToString()


def receiver(parse: Callable[[bytes], Message], max_bytes: int) -> Callable[[bytes], Message | ScizorError]:
    """A parser that returns, and never raises, what is wrong with a message."""

    def receive(data: bytes) -> Message | ScizorError:
        if len(data) > max_bytes:
            return LimitExceeded(
                f"the message has {len(data):,} bytes and may have {max_bytes:,}",
                Reason.MESSAGE_TOO_LARGE,
                metadata={"limit_bytes": str(max_bytes), "bytes": str(len(data))},
            )
        try:
            return parse(data)
        except DecodeError:
            return InvalidInput("the request's bytes are no message of its type", Reason.FIELD_INVALID)

    return receive
