"""A run's process, from the fork to its end: it locks itself, then calls our program, which loads the code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn, cast

from scizor.adapters.sandbox.bell import Bell, place_in
from scizor.adapters.sandbox.gaps import LIBRARIES
from scizor.adapters.sandbox.locks import LOCKS, Cell
from scizor.adapters.sandbox.saying import Head, Voice, print_to
from scizor.adapters.sandbox.talking import talk
from scizor.domain.errors import InvalidInput, ScizorError
from scizor.ports.sandbox import Limits, Opening, Program, Question
from scizor.strategy.errors import StrategyError

_SELDOM_IMPORTED = "colorsys"


@dataclass(frozen=True, slots=True)
class Task:
    """One run, or conversation. `tolerated`: locks that this machine lacks, and that are known to be missing."""

    program: str
    question: Question
    cell: Cell
    tolerated: frozenset[str]
    talks: bool = False


def perform(task: Task) -> NoReturn:
    """Run it and end the process."""
    limits = task.cell.limits
    voice = Voice(limits.answer_bytes)
    program, bell, printing = _prepared(task, voice)
    try:
        try:
            if task.talks:
                talk(cast("Opening", program), task.question, voice, bell, printing)
            else:
                voice.answer(cast("Program", program)(task.question, voice.message))
        except BaseException as error:  # noqa: BLE001 - strangers' code may raise anything, and this is the end of it
            _tell(voice, error, limits)
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - even from the words of what it raised
        os._exit(1)
    os._exit(0)


def look_at_locks(cell: Cell) -> list[tuple[str, str]]:
    """Close all locks, and find those that are not in force, each with the reason."""
    problems: dict[str, str] = {}
    # The last refuses calls by which others are looked at.
    for group in (LOCKS[:-1], LOCKS[-1:]):
        for lock in group:
            problems[lock.name] = _problem(lock.close, cell)
        for lock in group:
            problems[lock.name] = problems[lock.name] or _problem(lock.check, cell)
    problems[LIBRARIES] = _problem(_import_anew, cell)
    return [(name, problem) for name, problem in problems.items() if problem]


def named(program: str) -> Callable[..., object]:
    """What "package.module:function" names."""
    module, _, function = program.partition(":")
    return cast("Callable[..., object]", getattr(import_module(module), function))


def _prepared(task: Task, voice: Voice) -> tuple[Callable[..., object], Bell, Head]:
    """The program, its bell and what it prints to, once all locks are closed. Where one cannot be, that is the end."""
    first, *others = LOCKS
    first.close(task.cell)  # only now is there a pipe to say anything through
    try:
        for lock in others:
            problem = _problem(lock.close, task.cell)
            if problem and lock.name not in task.tolerated:
                raise OSError(f"{lock.name}: {problem}")
        program = named(task.program)
        printing, bell = print_to(1), Bell(task.cell.limits, voice)
        bell.set()
        voice.ready()
    except BaseException as error:  # noqa: BLE001 - nothing may go on unlocked
        voice.fault(error)
        os._exit(1)
    return program, bell, printing


def _tell(voice: Voice, error: BaseException, limits: Limits) -> None:
    """Say what went wrong, in a strategy's words: whatever it is, its code was the last that could have caused it."""
    voice.reserve = b""
    place = place_in(error.__traceback__)
    error.__traceback__ = None  # lets go of what its frames hold
    if isinstance(error, InvalidInput):
        voice.error(error)
        return
    if isinstance(error, MemoryError):
        told = f"needs more than its {limits.memory_bytes >> 20:,} MiB of memory"
    elif isinstance(error, SystemExit):
        told = "ended the program: a strategy that is done does nothing"
    elif isinstance(error, ScizorError):
        told = error.message
    else:
        told = f"{type(error).__name__}: {error}"
    voice.error(StrategyError.at(told, place=place))


def _problem(act: Callable[[Cell], None], cell: Cell) -> str:
    try:
        act(cell)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _import_anew(_: Cell) -> None:
    sys.modules.pop(_SELDOM_IMPORTED, None)
    try:
        import_module(_SELDOM_IMPORTED)
    except ImportError as error:
        raise OSError(f"the run's user cannot read {sys.base_prefix}") from error
