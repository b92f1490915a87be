"""A conversation as its host has it: each exchange within its deadline, and every way to the end."""

from __future__ import annotations

import asyncio
import fcntl
import math
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from typing import Any, Final

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.answers import from_bytes, to_bytes
from scizor.adapters.sandbox.documents import Broken
from scizor.adapters.sandbox.questions import Packed
from scizor.adapters.sandbox.reading import Pipe, Printed, Replies
from scizor.adapters.sandbox.verdicts import End, Killed, verdict
from scizor.adapters.sandbox.wardens import Warden
from scizor.adapters.sandbox.words import clean
from scizor.domain.errors import InvalidInput, ScizorError, Unavailable
from scizor.ports.sandbox import Answer, Arrays, Document, Limits
from scizor.strategy.errors import StrategyError

_PATIENCE_S: Final = 5.0
_PIPE_BYTES: Final = 1 << 20
_LONG_BYTES: Final = 64 << 10  # an answer beyond is read in a thread: others are served meanwhile
_UNASKED_CPU_S: Final = 2.0
_BETWEEN_LOOKS_S: Final = 10.0


class Talk:
    """`ports.sandbox.Conversation`. Made for one: first `begin`, then `opened`, at last `close`."""

    def __init__(self, warden: Warden, number: int, limits: Limits) -> None:
        loop = asyncio.get_running_loop()
        self._warden, self._number, self._limits = warden, number, limits
        self._trouble: asyncio.Future[Exception] = loop.create_future()
        self._reply: asyncio.Future[bytearray] = loop.create_future()
        self._replies = Replies(limits.answer_bytes, self._on_answer, self._on_trouble)
        self._printed = Printed(self._on_trouble)
        self._turn = asyncio.Lock()
        self._failure: ScizorError | None = None
        self._questions = -1
        self._ended: asyncio.Future[End] = loop.create_future()
        self._cpu_s = 0.0
        self._looking: asyncio.TimerHandle | None = None

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
                writing = [self._listen(pipe, stack) for pipe in (self._printed, self._replies)]
                asked, self._questions = os.pipe()
                stack.callback(os.close, asked)
                os.set_blocking(self._questions, False)
                self._ended = self._warden.begin(self._number, request, [question.fd, *writing, asked])
        except BaseException:
            self._close_pipes()
            raise
        self._look_later()
        return self._ended

    async def opened(self) -> None:
        """Wait until the program is ready to be asked. Raises as `ask`."""
        async with self._turn:
            await self._answer(self._limits.wall_s)

    async def ask(self, document: Document, arrays: Arrays | None = None, *, deadline_s: float) -> Answer:
        """As the port says."""
        pieces = to_bytes({"deadline_s": deadline_s, "document": dict(document)}, arrays or {})
        length = sum(map(len, pieces))
        if length > self._limits.question_bytes:
            rule = f"is of {length:,} bytes: at most {self._limits.question_bytes:,}"
            raise InvalidInput.of_field("question", rule)
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            self._look()
            self._reply, self._replies.expected = asyncio.get_running_loop().create_future(), True
            return await self._answer(deadline_s, [wire.HEAD.pack(wire.QUESTION, length), *pieces])

    async def close(self) -> None:
        """The process is gone once this returns, if anything makes it go."""
        self._failure = self._failure or Unavailable("the conversation is over")
        self._warden.end(self._number)
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.shield(self._ended)
        self._close_pipes()

    async def _answer(self, deadline_s: float, pieces: Sequence[bytes | memoryview] = ()) -> Answer:
        try:
            late = not await self._exchange(deadline_s, pieces)
            if not self._reply.done():
                await self._fail(deadline_s, late)
            told = self._reply.result()
            answer = from_bytes(told) if len(told) < _LONG_BYTES else await asyncio.to_thread(from_bytes, told)
            self._cpu_s = self._used_cpu_s()
            return replace(answer, printed=clean(self._printed.take()))
        except Broken as error:
            self._on_trouble(error)
            await self._fail(deadline_s, late=False)
            raise
        except BaseException as error:
            self._warden.end(self._number)
            cut_off = Unavailable("the conversation was left in the middle of an exchange")
            self._failure = error if isinstance(error, ScizorError) else cut_off
            raise

    async def _exchange(self, deadline_s: float, pieces: Sequence[bytes | memoryview]) -> bool:
        """Say what there is to say, and wait for the reply or the end; whether either came in time."""
        either: set[asyncio.Future[Any]] = {self._reply, self._ended, self._trouble}
        try:
            async with asyncio.timeout(deadline_s + wire.GRACE_S):
                await self._say(pieces)
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return False
        return True

    async def _say(self, pieces: Sequence[bytes | memoryview]) -> None:
        short = sum(map(len, pieces)) <= _LONG_BYTES
        for piece in [b"".join(pieces)] if short else pieces:
            left = memoryview(piece)
            while left:
                try:
                    left = left[os.write(self._questions, left) :]
                except BlockingIOError:
                    await self._room()
                except BrokenPipeError:  # its end says why
                    return

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        free: asyncio.Future[None] = loop.create_future()
        loop.add_writer(self._questions, free.cancel)  # done is all that counts, and this may come twice
        waiting: set[asyncio.Future[Any]] = {free, self._ended}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_writer(self._questions)

    async def _fail(self, deadline_s: float, late: bool) -> None:
        """End it, and raise why. Whatever the child did comes to light only when it is gone."""
        self._warden.end(self._number)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                end = await asyncio.shield(self._ended)
                await self._replies.closed.wait()
                await self._printed.closed.wait()
        except TimeoutError as error:
            await self._warden.stop()
            raise Unavailable("the sandbox did not end a conversation that was over") from error
        trouble = self._trouble.result() if self._trouble.done() else None
        how = replace(end, ended_by="clock") if late else end
        limits = replace(self._limits, wall_s=deadline_s, cpu_s=math.inf)
        try:
            await asyncio.to_thread(verdict, how, self._replies, self._printed, trouble, limits)
        except Killed as error:
            raise Unavailable("its process was killed, by itself or by a system that ran out of memory") from error
        raise Unavailable("its process has ended")

    def _look(self) -> None:
        """End what computes although nobody asks."""
        asked = self._turn.locked() and not self._reply.done()
        if not asked and self._used_cpu_s() - self._cpu_s > _UNASKED_CPU_S:
            self._on_trouble(StrategyError.at("computes although it is not asked anything"))
        if not self._ended.done() and not self._trouble.done():
            self._look_later()

    def _look_later(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.get_running_loop().call_later(_BETWEEN_LOOKS_S, self._look)

    def _used_cpu_s(self) -> float:
        """What its process has used of processors so far."""
        pid = self._warden.pid_of(self._number)
        try:
            return time.clock_gettime((~pid << 3) | 2) if pid is not None else self._cpu_s  # CLOCK_PROCESS_CPUTIME_ID's
        except OSError:  # it is gone
            return self._cpu_s

    def _listen(self, pipe: Pipe, stack: ExitStack) -> int:
        reading, writing = os.pipe()
        stack.callback(os.close, writing)
        with suppress(OSError):  # an account's share of large pipes may be used up
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        pipe.listen(reading)
        return writing

    def _on_answer(self, content: bytearray) -> None:
        if not self._reply.done():
            self._reply.set_result(content)

    def _on_trouble(self, error: Exception) -> None:
        self._warden.end(self._number)
        if not self._trouble.done():
            self._trouble.set_result(error)

    def _close_pipes(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._replies.close()
        self._printed.close()
        if self._questions >= 0:
            os.close(self._questions)
            self._questions = -1
