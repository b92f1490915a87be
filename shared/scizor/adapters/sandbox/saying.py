"""The child's voice: its records through one pipe, and what the code prints through another."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.answers import to_bytes
from scizor.adapters.sandbox.documents import json_bytes
from scizor.adapters.sandbox.words import clean
from scizor.domain.errors import ScizorError
from scizor.ports.sandbox import Answer, Document
from scizor.strategy.errors import StrategyError

_MORE = b"\n[the rest is left out]\n"
_LONGEST_WORDS = 2000
_RESERVE_BYTES = 1 << 20


class Voice:
    """Writes records. `busy`: it is in the middle of one, and a signal's handler must not begin another.

    `reserve`: memory to let go of when there is none left to speak.
    """

    def __init__(self, answer_bytes: int) -> None:
        self.busy = False
        self.reserve = bytes(_RESERVE_BYTES)
        self._answer_bytes = answer_bytes

    def ready(self) -> None:
        """The locks are closed."""
        self._write(wire.READY)

    def fault(self, error: BaseException) -> None:
        """They are not, or we cannot go on for a reason of our own."""
        self._write(wire.FAULT, f"{type(error).__name__}: {error}".encode()[: wire.MAX_TEXT_BYTES])

    def message(self, document: Document) -> None:
        """What the program says on its way. Raises ValueError where it is too long."""
        text = json_bytes(document)
        if len(text) > wire.MAX_TEXT_BYTES:
            raise ValueError(f"a message of {len(text):,} bytes: at most {wire.MAX_TEXT_BYTES:,}")
        self._write(wire.MESSAGE, text)

    def answer(self, answer: Answer) -> None:
        """The answer. Raises ValueError where it is too long, TypeError where it is none."""
        pieces = to_bytes(answer.document, answer.arrays)
        length = sum(map(len, pieces))
        if length > self._answer_bytes:
            raise ValueError(f"an answer of {length:,} bytes: at most {self._answer_bytes:,}")
        self._write(wire.ANSWER, *pieces)

    def error(self, error: ScizorError) -> None:
        """An error in the answer's place."""
        told: dict[str, Any] = {
            "strategy": isinstance(error, StrategyError),
            "reason": str(error.reason),
            "message": _words(error.message),
            "metadata": {_words(name): _words(value) for name, value in error.metadata.items()},
            "violations": [[_words(one.field), _words(one.description)] for one in error.violations],
        }
        self._write(wire.ERROR, json_bytes(told))

    def _write(self, kind: bytes, *pieces: bytes | memoryview) -> None:
        self.busy = True
        for piece in (wire.HEAD.pack(kind, sum(map(len, pieces))), *pieces):
            left = memoryview(piece)
            while left:
                left = left[os.write(wire.ANSWER_FD, left) :]
        self.busy = False


def _words(text: str) -> str:
    return clean(text[:_LONGEST_WORDS])


class Head(io.RawIOBase):
    """The beginning of all that is written to it; the rest is dropped, so that talking much costs little."""

    def __init__(self, fd: int) -> None:
        self._fd, self._left = fd, wire.MAX_PRINTED_BYTES

    def renew(self) -> None:
        """As if nothing had been written yet."""
        self._left = wire.MAX_PRINTED_BYTES

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content: Any, /) -> int:
        """All of it counts as written."""
        size = len(content)
        if self._left:
            kept = bytes(content[: self._left])
            os.write(self._fd, kept if size < self._left else kept + _MORE)
            self._left -= len(kept)
        return size


def print_to(fd: int) -> Head:
    """Let print, and what else Python code writes to its output and its errors, go there at once."""
    head = Head(fd)
    buffered = io.BufferedWriter(head, 1)
    sys.stdout = sys.stderr = io.TextIOWrapper(buffered, "utf-8", "replace", write_through=True)
    return head
