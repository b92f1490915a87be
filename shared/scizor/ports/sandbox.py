"""Work that brings code of strangers with it: done apart, behind locks, and within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    `memory_bytes`: on top of what every run starts with. `answer_bytes`: the answer with its arrays.
    """

    cpu_s: float = 120.0
    wall_s: float = 180.0
    memory_bytes: int = 1 << 30
    processes: int = 8
    open_files: int = 64
    answer_bytes: int = 256 << 20


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

    async def close(self) -> None:
        """End all runs."""
        ...
