"""The end of code that does not end by itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_INSISTING_S = 1.0


class TooLong(Exception):
    """The strategy had its time."""


@contextmanager
def ended_after(seconds: float, file: str, last_word: Callable[[int], None]) -> Iterator[None]:
    """Raise TooLong in whatever the block is at when its time is over.

    Code that catches it and goes on is asked once more a second later, by `last_word`, which is given the line of
    `file` that it is at (0: none) and should not return. For the main thread only.
    """
    asked = 0

    def ring(_signal: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            last_word(line_in(frame, file))
        raise TooLong(f"no end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _INSISTING_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def line_in(frame: FrameType | None, file: str) -> int:
    """The innermost line of a file that a stack is at; 0 for none."""
    while frame is not None and frame.f_code.co_filename != file:
        frame = frame.f_back
    return frame.f_lineno if frame is not None else 0
