"""How many fields the official decoder leaves unread. Runs where nothing but `ibapi` is installed.

Reads a JSON list of [version, payload in hex] and writes a JSON list of counts; -1: the decoder failed.
"""

from __future__ import annotations

import inspect
import json
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the client is never installed where types are checked
    Decoder: Any
else:
    from ibapi.decoder import Decoder


class Deaf:
    """Takes every callback."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args: None


def left_over(version: int, payload: bytes) -> int:
    """Fields of the message that nobody wanted."""
    fields = payload.split(b"\0")[:-1]
    message_id = int(fields[0])
    handler = Decoder(Deaf(), version).msgId2handleInfo[message_id]
    if handler.processMeth is None:  # decoded by the callback's own parameters, after the message's id and version
        return len(fields) - 2 - (len(inspect.signature(handler.wrapperMeth).parameters) - 1)
    # Until 10.x a decoder passes over the message's id itself.
    reading = iter(fields if version < 158 and not hasattr(Decoder, "processProtoBuf") else fields[1:])
    try:
        handler.processMeth(Decoder(Deaf(), version), reading)
    except Exception:  # noqa: BLE001 - any failure is the finding
        return -1
    return len(list(reading))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    messages = json.load(sys.stdin)
    sys.stdout.write(json.dumps([left_over(version, bytes.fromhex(payload)) for version, payload in messages]))
