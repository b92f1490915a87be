"""Uploaded code at work: each question is one locked process, which runs a program of ours on the text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scizor.codec.plain import to_plain
from scizor.domain.backtests import BacktestSpec
from scizor.domain.errors import FailedPrecondition, LimitExceeded, Reason, Unavailable
from scizor.domain.strategies import Declared, Finding, FindingKind, Severity
from scizor.ports.calendar import SessionCalendar
from scizor.ports.sandbox import Answer, Limits, Sandbox
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.strategies.answers import (
    declared_from,
    findings_of,
    history_parts,
    outcome_of,
)
from scizor.services.backtest.strategies.columns import Array
from scizor.services.backtest.strategies.turns import Turns
from scizor.services.history.load import History
from scizor.strategy.errors import StrategyError

_PROGRAMS: Final = "scizor.services.research.confined"
WARM: Final = f"{_PROGRAMS}:ready"
"""What a sandbox does ahead of all questions."""
LOOKED_AT: Final = 2
"""Texts that are looked at or checked at a time, whatever is run besides."""
_MOST_WAITING: Final = 64
_MOST_OF_CALLER: Final = 16
# Of a text, not of the bars that come with it.
_LOOKING: Final = Limits(cpu_s=10.0, wall_s=10.0)
_CHECKING: Final = Limits(cpu_s=20.0, wall_s=20.0)


@dataclass(frozen=True, slots=True)
class Text:
    """A strategy's text. `name`: what its errors call it by."""

    source: str
    name: str

    @property
    def document(self) -> dict[str, Any]:
        """As every question has it."""
        return {"source": self.source, "file": f"{self.name}.py"}


@dataclass(frozen=True, slots=True)
class Hosting:
    """Asks the sandbox. Every method raises StrategyError for what the code did, Unavailable for what is our own fault,
    and FailedPrecondition(SANDBOX_UNAVAILABLE) where this machine can lock nothing up.

    `running`: what a whole run may use; looking at a text and checking it take less. `looking`: the turns of both, so
    that however many ask for them, a job that has its own turn finds a process, and so does each caller. Both raise
    LimitExceeded where too many wait for one.
    """

    sandbox: Sandbox
    calendar: SessionCalendar
    running: Limits = field(default_factory=Limits)
    looking: Turns = field(default_factory=lambda: Turns(LOOKED_AT, _MOST_WAITING, _MOST_OF_CALLER))

    async def declared(self, text: Text, caller: str = "") -> Declared:
        """What the text declares, by loading it."""
        async with self.looking.one(caller):
            answer = await self._ask("describe", text.document, {}, _LOOKING)
        return await asyncio.to_thread(declared_from, answer.document)

    async def check(
        self, text: Text, spec: BacktestSpec, history: History | None, caller: str = ""
    ) -> tuple[list[Finding], Declared | None]:
        """What is wrong with it, on these bars or on bars made up for it, and what it declares where it loads.

        That it takes too long, or ends its process, is a finding like any other.
        """
        question = text.document | {"spec": to_plain(spec)}
        arrays: dict[str, Array] = {}
        if history is not None:
            described, arrays = await asyncio.to_thread(history_parts, history, self.calendar)
            question |= described
        try:
            async with self.looking.one(caller):
                answer = await self._ask("check", question, arrays, _CHECKING)
            return await asyncio.to_thread(findings_of, answer.document)
        except StrategyError as error:
            return [Finding(Severity.ERROR, FindingKind.RUN, error.message, error.line)], None

    async def run(self, text: Text, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        """Run it. `on_bars` is told how many bars are done, as far as the code's process is to be believed."""
        described, arrays = await asyncio.to_thread(history_parts, history, self.calendar)
        question = text.document | {"spec": to_plain(spec)} | described

        def on_message(message: Mapping[str, Any]) -> None:
            done = message.get("bars")
            if type(done) is int:
                on_bars(done)

        answer = await self._ask("run", question, arrays, self.running, on_message)
        return await asyncio.to_thread(outcome_of, answer.document, answer.arrays)

    async def _ask(
        self,
        program: str,
        question: Mapping[str, Any],
        arrays: Mapping[str, Any],
        limits: Limits,
        on_message: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Answer:
        try:
            return await self.sandbox.run(f"{_PROGRAMS}:{program}", question, arrays, limits, on_message)
        except (LimitExceeded, Unavailable) as error:  # nothing that the code did: later it may have its turn
            raise Unavailable(error.message, Reason.SANDBOX_UNAVAILABLE, metadata=error.metadata) from error
        except FailedPrecondition as error:
            raise FailedPrecondition(error.message, Reason.SANDBOX_UNAVAILABLE, metadata=error.metadata) from error
