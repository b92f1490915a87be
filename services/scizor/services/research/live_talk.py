"""A strategy at work as its host has it: rows and views go in, intents come out, behind them a locked process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from scizor.ports.sandbox import Conversation, Limits, Sandbox
from scizor.services.research.live_intents import Reader
from scizor.services.research.live_parts import Array, Start, Step, rows_parts, splits_parts, start_parts, steps_parts
from scizor.strategy.live import Intent, Row, View

PROGRAM: Final = "scizor.services.research.live:opened"
"""What a sandbox is to converse with."""
WARM: Final = "scizor.services.research.live:ready"
"""What a sandbox does ahead of all conversations."""
_MOST_AT_ONCE: Final = 1_000
Split = tuple[str, float]


class LiveTalk:
    """What `strategy.live.LiveStrategy` is, asked from afar; see there. Made by `live_talk`.

    `deadline_s`: of one row, and of each thousand of a batch. Every method raises StrategyError for what the code did,
    late or wrong answers among it, and Unavailable for what is our fault; after either no more is to be asked.
    """

    def __init__(self, conversation: Conversation, start: Start, deadline_s: float, batch_deadline_s: float) -> None:
        self._conversation, self._symbols = conversation, start.symbols
        self._deadline_s, self._batch_deadline_s = deadline_s, batch_deadline_s
        self._reader = Reader(start.symbols, start.listings or {})
        self.printed = ""
        """What the code printed about the last it was told."""

    async def warm(self, rows: Sequence[Row], splits: Mapping[int, Sequence[Split]] | None = None) -> None:
        """Rows before trading begins. `splits`: by the place of the row they come before."""
        by_row = splits or {}
        for first in range(0, len(rows), _MOST_AT_ONCE):
            part = rows[first : first + _MOST_AT_ONCE]
            told = splits_parts(by_row.get(first + place, ()) for place in range(len(part)))
            await self._ask({"what": "warm", "splits": told}, rows_parts(part, self._symbols), self._batch_deadline_s)

    async def replay(self, steps: Sequence[Step]) -> None:
        """Tell again what a process before this one was told; what is asked for is dropped, ids count on."""
        for first in range(0, len(steps), _MOST_AT_ONCE):
            await self._steps(steps[first : first + _MOST_AT_ONCE], False, self._batch_deadline_s)

    async def row(
        self, row: Row, view: View, *, acting: bool = True, splits: Sequence[Split] = ()
    ) -> tuple[Intent, ...]:
        """A row that has closed, and the account at its close. `splits`: since the row before."""
        (intents,) = await self._steps([Step(view, row, tuple(splits))], acting, self._deadline_s)
        return intents

    async def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """What happened since, without waiting for the next row."""
        (intents,) = await self._steps([Step(view)], acting, self._deadline_s)
        return intents

    async def stop(self, view: View) -> None:
        """The last row is over."""
        document, arrays = steps_parts([Step(view)], self._symbols)
        await self._ask(document | {"what": "stop"}, arrays, self._deadline_s)

    async def _steps(self, steps: Sequence[Step], acting: bool, deadline_s: float) -> list[tuple[Intent, ...]]:
        document, arrays = steps_parts(steps, self._symbols)
        # What is asked for must go on above all ids that anyone knows of.
        known = [max((one.view.last_id, *(order.id for order in one.view.orders))) for one in steps]
        self._reader.last_id = max(self._reader.last_id, *known)
        answer = await self._ask(document | {"what": "steps", "acting": acting}, arrays, deadline_s)
        return self._reader.read(answer, len(steps), acting=acting)

    async def _ask(self, document: dict[str, Any], arrays: Mapping[str, Array], deadline_s: float) -> dict[str, Any]:
        answer = await self._conversation.ask(document, arrays, deadline_s=deadline_s)
        self.printed = answer.printed
        return answer.document


@asynccontextmanager
async def live_talk(
    sandbox: Sandbox, start: Start, limits: Limits, *, deadline_s: float = 2.0, batch_deadline_s: float = 60.0
) -> AsyncIterator[LiveTalk]:
    """A strategy in a process of its own, which ends when this is left.

    Raises StrategyError for a text that cannot be loaded or made, LimitExceeded, FailedPrecondition and Unavailable as
    the sandbox does.
    """
    async with sandbox.converse(PROGRAM, start_parts(start), {}, limits) as conversation:
        yield LiveTalk(conversation, start, deadline_s, batch_deadline_s)
