"""From symbols to the contracts whose prices are read."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.domain.broker import BrokerContract, SourceFailure
from scizor.domain.errors import FailedPrecondition, InvalidInput, ScizorError
from scizor.domain.instruments import StoredInstrument
from scizor.domain.live import FeedState, FeedStatus
from scizor.ports.storage import Storage
from scizor.services.marketdata.live.news import Line
from scizor.services.marketdata.symbols.contracts import Contracts


class LineFinder:
    """Finds the lines that symbols name."""

    def __init__(self, storage: Storage, contracts: Contracts) -> None:
        self._storage, self._contracts = storage, contracts

    async def find(self, symbols: Sequence[str]) -> list[Line]:
        """One line an instrument, in the order named; what the broker refuses is refused for that line alone.

        Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS) for a symbol that names no one instrument, and
        SourceFailure when a contract must be asked for and the broker is away.
        """
        async with self._storage.begin() as work:
            named = await work.symbols.get_many(symbols)
        instruments = list({stored.key: stored for stored in named}.values())
        contracts = await self._contracts.of_many(instruments)
        return [_line(stored, contracts[stored.key]) for stored in instruments]


def _line(stored: StoredInstrument, found: BrokerContract | ScizorError) -> Line:
    if isinstance(found, BrokerContract):
        return Line(stored.instrument.id, found)
    refused = isinstance(found, FailedPrecondition | InvalidInput)
    code = 0
    if isinstance(found, SourceFailure):
        refused, code = not found.category.passes, found.code
    if not refused:
        raise found
    return Line(stored.instrument.id, FeedStatus(FeedState.REFUSED, code, found.message))
