"""A sandbox that locks nothing: its programs run in a thread of the test. Only for code that the tests wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

from scizor.ports.sandbox import Answer, Arrays, Document, Limits, OnMessage, Question


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

    async def close(self) -> None:
        """Nothing is open."""


def _sent(document: Document) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(json.dumps(document))
    return sent
