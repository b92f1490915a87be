"""Ids of things people make: UUIDs whose texts sort by the time they were made (version 7, RFC 9562)."""

from __future__ import annotations

from uuid import UUID

RANDOM_BYTES = 10
_VERSION = 0x7 << 76
_VERSION_MASK = ~(0xF << 76)
_VARIANT = 0x2 << 62
_VARIANT_MASK = ~(0x3 << 62)


def new_id(now_ms: int, random_bytes: bytes) -> str:
    """A UUIDv7 of `now_ms` (Unix milliseconds) and RANDOM_BYTES random bytes, as text.

    Ids of different milliseconds sort by time, those of one millisecond by their random part. Raises ValueError for a
    time outside 48 bits or another number of random bytes.
    """
    if not 0 <= now_ms < 1 << 48:
        raise ValueError(f"now_ms must fit 48 bits, not {now_ms}")
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"random_bytes must be {RANDOM_BYTES} bytes, not {len(random_bytes)}")
    number = now_ms << 80 | int.from_bytes(random_bytes, "big")
    return str(UUID(int=number & _VERSION_MASK & _VARIANT_MASK | _VERSION | _VARIANT))
