"""A Dask scheduler and its workers as processes that a test may kill."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

STARTS_WITHIN_S = 60.0
LOCAL = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")


@dataclass
class Cluster:
    """`python -m distributed.cli.…` on a free port of this machine."""

    port: int
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> None:
        options = ["--port", str(self.port), *LOCAL]
        self.scheduler = _program("dask_scheduler", *options)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._listens():
            if time.monotonic() > deadline:
                raise TimeoutError("the scheduler does not listen")
            time.sleep(0.05)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start_worker(self) -> subprocess.Popen[bytes]:
        options = ["--no-nanny", "--nthreads", "1", "--death-timeout", "60", *LOCAL]
        self.workers.append(_program("dask_worker", self.address, *options))
        return self.workers[-1]

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process is not None:
                process.kill()
                process.wait()


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """A scheduler with so many workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = Cluster(probe.getsockname()[1])
    try:
        found.start_scheduler()
        for _ in range(workers):
            found.start_worker()
        yield found
    finally:
        found.end()


def _program(name: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{name}", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
