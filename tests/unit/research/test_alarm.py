"""Code that does not end is ended, whether it lets itself be told or not."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import pytest

from scizor.services.research import alarm
from scizor.services.research.alarm import TooLong, ended_after


class LastWord(Exception):
    pass


def no_word(line: int) -> NoReturn:
    raise LastWord(str(line))


def loop() -> None:
    while True:
        pass


def loop_whatever_is_said() -> None:
    while True:
        with suppress(TooLong):
            loop()


def ended(work: Callable[[], None], seconds: float = 0.02) -> None:
    with ended_after(seconds, __file__, no_word):
        work()


def test_a_loop_without_end_is_ended() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TooLong, match=r"no end within 0\.02 s"):
        ended(loop)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_loop_that_goes_on_is_told_of_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "_INSISTING_S", 0.02)
    with pytest.raises(LastWord) as caught:
        ended(loop_whatever_is_said)
    first = loop.__code__.co_firstlineno
    assert first <= int(str(caught.value)) <= first + 2


def test_what_ends_in_time_hears_nothing() -> None:
    ended(lambda: None, 60.0)
