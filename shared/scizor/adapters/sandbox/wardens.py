"""The warden as its host has it: started, asked, heard, and gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from scizor.adapters.sandbox.gaps import Gap, gaps_of
from scizor.adapters.sandbox.settings import SandboxSettings
from scizor.adapters.sandbox.verdicts import End
from scizor.adapters.sandbox.wire import MAX_REQUEST_BYTES
from scizor.domain.errors import Unavailable

_STDERR = 2
_MODULE = "scizor.adapters.sandbox.warden"
# Where Python and its libraries look for their files. Nothing else of the service's environment is passed on.
_KEPT = ("HOME", "LD_LIBRARY_PATH", "NUMBA_CACHE_DIR", "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "PYTHONHOME")
_SET = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    # A process with threads cannot be forked safely, and the pools of libraries would not be there in a child.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # One arena for all threads: each of its own takes 64 MiB of the address space, which is what is limited.
    "MALLOC_ARENA_MAX": "1",
    # Each run begins with fresh memory: in large pages the kernel hands it over ten times faster.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class Warden:
    """A warden's process. Made by `started`; of no more use once `gone` is done.

    It dies with the thread that started it, which is the event loop's.
    """

    def __init__(self, process: Process, control: socket.socket) -> None:
        self.gaps: tuple[Gap, ...] = ()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._process, self._control = process, control
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends: dict[int, asyncio.Future[End]] = {}
        self._pids: dict[int, int] = {}

    @classmethod
    async def started(cls, settings: SandboxSettings) -> Warden:
        """One that is ready. Raises Unavailable."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with its:
                process = await _spawn(settings, its.fileno())
        except OSError as error:
            ours.close()
            raise Unavailable(f"the sandbox cannot be started: {error}") from error
        except BaseException:
            ours.close()
            raise
        warden = cls(process, ours)
        asyncio.get_running_loop().add_reader(ours.fileno(), warden._hear)
        try:
            async with asyncio.timeout(settings.start_s):
                await asyncio.shield(warden._ready)
        except TimeoutError as error:
            await warden.stop()
            raise Unavailable(f"the sandbox was not ready within {settings.start_s:g} s") from error
        except BaseException:
            await warden.stop()
            raise
        return warden

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def begin(self, number: int, request: Mapping[str, Any], fds: Sequence[int]) -> asyncio.Future[End]:
        """Fork a child. The descriptors may be closed once this returns. Raises Unavailable."""
        message = json.dumps({"run": number, **request}).encode()
        try:
            if self.gone.done() or len(message) > MAX_REQUEST_BYTES:
                raise OSError(f"a request of {len(message):,} bytes")
            socket.send_fds(self._control, [message], fds)
        except OSError as error:
            raise Unavailable(f"the sandbox is away: {error}") from error
        end: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._ends[number] = end
        return end

    def end(self, number: int) -> None:
        """Kill a run's child, if it still has one."""
        with suppress(OSError):
            self._control.send(json.dumps({"end": number}).encode())

    def pid_of(self, number: int) -> int | None:
        """The process of a conversation, while it is known to be there."""
        return self._pids.get(number)

    async def stop(self) -> None:
        """Kill it; its children die with it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        self._lose()

    def _hear(self) -> None:
        try:
            text = self._control.recv(MAX_REQUEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        if not text:
            self._lose()
            return
        told = json.loads(text)
        if "ready" in told:
            self.gaps = gaps_of(map(tuple, told["ready"]), root=os.geteuid() == 0)
            self._ready.set_result(None)
        elif "begun" in told:
            self._pids[told["begun"]] = told["pid"]
        else:
            end = self._ends.pop(told["ended"])
            self._pids.pop(told["ended"], None)
            how = End(told.get("status", 1), told.get("cpu_s", 0.0), told.get("ended_by", ""), told.get("fault", ""))
            if not end.done():
                end.set_result(how)

    def _lose(self) -> None:
        if self.gone.done():
            return
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._control.close()
        self.gone.set_result(None)
        how = "with all its runs" if self._ready.done() else "before it was ready; the service's errors say why"
        error = Unavailable(f"the sandbox ended {how}")
        unanswered: list[asyncio.Future[Any]] = [self._ready, *self._ends.values()]
        for waiting in unanswered:
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # told to whoever waits; where nobody does, nobody misses it
        self._ends.clear()


async def _spawn(settings: SandboxSettings, control: int) -> Process:
    configuration = {
        "host": os.getpid(),
        "control": control,
        "preload": settings.preload,
        "import_roots": [str(root.absolute()) for root in settings.import_roots],
        "readable": [os.environ[name] for name in ("NUMBA_CACHE_DIR",) if name in os.environ],
        "uid": settings.first_uid if os.geteuid() == 0 else None,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the folder it happens to start in is no place to import from, nor one that runs may read
        "-m",
        _MODULE,
        json.dumps(configuration),
        env=_environment(),
        cwd="/",
        stdin=DEVNULL,
        stdout=_STDERR,
        pass_fds=(control,),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(os.path.abspath(folder) for folder in folders if folder)  # noqa: PTH100 - text in, text out
    return kept | _SET | ({"PYTHONPATH": path} if path else {})
