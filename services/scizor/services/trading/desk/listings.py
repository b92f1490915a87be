"""What is traded: from a caller's spelling to the instrument, the broker's contract of it and its increments."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from scizor.domain.broker import BrokerContract
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.ports.broker import ContractDirectory
from scizor.ports.storage import Storage

_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Listing:
    """`reference`: the instrument's, such as `BHP.ASX.AUD`. `tick` in its currency, `lot` in shares."""

    instrument: Instrument
    contract: BrokerContract
    lot: Decimal = Decimal(1)

    @property
    def reference(self) -> str:
        """The text that names the instrument and no other."""
        return self.instrument.reference

    @property
    def tick(self) -> Decimal:
        """The smallest step of its price."""
        return self.contract.min_tick


class Listings:
    """Found once and kept: a contract never changes its id, and an instrument never its key."""

    def __init__(self, storage: Storage, contracts: ContractDirectory) -> None:
        self._storage, self._contracts = storage, contracts
        self._found: dict[str, Listing] = {}

    def known(self, symbol: str) -> Listing | None:
        """If it has been found before."""
        return self._found.get(symbol)

    async def find(self, symbol: str) -> Listing:
        """Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS), FailedPrecondition(
        SYMBOL_UNKNOWN_TO_BROKER), Unavailable, SourceFailure.
        """
        listing = self._found.get(symbol)
        if listing is None:
            async with self._storage.begin() as work:
                stored = await work.symbols.get(symbol)
                contract = (await work.symbols.contracts([stored.key])).get(stored.key)
            listing = Listing(stored.instrument, contract or await self._asked(stored))
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[symbol] = self._found[listing.reference] = listing
        return listing

    async def _asked(self, stored: StoredInstrument) -> BrokerContract:
        instrument = stored.instrument
        fitting = [
            one
            for one in await self._contracts.find(instrument)
            if (one.primary_exchange, one.currency) == (instrument.primary_exchange, instrument.currency)
        ]
        if len(fitting) != 1:
            told = "several contracts" if fitting else "no contract"
            raise FailedPrecondition(
                f"the broker has {told} of {instrument.reference}",
                Reason.SYMBOL_UNKNOWN_TO_BROKER,
                metadata={"symbol": instrument.reference},
            )
        return fitting[0]
