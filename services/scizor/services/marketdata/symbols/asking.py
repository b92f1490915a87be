"""Questions to the broker about instruments, and its answers as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import islice

from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.domain.instruments import Instrument
from scizor.ports.broker import ContractDirectory
from scizor.ports.symbols import Finding
from scizor.services.marketdata.symbols.contracts import candidates, demanded, judged


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker said about an instrument, or how it failed to. `candidates`: labels, when it is AMBIGUOUS."""

    instrument: Instrument
    outcome: Finding | SourceFailure
    candidates: tuple[str, ...] = ()

    @property
    def disconnected(self) -> bool:
        """Whether asking on is in vain."""
        return isinstance(self.outcome, SourceFailure) and self.outcome.category is FailureCategory.DISCONNECTED

    def demanded(self) -> Finding:
        """The finding of an instrument the broker knows.

        Raises SourceFailure, FailedPrecondition(SYMBOL_UNKNOWN_TO_BROKER), InvalidInput(SYMBOL_AMBIGUOUS).
        """
        if isinstance(self.outcome, SourceFailure):
            raise self.outcome
        demanded(self.instrument, self.outcome, self.candidates)
        return self.outcome


class Questions:
    """Asks the broker; nothing is recorded. `at_once`: how many questions of one call may be under way."""

    def __init__(self, directory: ContractDirectory, at_once: int) -> None:
        self._directory = directory
        self._at_once = at_once

    async def one(self, instrument: Instrument) -> Answer:
        """The answer about one instrument; never raises SourceFailure."""
        try:
            found = await self._directory.find(instrument)
        except SourceFailure as failure:
            return Answer(instrument, failure)
        return Answer(instrument, judged(instrument, found), candidates(instrument, found))

    async def many(self, instruments: Sequence[Instrument]) -> AsyncGenerator[list[Answer], None]:
        """All answers, those that came together at a time. Leaving early ends the questions under way.

        Raises SourceFailure as soon as the broker is disconnected: each further question would wait for its deadline.
        """
        left = iter(instruments)
        under_way = {asyncio.create_task(self.one(each)) for each in islice(left, self._at_once)}
        try:
            while under_way:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                under_way |= {asyncio.create_task(self.one(each)) for each in islice(left, len(done))}
                answers = [task.result() for task in done]
                for answer in answers:
                    if answer.disconnected:
                        answer.demanded()
                yield answers
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
