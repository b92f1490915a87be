"""The broker's contracts of instruments: the recorded one, else asked for once and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.errors import FailedPrecondition, InvalidInput, Reason, ScizorError
from scizor.domain.instruments import Instrument, StoredInstrument, Verification
from scizor.ports.broker import ContractDirectory
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.ports.symbols import Finding

QUESTIONS_AT_ONCE: Final = 16
"""The broker's adapter keeps the pace; this keeps the answers, each of them written, from taking all connections."""


class Contracts:
    """Contracts by instrument. Those who ask for one instrument at a time share one question."""

    def __init__(self, storage: Storage, directory: ContractDirectory, clock: Clock) -> None:
        self._storage = storage
        self._directory = directory
        self._clock = clock
        self._under_way: dict[int, asyncio.Task[BrokerContract]] = {}

    async def of(self, instrument: StoredInstrument) -> BrokerContract:
        """The instrument's contract.

        Raises FailedPrecondition(SYMBOL_UNKNOWN_TO_BROKER), InvalidInput(SYMBOL_AMBIGUOUS) with the candidates,
        SourceFailure, and NotFound for an instrument that is gone.
        """
        async with self._storage.begin() as work:
            recorded = await work.symbols.contracts([instrument.key])
        return recorded.get(instrument.key) or await self._asked(instrument)

    async def of_many(self, instruments: Sequence[StoredInstrument]) -> Mapping[int, BrokerContract | ScizorError]:
        """For each instrument, by storage's number, its contract or what `of` would raise.

        Once the broker is disconnected nobody else is asked about: each question would wait for its deadline.
        """
        found: dict[int, BrokerContract | ScizorError] = {}
        gate = asyncio.Semaphore(QUESTIONS_AT_ONCE)
        lost: list[ScizorError] = []

        async def ask(instrument: StoredInstrument) -> None:
            async with gate:
                try:
                    found[instrument.key] = lost[0] if lost else await self._asked(instrument)
                except ScizorError as error:
                    found[instrument.key] = error
                    if isinstance(error, SourceFailure) and error.category is FailureCategory.DISCONNECTED:
                        lost.append(error)

        async with self._storage.begin() as work:
            found.update(await work.symbols.contracts([one.key for one in instruments]))
        async with asyncio.TaskGroup() as questions:
            for instrument in {one.key: one for one in instruments if one.key not in found}.values():
                questions.create_task(ask(instrument))
        return found

    async def _asked(self, instrument: StoredInstrument) -> BrokerContract:
        """A question outlives whoever asked it first: others may wait for it too."""
        question = self._under_way.get(instrument.key)
        if question is None:
            question = asyncio.create_task(self._ask(instrument))
            self._under_way[instrument.key] = question
            question.add_done_callback(lambda done: self._answered(instrument.key, done))
        return await asyncio.shield(question)

    def _answered(self, key: int, question: asyncio.Task[BrokerContract]) -> None:
        del self._under_way[key]
        if not question.cancelled():
            question.exception()  # looked at, as whoever asked may be gone

    async def _ask(self, instrument: StoredInstrument) -> BrokerContract:
        found = await self._directory.find(instrument.instrument)
        finding = judged(instrument.instrument, found)
        async with self._storage.begin() as work:
            await work.symbols.verified(instrument.key, finding, self._clock.now())
        return demanded(instrument.instrument, finding, candidates(instrument.instrument, found))


def judged(instrument: Instrument, found: Sequence[BrokerContract]) -> Finding:
    """What the broker's contracts mean for the instrument. It leaves open what follows for its being active."""
    fitting = _fitting(instrument, found)
    if len(fitting) == 1:
        return Finding(Verification.VALID, contract=fitting[0])
    if fitting:
        return Finding(Verification.AMBIGUOUS, f"the broker knows several: {'; '.join(_labels(fitting))}")
    name = instrument.reference
    if found:
        return Finding(Verification.INVALID, f"the broker knows no {name}, only {'; '.join(_labels(found))}")
    return Finding(Verification.INVALID, f"the broker knows no {name}")


def candidates(instrument: Instrument, found: Sequence[BrokerContract]) -> tuple[str, ...]:
    """The labels of those that fit an ambiguous instrument; none for any other."""
    fitting = _fitting(instrument, found)
    return _labels(fitting) if len(fitting) > 1 else ()


def demanded(instrument: Instrument, finding: Finding, named: Sequence[str]) -> BrokerContract:
    """The finding's contract. Raises FailedPrecondition(SYMBOL_UNKNOWN_TO_BROKER), InvalidInput(SYMBOL_AMBIGUOUS)."""
    if finding.contract is not None:
        return finding.contract
    metadata = {"symbol": instrument.id}
    message = f"symbol {instrument.id}: {finding.reason}"
    if finding.result is Verification.AMBIGUOUS:
        raise InvalidInput(message, Reason.SYMBOL_AMBIGUOUS, metadata=metadata | {"candidates": "; ".join(named)})
    raise FailedPrecondition(message, Reason.SYMBOL_UNKNOWN_TO_BROKER, metadata=metadata)


def _fitting(instrument: Instrument, found: Sequence[BrokerContract]) -> list[BrokerContract]:
    """Those of the instrument's key, each contract once."""
    wanted = instrument.primary_exchange, instrument.currency
    return list({one.con_id: one for one in found if (one.primary_exchange, one.currency) == wanted}.values())


def _labels(contracts: Sequence[BrokerContract]) -> tuple[str, ...]:
    return tuple(sorted({one.label for one in contracts}))
