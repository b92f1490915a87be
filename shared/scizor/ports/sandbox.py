"""Work that brings code of strangers with it: done apart, behind locks, and within limits.

A run is one question and one answer. A conversation is many, with one process that remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]
Document = Mapping[str, Any]
OnMessage = Callable[[Document], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. `processes`: threads at a time; new processes it can never start.

    `memory_bytes`: on top of what every run starts with. `answer_bytes`: the answer with its arrays. Of a conversation
    `wall_s` bounds its opening alone and each exchange has a deadline of its own; `cpu_s` bounds nothing, but what is
    not asked must not compute; `answer_bytes` and `question_bytes` bound each of its messages.
    """

    cpu_s: float = 120.0
    wall_s: float = 180.0
    memory_bytes: int = 1 << 30
    processes: int = 8
    open_files: int = 64
    answer_bytes: int = 256 << 20
    question_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a program is given. `document`: what JSON can hold. `arrays`: numbers of any shape, by name."""

    document: Document
    arrays: Arrays = field(default_factory=dict[str, npt.NDArray[np.generic]])


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What it came to. `printed`: what the code wrote to its standard output and error, the beginning of it."""

    document: dict[str, Any]
    arrays: Arrays = field(default_factory=dict[str, npt.NDArray[np.generic]])
    printed: str = ""


Program = Callable[[Question, OnMessage], Answer]
"""Our own function, which runs behind the locks and loads the strangers' code there. It may raise ScizorError.

Code that it loads should be compiled under a file name without a folder: by that its lines are told from ours.
"""

Responder = Callable[[Question], Answer]
"""What answers each question of a conversation, one after the other. What it raises ends the conversation."""

Opening = Callable[[Question], Responder]
"""The Program of a conversation: what it is given is there before the first question."""


class Conversation(Protocol):
    """One locked process that stays: it remembers what it was told until it is left."""

    async def ask(self, document: Document, arrays: Arrays | None = None, *, deadline_s: float) -> Answer:
        """Ask, and wait for the answer; whoever asks meanwhile waits for his turn. Believe no answer.

        Raises what `Sandbox.run` raises, and then again whenever it is asked: the process is gone. An exchange that is
        cancelled is the end, too. Raises InvalidInput for a question that is too long, and asks nothing.
        """
        ...


class Sandbox(Protocol):
    """Runs programs where what they load can harm nobody."""

    async def run(
        self,
        program: str,
        document: Document,
        arrays: Arrays,
        limits: Limits,
        on_message: OnMessage | None = None,
    ) -> Answer:
        """Call the Program named "package.module:function" once; `on_message` is told what it says meanwhile.

        Cancelling ends the run at once; so does what `on_message` raises, which is then raised here. Believe no answer:
        whatever it holds, the code may have forged it. Raises StrategyError for what the code did: failed, crashed,
        met a limit, broke its answer; InvalidInput where the program refused the question; LimitExceeded where too
        many wait; FailedPrecondition where this machine has too few locks; Unavailable where the fault is ours, and the
        same call may succeed later.
        """
        ...

    def converse(
        self, program: str, document: Document, arrays: Arrays, limits: Limits
    ) -> AbstractAsyncContextManager[Conversation]:
        """Begin a conversation with the Opening named "package.module:function"; leaving it ends its process.

        Raises as `run`, of which it takes no turn: LimitExceeded where as many as may are open. A process that was
        killed by nobody known is Unavailable: whoever begins another should count.
        """
        ...

    async def close(self) -> None:
        """End all runs and conversations."""
        ...
