"""One supervisor per home: the kernel holds the claim and drops it with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scizor.domain.errors import FailedPrecondition


def lock_path(home: Path) -> Path:
    """The file whose lock is the claim; it holds the supervisor's process id."""
    return home / "run" / "supervisor.lock"


@contextmanager
def only_instance(home: Path) -> Iterator[None]:
    """Hold the home. Raises FailedPrecondition, with the process id, when another supervisor does."""
    path = lock_path(home)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = path.read_text().strip() or "unknown"
            raise FailedPrecondition(
                f"already running (pid {holder}); stop it with `scizor down`", metadata={"pid": holder}
            ) from error
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        yield
    finally:
        os.close(lock)
