"""A strategy's file, run on this machine by a program of its own: it is started, given bars and asked, not imported.

The program begins to load before this process loads what fetches the bars: half a second that nobody waits for.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.usage import EXIT_USAGE, CommandFailed

PROGRAM = (sys.executable, "-P", "-m", "scizor.services.research")
DEADLINE_S = 60.0
_PACKAGES = ("numba", "pyarrow", "exchange_calendars")
_GRACE_S = 5.0
_NOT_INSTALLED = (
    "a strategy's file needs the engine, and only the client is installed; pip install '.[server]' in the source folder"
)


def is_file(strategy: str) -> bool:
    """Whether a strategy is named by its file; no strategy's id has a dot."""
    return strategy.endswith(".py")


def run_file(asked: Asked, bars: str, deadline_s: float, *, plotted: bool, as_json: bool) -> None:
    """Run a file's strategy and show what it came to. Raises CommandFailed with the strategy's error."""
    with started("run", asked, bars) as researcher:
        from scizor.client.cli import research_talk  # noqa: PLC0415 - see the module's docstring

        research_talk.run(researcher, asked, deadline_s, plotted=plotted, as_json=as_json)


def check_file(asked: Asked, bars: str, deadline_s: float, *, as_json: bool) -> int:
    """Look for mistakes in a file's strategy and show them; the exit status, 1 where there are any."""
    with started("check", asked, bars) as researcher:
        from scizor.client.cli import research_talk  # noqa: PLC0415 - see the module's docstring

        return research_talk.check(researcher, asked, deadline_s, as_json=as_json)


@dataclass(slots=True)
class Researcher:
    """The running program. `bars`: the file it reads them from, empty when it is to be given them."""

    process: subprocess.Popen[bytes]
    bars: str
    killed: threading.Event = field(default_factory=threading.Event)

    @property
    def questions(self) -> IO[bytes]:
        """What it reads."""
        assert self.process.stdin is not None  # noqa: S101 - it was started with a pipe
        return self.process.stdin

    @property
    def answers(self) -> IO[bytes]:
        """What it says."""
        assert self.process.stdout is not None  # noqa: S101 - it was started with a pipe
        return self.process.stdout

    @contextmanager
    def ended_after(self, deadline_s: float) -> Iterator[None]:
        """Kill it when the block takes longer: it ends itself by the deadline, unless nothing can reach it."""
        timer = threading.Timer(deadline_s + _GRACE_S, self._kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _kill(self) -> None:
        self.killed.set()
        self.process.kill()


@contextmanager
def started(task: str, asked: Asked, bars: str) -> Iterator[Researcher]:
    """The program, until the block ends. Raises CommandFailed where the file or the engine is not there."""
    if not Path(asked.strategy).is_file():
        raise CommandFailed(f"{asked.strategy}: there is no such file", EXIT_USAGE)
    if bars and not Path(bars).is_file():
        raise CommandFailed(f"{bars}: there is no such file", EXIT_USAGE)
    if any(find_spec(package) is None for package in _PACKAGES):
        raise CommandFailed(_NOT_INSTALLED)
    process = subprocess.Popen(
        [*PROGRAM, task, asked.strategy, *([bars] if bars else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Researcher(process, bars)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
