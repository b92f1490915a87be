"""The sandbox port on locked processes of this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Final

import structlog

from scizor.adapters.sandbox.gaps import Gap
from scizor.adapters.sandbox.runs import Run, packed
from scizor.adapters.sandbox.settings import SandboxSettings
from scizor.adapters.sandbox.talks import Talk
from scizor.adapters.sandbox.verdicts import Killed
from scizor.adapters.sandbox.wardens import Warden
from scizor.domain.errors import FailedPrecondition, LimitExceeded, Reason, ScizorError, Unavailable
from scizor.ports.sandbox import Answer, Arrays, Document, Limits, OnMessage

_MOST_DEATHS: Final = 3

_log = structlog.get_logger(__name__)


class LockedSandbox:
    """Runs programs in children of a warden, `concurrency` at a time; the others wait, at most `waiting` of them.

    Conversations have places of their own. A warden that dies is started anew; its runs end as Unavailable.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self._settings = settings or SandboxSettings()
        self._warden: Warden | None = None
        self._starting = asyncio.Lock()
        self._numbers = count(1)
        self._slots: asyncio.Queue[int] = asyncio.Queue()
        for slot in range(self._settings.concurrency):
            self._slots.put_nowait(slot)
        self._seats = list(range(self._settings.concurrency, self._settings.concurrency + self._settings.conversations))
        self._waiting = 0
        self._closed = False
        self._reviving: asyncio.Task[None] | None = None

    async def start(self) -> tuple[Gap, ...]:
        """Have a warden ready, and return the locks that this machine lacks.

        Raises FailedPrecondition where one is missing that nothing makes up for, and weaker runs are not allowed;
        Unavailable where none can be started.
        """
        return (await self._ready()).gaps

    @property
    def warden_pid(self) -> int | None:
        """The warden's process, while there is one."""
        return self._warden.pid if self._warden is not None and not self._warden.gone.done() else None

    async def run(
        self,
        program: str,
        document: Document,
        arrays: Arrays,
        limits: Limits,
        on_message: OnMessage | None = None,
    ) -> Answer:
        """As the port says. A run whose process is killed, perhaps by others, is run again before it is to blame."""
        for _ in range(_MOST_DEATHS - 1):
            with suppress(Killed):
                return await self._run_once(program, document, arrays, limits, on_message)
        return await self._run_once(program, document, arrays, limits, on_message)

    @asynccontextmanager
    async def converse(self, program: str, document: Document, arrays: Arrays, limits: Limits) -> AsyncIterator[Talk]:
        """As the port says."""
        if not self._seats:
            raise LimitExceeded("as many conversations with uploaded code are open as may be", Reason.QUEUE_FULL)
        seat = self._seats.pop()
        try:
            talk = Talk(await self._ready(), next(self._numbers), limits)
            question = await packed(document, arrays)
            try:
                ended = talk.begin(program, question, self._uid(seat))
            finally:
                os.close(question.fd)
        except BaseException:
            self._seats.append(seat)
            raise
        ended.add_done_callback(lambda _: self._seats.append(seat))
        try:
            await talk.opened()
            yield talk
        finally:
            await talk.close()

    async def close(self) -> None:
        """End all runs and conversations, and the warden."""
        self._closed = True
        if self._reviving is not None:
            self._reviving.cancel()
            with suppress(asyncio.CancelledError):
                await self._reviving
        if self._warden is not None:
            await self._warden.stop()

    async def _run_once(
        self, program: str, document: Document, arrays: Arrays, limits: Limits, on_message: OnMessage | None
    ) -> Answer:
        slot = await self._slot()
        try:
            run = Run(await self._ready(), next(self._numbers), limits, on_message)
            question = await packed(document, arrays)
            try:
                ended = run.begin(program, question, self._uid(slot))
            finally:
                os.close(question.fd)
        except BaseException:
            self._slots.put_nowait(slot)
            raise
        # The child of a run that is cancelled is gone a moment later; until then nobody else may be its user.
        ended.add_done_callback(lambda _: self._slots.put_nowait(slot))
        return await run.finished(ended)

    def _uid(self, slot: int) -> int | None:
        return self._settings.first_uid + slot if os.geteuid() == 0 else None

    async def _slot(self) -> int:
        if self._waiting >= self._settings.waiting:
            raise LimitExceeded("too many runs of uploaded code wait for their turn", Reason.QUEUE_FULL)
        self._waiting += 1
        try:
            return await self._slots.get()
        finally:
            self._waiting -= 1

    async def _ready(self) -> Warden:
        async with self._starting:
            if self._closed:
                raise Unavailable("the sandbox is closed", Reason.SHUTTING_DOWN)
            if self._warden is None or self._warden.gone.done():
                self._warden = await self._started()
            return self._warden

    async def _started(self) -> Warden:
        warden = await Warden.started(self._settings)
        for gap in warden.gaps:
            _log.warning("sandbox_gap", lock=gap.lock, reason=gap.reason, made_up_for=gap.made_up_for)
        open_ = "; ".join(str(gap) for gap in warden.gaps if not gap.made_up_for)
        if open_ and not self._settings.allow_weaker:
            await warden.stop()
            message = f"uploaded code cannot be locked in on this machine: {open_}"
            raise FailedPrecondition(message, Reason.SANDBOX_UNAVAILABLE)
        warden.gone.add_done_callback(lambda _: self._lost())
        _log.info("sandbox_ready", pid=warden.pid, gaps=[gap.lock for gap in warden.gaps])
        return warden

    def _lost(self) -> None:
        if not self._closed:
            _log.warning("sandbox_lost")
            self._reviving = asyncio.get_running_loop().create_task(self._revive())

    async def _revive(self) -> None:
        try:
            await self._ready()
        except ScizorError as error:  # the next run tries again, and tells whoever asked for it
            _log.error("sandbox_not_revived", error=error.message)
