"""A sandbox that locks nothing: its programs run in a thread of the test. Only for code that the tests wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from scizor.ports.sandbox import Answer, Arrays, Document, Limits, OnMessage, Question, Responder


class FakeSandbox:
    """`ports.sandbox.Sandbox`. What travels is what JSON can hold, as in earnest.

    `failure`: raised in place of the next answer. `held`: until it is set, programs have answered but nobody is told.
    `forge`: changes every answer, as hostile code may. `asked`: the names of the programs. `cancelled`: how many runs.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.held: asyncio.Event | None = None
        self.forge: Callable[[Answer], Answer] = lambda answer: answer
        self.asked: list[str] = []
        self.limits: list[Limits] = []
        self.cancelled = 0

    async def run(
        self, program: str, document: Document, arrays: Arrays, limits: Limits, on_message: OnMessage | None = None
    ) -> Answer:
        module, _, name = program.partition(":")
        self.asked.append(name)
        self.limits.append(limits)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        loop = asyncio.get_running_loop()

        def say(message: Document) -> None:
            if on_message is not None:
                loop.call_soon_threadsafe(on_message, _sent(message))

        question = Question(_sent(document), dict(arrays))
        try:
            answer: Answer = await asyncio.to_thread(getattr(import_module(module), name), question, say)
            if self.held is not None:
                await self.held.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.forge(Answer(_sent(answer.document), dict(answer.arrays)))

    @asynccontextmanager
    async def converse(
        self, program: str, document: Document, arrays: Arrays, limits: Limits
    ) -> AsyncIterator[FakeConversation]:
        module, _, name = program.partition(":")
        self.asked.append(name)
        self.limits.append(limits)
        opening: Callable[[Question], Responder] = getattr(import_module(module), name)
        respond = await asyncio.to_thread(opening, Question(_sent(document), dict(arrays)))
        yield FakeConversation(self, respond)

    async def close(self) -> None:
        """Nothing is open."""


class FakeConversation:
    """`ports.sandbox.Conversation`. `failure`, `held` and `forge` of its sandbox hold for each of its answers."""

    def __init__(self, sandbox: FakeSandbox, respond: Responder) -> None:
        self._sandbox, self._respond, self._turn = sandbox, respond, asyncio.Lock()

    async def ask(self, document: Document, arrays: Arrays | None = None, *, deadline_s: float) -> Answer:
        async with self._turn:
            if self._sandbox.failure is not None:
                failure, self._sandbox.failure = self._sandbox.failure, None
                raise failure
            question = Question(_sent(document), dict(arrays or {}))
            async with asyncio.timeout(deadline_s):
                answer = await asyncio.to_thread(self._respond, question)
                if self._sandbox.held is not None:
                    await self._sandbox.held.wait()
        return self._sandbox.forge(Answer(_sent(answer.document), dict(answer.arrays)))


def _sent(document: Document) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(json.dumps(document))
    return sent
