"""Processes that are killed, and forked again from one that has all imported."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from tests.e2e.storm.programs import ROOT

_ENDS_WITHIN_S: Final = 30.0


class Nursery:
    """Where they are forked. `environment`: its own, by which all of them are found."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Have it import what it needs."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.e2e.torture.nursery",
                env=self._environment,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    async def fork(self, kind: str, environment: dict[str, str], log: Path) -> Child:
        """A new process."""
        wanted = {"kind": kind, "environment": environment, "log": str(log)}
        async with self._turn:
            if self._process is None or self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("the nursery does not run")
            self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
            return Child(int(await self._process.stdout.readline()))

    async def stop(self) -> None:
        """All that it has forked must have ended."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_S)


class Child:
    """A process that another has forked; known by a handle, so that nobody else is ever hit who got its number."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._handle: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._handle = None

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._handle is not None and not select.select([self._handle], [], [], 0)[0]

    def signal(self, sent: signal.Signals) -> None:
        """If it lives."""
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, sent)

    async def ended(self) -> None:
        """Wait for its end."""
        if not self.lives:
            return
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        handle = os.dup(self._handle or 0)  # more than one may wait
        loop.add_reader(handle, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def close(self) -> None:
        """Know it no longer."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


class Program:
    """One of a kind, forked again whenever it has ended, unless it is kept down."""

    def __init__(self, nursery: Nursery, kind: str, environment: dict[str, str], log: Path) -> None:
        self._nursery, self._kind, self._environment, self._log = nursery, kind, environment, log
        self._child: Child | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._down = asyncio.Lock()
        self._runs = asyncio.Event()

    def start(self) -> None:
        """Have it run from now on."""
        self._keeping = asyncio.create_task(self._keep())

    async def kill(self, down_s: float) -> None:
        """kill -9, as soon as there is one to kill; nobody starts it again for a while."""
        while True:
            await self._runs.wait()
            async with self._down:
                if self._hit():
                    await self.ended()
                    self.killed()
                    await asyncio.sleep(down_s)
                    return
            await asyncio.sleep(0.01)

    async def ended(self) -> None:
        """Wait for the end of the one that runs."""
        if self._child is not None:
            await self._child.ended()

    def killed(self) -> None:
        """It is about to be started again."""

    def _hit(self) -> bool:
        if self._child is None or not self._child.lives:
            return False
        self._child.signal(signal.SIGKILL)
        return True

    async def stop(self) -> None:
        """Have it end, and stay away."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._child is not None:
            self._child.signal(signal.SIGTERM)
            await asyncio.wait_for(self._child.ended(), _ENDS_WITHIN_S)

    async def _keep(self) -> None:
        while True:
            async with self._down:
                before, self._child = self._child, await self._nursery.fork(self._kind, self._environment, self._log)
                if before is not None:
                    before.close()
            self._runs.set()
            await self._child.ended()
            self._runs.clear()
            await asyncio.sleep(0.05)  # one that cannot start yet is not started without end


@asynccontextmanager
async def nursing(environment: dict[str, str], log: Path) -> AsyncIterator[Nursery]:
    """A nursery for as long as the block."""
    nursery = Nursery(environment, log)
    await nursery.start()
    try:
        yield nursery
    finally:
        await nursery.stop()
