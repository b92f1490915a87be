"""The end of a run's time, told with the line the code is at. The warden ends what does not listen a moment later."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from types import FrameType, TracebackType

from scizor.adapters.sandbox.saying import Voice
from scizor.ports.sandbox import Limits
from scizor.strategy.errors import StrategyError, place_of


class Bell:
    """Rings in the main thread, between two of its instructions, when the time or the processor's time is over.

    In a conversation it is set anew for each exchange, and rests between them.
    """

    def __init__(self, limits: Limits, voice: Voice) -> None:
        self._limits, self._voice = limits, voice

    def set(self) -> None:
        """From now on."""
        signal.signal(signal.SIGALRM, self._ring)
        signal.signal(signal.SIGXCPU, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._limits.wall_s)

    def within(self, wall_s: float) -> None:
        """From now on, for so long."""
        self._limits = replace(self._limits, wall_s=wall_s)
        signal.setitimer(signal.ITIMER_REAL, wall_s)

    def rest(self) -> None:
        """The time is not over any more."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if not self._voice.busy:
            told = no_end(self._limits) if number == signal.SIGALRM else no_processor(self._limits)
            self._voice.error(StrategyError.at(told, place=_place(frame)))
        os._exit(1)


def no_end(limits: Limits) -> str:
    """What is said of a run that takes too long."""
    return f"no end within {limits.wall_s:g} s"


def no_processor(limits: Limits) -> str:
    """What is said of one that computes too much."""
    return f"used up its {limits.cpu_s:g} s of the processor's time"


def place_in(traceback: TracebackType | None) -> tuple[str, int]:
    """The innermost line of a traceback that is the code's own; ("", 0) for none."""
    files = set()
    one = traceback
    while one is not None:
        files.add(one.tb_frame.f_code.co_filename)
        one = one.tb_next
    return place_of(traceback, frozenset(filter(_is_foreign, files)))


def _place(frame: FrameType | None) -> tuple[str, int]:
    while frame is not None and not _is_foreign(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)


def _is_foreign(file: str) -> bool:
    # Modules that were imported have whole paths, what Python makes up has brackets; uploaded code has a bare name.
    return not file.startswith(("/", "<"))
