"""One run as its host sees it: the question given, what comes back, and the end, however it comes."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import Any

from scizor.adapters.sandbox.questions import Packed, pack
from scizor.adapters.sandbox.reading import Pipe, Printed, Records
from scizor.adapters.sandbox.verdicts import End, verdict
from scizor.adapters.sandbox.wardens import Warden
from scizor.adapters.sandbox.wire import GRACE_S
from scizor.domain.errors import Unavailable
from scizor.ports.sandbox import Answer, Arrays, Document, Limits, OnMessage

_PATIENCE_S = 5.0
_PIPE_BYTES = 1 << 20


class Run:
    """Made for one call: first `begin`, then `finished`."""

    def __init__(self, warden: Warden, number: int, limits: Limits, on_message: OnMessage | None) -> None:
        self._warden, self._number, self._limits = warden, number, limits
        self._trouble: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._records = Records(limits.answer_bytes, on_message, self._on_trouble)
        self._printed = Printed(self._on_trouble)

    def begin(self, program: str, question: Packed, uid: int | None) -> asyncio.Future[End]:
        """Let the warden fork; what is returned is done when the child is gone. Raises Unavailable."""
        request = {
            "program": program,
            "uid": uid,
            "limits": asdict(self._limits),
            "question": (question.header_bytes, question.size_bytes),
        }
        try:
            with ExitStack() as stack:
                writing = [self._listen(pipe, stack) for pipe in (self._printed, self._records)]
                return self._warden.begin(self._number, request, [question.fd, *writing])
        except BaseException:
            self._close()
            raise

    async def finished(self, ended: asyncio.Future[End]) -> Answer:
        """The answer. Raises what the port says; whatever comes, the child is gone or on its way."""
        try:
            async with asyncio.timeout(self._limits.wall_s + GRACE_S + _PATIENCE_S):
                either: set[asyncio.Future[Any]] = {ended, self._trouble}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not ended.done():
                    self._warden.end(self._number)
                end = await asyncio.shield(ended)
                await self._records.closed.wait()
                await self._printed.closed.wait()
        except TimeoutError as error:
            await self._warden.stop()
            raise Unavailable("the sandbox did not end a run that was out of time") from error
        finally:
            if not ended.done():
                self._warden.end(self._number)
            self._close()
        trouble = self._trouble.result() if self._trouble.done() else None
        return await asyncio.to_thread(verdict, end, self._records, self._printed, trouble, self._limits)

    def _listen(self, pipe: Pipe, stack: ExitStack) -> int:
        """Open a pipe and read from it; returns its other end, open as long as the stack."""
        reading, writing = os.pipe()
        stack.callback(os.close, writing)
        with suppress(OSError):  # an account's share of large pipes may be used up
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        pipe.listen(reading)
        return writing

    def _on_trouble(self, error: Exception) -> None:
        if not self._trouble.done():
            self._trouble.set_result(error)

    def _close(self) -> None:
        self._records.close()
        self._printed.close()


async def packed(document: Document, arrays: Arrays) -> Packed:
    """The question in memory of its own, written down in a thread: it may be large."""
    packing = asyncio.get_running_loop().run_in_executor(None, pack, document, arrays)
    try:
        return await asyncio.shield(packing)
    except asyncio.CancelledError:
        packing.add_done_callback(_drop)
        raise


def _drop(packing: asyncio.Future[Packed]) -> None:
    if not packing.cancelled() and packing.exception() is None:
        os.close(packing.result().fd)
