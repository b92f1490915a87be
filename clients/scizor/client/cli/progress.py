"""Progress bars on standard error; where that is no terminal, nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class Advance(Protocol):
    """Moves a bar."""

    def __call__(self, done: float, total: float | None = None, note: str = "") -> None:
        """`done` of `total` (when it was not known before), and a word about it."""


@contextmanager
def progress_bar(what: str, total: float | None = None, *, quiet: bool = False) -> Iterator[Advance]:
    """A bar named `what` until the block ends, none when `quiet`; it moves by the `advance` that the block is given."""
    if quiet or not sys.stderr.isatty():
        yield _unseen
        return

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(what, total=total, note="")

        def advance(done: float, total: float | None = None, note: str = "") -> None:
            if total is not None:
                bars.update(task, total=total)
            bars.update(task, completed=done, note=note)

        yield advance


def _unseen(done: float, total: float | None = None, note: str = "") -> None:
    """Nobody looks."""
