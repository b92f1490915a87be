"""Asking the broker for one chunk: its contract, its bars, and, where bars are lacking at the start, since when."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

import structlog

from scizor.domain.broker import BrokerContract, ConnectionState, FailureCategory, SourceFailure
from scizor.domain.collections import Chunk, ChunkFailure
from scizor.domain.errors import Reason, ScizorError, Unavailable
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import from_day
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from scizor.services.marketdata.collection.means import Means, until_ready
from scizor.services.marketdata.collection.outcomes import Answered, Failed, Outcome

_CATEGORIES: Final = {
    Reason.SYMBOL_UNKNOWN_TO_BROKER: FailureCategory.UNKNOWN_CONTRACT,
    Reason.SYMBOL_NOT_FOUND: FailureCategory.UNKNOWN_CONTRACT,
    Reason.SYMBOL_AMBIGUOUS: FailureCategory.AMBIGUOUS_CONTRACT,
}
_OF_SYMBOL: Final = frozenset(
    {FailureCategory.UNKNOWN_CONTRACT, FailureCategory.AMBIGUOUS_CONTRACT, FailureCategory.NOT_PERMITTED}
)
"""What is refused for one chunk is refused for every other of the symbol."""

_log = structlog.get_logger(__name__)


class Fetcher:
    """Asks for the chunks of one collection, and remembers what holds for a symbol as a whole."""

    def __init__(self, instruments: Mapping[int, StoredInstrument], means: Means) -> None:
        self._instruments = instruments
        self._means = means
        self._contracts: dict[int, BrokerContract] = {}
        self._earliest: dict[int, date] = {}
        self._asking_earliest: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._refusals: dict[int, ChunkFailure] = {}

    async def fetch(self, chunk: Chunk) -> Outcome:
        """Never raises: whatever happens, it happened to this chunk. Waits while the broker cannot be asked."""
        refusal = self._refusals.get(chunk.key)
        if refusal is not None:
            return Failed(chunk, refusal, passes=False)
        if chunk.last < self._earliest.get(chunk.key, date.min):
            return Answered(chunk, None, self._earliest[chunk.key])
        try:
            await until_ready(self._means.connection)
            return await self._answered(chunk)
        except SourceFailure as error:
            cut_off = error.category is FailureCategory.DISCONNECTED and await self._is_away()
            return self._failed(chunk, error.category, error.code, error.message, counts=not cut_off)
        except ScizorError as error:
            return self._failed(chunk, _CATEGORIES.get(error.reason, FailureCategory.REFUSED), 0, error.message)
        except Exception as error:  # noqa: BLE001 - a fault in asking for one chunk is no reason to lose the others
            _log.error("fetch_fault", symbol=chunk.symbol, exc_info=error)
            return self._failed(chunk, FailureCategory.SOURCE_FAULT, 0, "the server met a fault of its own")

    async def _answered(self, chunk: Chunk) -> Answered:
        contract = await self._contract(self._instruments[chunk.key])
        request = HistoryRequest(contract, chunk.interval, chunk.first, chunk.last)
        answer = await self._means.history.bars(request)
        if not self._lacks_first(chunk, answer):
            return Answered(chunk, answer, requests=answer.requests)
        async with self._asking_earliest[chunk.key]:
            known = chunk.key in self._earliest
            earliest = await self._earliest_of(chunk.key, contract)
        return Answered(chunk, answer, earliest, answer.requests + (not known))

    async def _contract(self, instrument: StoredInstrument) -> BrokerContract:
        while instrument.key not in self._contracts:
            try:
                self._contracts[instrument.key] = await self._means.contracts.of(instrument)
            except SourceFailure:
                raise
            except Unavailable:
                await asyncio.sleep(self._means.settings.storage_retry_s)
        return self._contracts[instrument.key]

    async def _earliest_of(self, key: int, contract: BrokerContract) -> date:
        """The symbol's first session; the beginning of time where the broker does not say: then any may have bars."""
        if key not in self._earliest:
            try:
                self._earliest[key] = await self._means.history.earliest(contract) or date.min
            except SourceFailure as error:
                if error.category.passes:
                    raise
                self._earliest[key] = date.min
        return self._earliest[key]

    def _lacks_first(self, chunk: Chunk, answer: HistoryAnswer) -> bool:
        """Whether the first sessions of the chunk have no bars: the symbol may not have been listed."""
        exchange = self._instruments[chunk.key].instrument.primary_exchange
        over = self._means.times.held(exchange, chunk.first, chunk.last, answer.receive_time).over
        return len(over) > 0 and (len(answer.bars) == 0 or from_day(answer.bars["day"][0]) > from_day(over[0]))

    async def _is_away(self) -> bool:
        """Whether the connection is lost; its status may learn of that a moment after who waited for an answer."""
        connection = self._means.connection
        if connection.status.state is ConnectionState.READY:
            await asyncio.sleep(self._means.settings.batch_s)
        return connection.status.state is not ConnectionState.READY

    def _failed(
        self, chunk: Chunk, category: FailureCategory, code: int, message: str, *, counts: bool = True
    ) -> Failed:
        """One that was cut off by the loss of the connection is no attempt: it is asked again when there is another."""
        failure = ChunkFailure(category, code, message)
        if category in _OF_SYMBOL:
            self._refusals[chunk.key] = failure
        return Failed(chunk, failure, passes=category.passes, requests=int(counts), counts=counts)
