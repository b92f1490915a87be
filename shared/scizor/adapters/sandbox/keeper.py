"""The warden's one loop: requests come, children are forked, watched, ended in time and reported."""

from __future__ import annotations

import json
import math
import mmap
import os
import select
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from scizor.adapters.sandbox.child import Task
from scizor.adapters.sandbox.locks import Cell
from scizor.adapters.sandbox.questions import Packed, unpack
from scizor.adapters.sandbox.wire import GRACE_S, MAX_REQUEST_BYTES
from scizor.ports.sandbox import Limits

_MOST_FDS = 4
_LASTING_S = 1e9


@dataclass(frozen=True, slots=True)
class Means:
    """What the warden keeps for its children: descriptors that a process which sees no /proc and no /dev has no more.

    `size`: of /proc/self/statm. `ruleset`: landlock's, None without. `tolerated`: locks that may be missing.
    """

    null: int
    proc: int
    size: int
    ruleset: int | None
    tolerated: frozenset[str]

    def cell(
        self,
        uid: int | None,
        limits: Limits,
        printed: int,
        answer: int,
        questions: int | None = None,
        more_bytes: int = 0,
    ) -> Cell:
        """The cell of a child that begins `more_bytes` larger than this process. `questions`: of a conversation."""
        pages = int(os.pread(self.size, 128, 0).split()[0])
        size_bytes = pages * mmap.PAGESIZE + more_bytes
        given = self.null if questions is None else questions
        return Cell(uid, os.getpid(), size_bytes, limits, given, printed, answer, self.ruleset)


@dataclass(slots=True)
class _Child:
    number: int
    pid: int
    deadline: float
    ended_by: str = ""


class Keeper:
    """Serves one host through `control`, a socket that keeps messages apart."""

    def __init__(self, control: socket.socket, means: Means) -> None:
        self._control, self._means = control, means
        self._children: dict[int, _Child] = {}  # by the descriptor that tells their end
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> Task | None:
        """Returns in each child, with its task, and in the warden itself when the host is gone, with None."""
        while True:
            for fd, _ in self._poll.poll(self._patience_ms()):
                if fd != self._control.fileno():
                    self._bury(fd)
                    continue
                try:
                    text, fds, _, _ = socket.recv_fds(self._control, MAX_REQUEST_BYTES, _MOST_FDS)
                except ConnectionError:  # it left with reports unread
                    return None
                if not text:
                    return None
                task = self._hear(json.loads(text), fds)
                if task is not None:
                    return task
            self._end_overdue()

    def _hear(self, request: dict[str, Any], fds: list[int]) -> Task | None:
        if "end" not in request:
            return self._begin(request, fds)
        for child in self._children.values():
            if child.number == request["end"]:
                self._end(child, "host")
        return None

    def _begin(self, request: dict[str, Any], fds: list[int]) -> Task | None:
        question, printed, answer, *rest = fds
        asked = rest[0] if rest else None  # through which a conversation is asked
        limits, packed = Limits(**request["limits"]), Packed(question, *request["question"])
        allowed = limits if asked is None else replace(limits, cpu_s=_LASTING_S)
        cell = self._means.cell(request["uid"], allowed, printed, answer, asked, packed.size_bytes)
        try:
            pid = os.fork()
        except OSError as error:
            self._report(request["run"], fault=f"fork: {error}")
            pid = -1
        if not pid:
            self._go_first()
            return Task(request["program"], unpack(packed), cell, self._means.tolerated, asked is not None)
        for fd in fds:
            os.close(fd)
        if pid > 0:
            watch = os.pidfd_open(pid)
            # A conversation lasts; its host keeps its time, and may look how much it computes.
            deadline = time.monotonic() + limits.wall_s + GRACE_S if asked is None else math.inf
            self._children[watch] = _Child(request["run"], pid, deadline)
            self._poll.register(watch, select.POLLIN)
            if asked is not None:
                self._tell({"begun": request["run"], "pid": pid})
        return None

    def _go_first(self) -> None:
        """Let the kernel end this process before any other when memory runs out."""
        with suppress(OSError):
            score = os.open("self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC, dir_fd=self._means.proc)
            os.write(score, b"1000")
            os.close(score)

    def _bury(self, watch: int) -> None:
        child = self._children.pop(watch)
        self._poll.unregister(watch)
        os.close(watch)
        _, status, used = os.wait4(child.pid, 0)
        cpu_s = used.ru_utime + used.ru_stime
        self._report(child.number, status=os.waitstatus_to_exitcode(status), cpu_s=cpu_s, ended_by=child.ended_by)

    def _report(self, number: int, **how: object) -> None:
        self._tell({"ended": number, **how})

    def _tell(self, message: dict[str, object]) -> None:
        with suppress(ConnectionError):  # the host is gone: the next look at the socket tells
            self._control.send(json.dumps(message).encode())

    def _patience_ms(self) -> float | None:
        first = min((child.deadline for child in self._children.values() if not child.ended_by), default=math.inf)
        return max(first - time.monotonic(), 0.0) * 1e3 + 1 if first < math.inf else None

    def _end_overdue(self) -> None:
        for child in self._children.values():
            if not child.ended_by and child.deadline <= time.monotonic():
                self._end(child, "clock")

    @staticmethod
    def _end(child: _Child, by: str) -> None:
        child.ended_by = child.ended_by or by
        os.kill(child.pid, signal.SIGKILL)  # not waited for yet: the id is no one else's
