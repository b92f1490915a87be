"""Frames: a big-endian length of 4 bytes, then fields that each end in NUL; the first names the message.

A reply is kept as its payload, without the length, until the moment it is written.
"""

from __future__ import annotations

import asyncio
import struct

MAX_FRAME_BYTES = 0xFFFFFF
"""Both official clients drop the connection at a longer one."""

MIN_VERSION = 157
MAX_VERSION = 178
"""The last version before fields that no client here needs; from 201 on the protocol is protobuf."""

_PREFIX = b"API\0"
_LENGTH = struct.Struct(">I")


class BadFrame(Exception):
    """The peer does not speak this protocol. `code`: what the gateway answers before it hangs up."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def pack(payload: bytes) -> bytes:
    """The payload as it goes over the wire."""
    return _LENGTH.pack(len(payload)) + payload


def message_id(payload: bytes) -> int:
    """Which message a payload is; 0 for the version frame's own kind and anything else without a number."""
    head = payload[: payload.find(b"\0")]
    return int(head) if head.isdigit() else 0


async def read_frame(reader: asyncio.StreamReader) -> list[str]:
    """The fields of the next frame. Raises BadFrame, IncompleteReadError at the end."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if not 0 < length <= MAX_FRAME_BYTES:
        raise BadFrame(507, f"Bad Message Length:{length}")
    payload = await reader.readexactly(length)
    if not payload.endswith(b"\0"):
        raise BadFrame(507, "Bad Message Length:the last field does not end")
    return payload[:-1].decode("utf-8", "backslashreplace").split("\0")


async def read_greeting(reader: asyncio.StreamReader) -> int:
    """The version to speak with a client that has just connected. Raises BadFrame when there is none."""
    if await reader.readexactly(len(_PREFIX)) != _PREFIX:
        raise BadFrame(507, "Bad Message Length:no API prefix")
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if not 0 < length <= 200:
        raise BadFrame(507, f"Bad Message Length:{length}")
    return negotiate((await reader.readexactly(length)).decode("ascii", "replace"))


def negotiate(offer: str) -> int:
    """The highest version that both sides speak. `offer`: `v100..178`, perhaps with options. Raises BadFrame."""
    versions, _, _ = offer.removeprefix("v").partition(" ")
    lowest, _, highest = versions.partition("..")
    highest = highest or lowest
    if not (lowest.isdigit() and highest.isdigit()):
        raise BadFrame(503, "The TWS is out of date and must be upgraded.")
    version = min(int(highest), MAX_VERSION)
    if version < max(int(lowest), MIN_VERSION):
        raise BadFrame(503, f"The client speaks versions {offer}; this gateway {MIN_VERSION} to {MAX_VERSION}.")
    return version
