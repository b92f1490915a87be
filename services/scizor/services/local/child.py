"""One child process: started so that it cannot outlive the supervisor, asked until it is ready, stopped in time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from scizor.adapters.sql.embedded.launcher import launch_command
from scizor.adapters.sql.embedded.logfile import log_tail, open_log
from scizor.domain.errors import Unavailable
from scizor.services.local.specs import ChildSpec, JobSpec

_POLL_S = 0.05
_KILL_DEADLINE_S = 5.0


class Child(Protocol):
    """What the supervisor needs of anything it keeps running."""

    @property
    def name(self) -> str:
        """A word for messages and the log's file name."""

    @property
    def port(self) -> int | None:
        """The TCP port it serves on, if it does."""

    @property
    def pid(self) -> int | None:
        """Its process while it has one."""

    def launch(self) -> None:
        """Begin to start it. Called from the main thread, whose end is the child's."""

    async def ready(self) -> None:
        """Wait until it serves. Raises Unavailable when it ended or took too long; then nothing of it runs."""

    async def ended(self) -> str:
        """Wait until it has ended and say how."""

    async def stop(self, hurry: asyncio.Event) -> None:
        """End it: with grace until `hurry` is set, then by force. Returns when it is gone."""


def spawn(
    argv: Sequence[str], env: Mapping[str, str], log: Path, orphan_signal: signal.Signals = signal.SIGTERM
) -> subprocess.Popen[bytes]:
    """Start a program that gets `orphan_signal` when the calling thread ends, its output appended to `log`.

    It leads a session of its own: a Ctrl-C is for the supervisor, which then stops everyone in order.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            launch_command(argv, die_signal=orphan_signal),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def end(process: subprocess.Popen[bytes], grace_s: float, hurry: asyncio.Event) -> None:
    """SIGTERM, then after the grace (or at once in a hurry) SIGKILL; what it started goes with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        await holds(lambda: process.poll() is not None or hurry.is_set(), grace_s)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    if not await holds(lambda: process.poll() is not None, _KILL_DEADLINE_S):
        raise Unavailable(f"the process {process.pid} does not end, not even by SIGKILL")


async def holds(condition: Callable[[], bool], deadline_s: float | None) -> bool:
    """Poll until the condition holds (True) or the deadline, if there is one, has passed (False)."""

    async def ask() -> bool:
        return condition()

    return await answers(ask, deadline_s)


async def answers(question: Callable[[], Awaitable[bool]], deadline_s: float | None) -> bool:
    """Ask until the answer is yes (True) or the deadline, if there is one, has passed (False)."""
    try:
        async with asyncio.timeout(deadline_s):
            while not await question():  # noqa: ASYNC110 - what is asked is another process: it sets no Event
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        return False
    return True


class Program:
    """A `Child` described by a `ChildSpec`."""

    def __init__(self, spec: ChildSpec, logs: Path) -> None:
        self.name = spec.name
        self.port = spec.port
        self._spec = spec
        self._log = logs / f"{spec.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """See `Child`."""
        return self._process.pid if self._process else None

    def launch(self) -> None:
        """See `Child`."""
        self._process = spawn(self._spec.argv, self._spec.env, self._log, self._spec.orphan_signal)

    async def ready(self) -> None:
        """See `Child`."""

        async def settled() -> bool:
            return self._exit_status() is not None or await self._spec.ready()

        in_time = await answers(settled, self._spec.ready_deadline_s)
        if not in_time or self._exit_status() is not None:
            how = self._how_it_ended() if in_time else f"{self.name} was not ready in time{log_tail(self._log)}"
            await self.stop(asyncio.Event())
            raise Unavailable(how)

    async def ended(self) -> str:
        """See `Child`."""
        await holds(lambda: self._exit_status() is not None, None)
        how = self._how_it_ended()
        await self.stop(asyncio.Event())  # its own children may still hold its port
        return how

    async def stop(self, hurry: asyncio.Event) -> None:
        """See `Child`."""
        if self._process is not None:
            await end(self._process, self._spec.stop_grace_s, hurry)
            self._process = None

    def _exit_status(self) -> int | None:
        return self._process.poll() if self._process else None

    def _how_it_ended(self) -> str:
        return f"{self.name} ended with status {self._exit_status()}{log_tail(self._log)}"


async def run_job(job: JobSpec, logs: Path) -> None:
    """Run a job to its end. Raises Unavailable when it fails or takes too long; then nothing of it runs."""
    log = logs / f"{job.name}.log"
    process = spawn(job.argv, job.env, log)
    try:
        if not await holds(lambda: process.poll() is not None, job.deadline_s):
            raise Unavailable(f"{job.name} did not finish within {job.deadline_s:g} s{log_tail(log)}")
        if process.returncode != 0:
            raise Unavailable(f"{job.name} ended with status {process.returncode}{log_tail(log)}")
    finally:
        await end(process, _KILL_DEADLINE_S, asyncio.Event())
