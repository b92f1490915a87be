"""What the broker knows about instruments: asked before they are stored, and again from time to time."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from scizor.domain.broker import SourceFailure
from scizor.domain.errors import Unavailable
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.ports.broker import ContractDirectory
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.marketdata.symbols.asking import Answer, Questions
from scizor.services.marketdata.symbols.populating import Populated, populate, populate_unchecked
from scizor.services.marketdata.symbols.standing import VerificationSettings
from scizor.services.marketdata.symbols.validating import Validated, Validating, ValidationOrder


class Verification:
    """The use cases that ask the broker about instruments."""

    def __init__(
        self, storage: Storage, directory: ContractDirectory, clock: Clock, settings: VerificationSettings | None = None
    ) -> None:
        self._settings = settings or VerificationSettings()
        self._storage = storage
        self._clock = clock
        self._questions = Questions(directory, self._settings.at_once)

    async def ask(self, instrument: Instrument) -> Answer:
        """The broker's word about one that may be stored; asked before a transaction begins, so it raises nothing."""
        return await self._questions.one(instrument)

    async def store(self, work: UnitOfWork, answer: Answer) -> StoredInstrument:
        """Store an instrument the broker knows, with its contract.

        Raises AlreadyExists(SYMBOL_EXISTS), FailedPrecondition(SYMBOL_UNKNOWN_TO_BROKER),
        InvalidInput(SYMBOL_AMBIGUOUS), Unavailable(BROKER_UNAVAILABLE, BROKER_REFUSED).
        """
        stored = await work.symbols.add(answer.instrument)
        try:
            finding = answer.demanded()
        except SourceFailure as failure:
            message = (
                f"{failure.message}: set skip_validation to store {answer.instrument.id} without asking the broker"
            )
            raise Unavailable(message, failure.reason, metadata=failure.metadata) from failure
        return await work.symbols.verified(stored.key, finding, self._clock.now())

    def populate(self, *, unchecked: bool) -> AsyncGenerator[Populated, None]:
        """Store what is missing of the built-in universe; `unchecked`: without asking the broker."""
        if unchecked:
            return populate_unchecked(self._storage)
        return populate(self._storage, self._questions, self._clock)

    def validate(self, order: ValidationOrder) -> AsyncGenerator[Validated, None]:
        """Ask about stored instruments and follow the answers."""
        return Validating(self._storage, self._questions, self._clock, self._settings).run(order)
