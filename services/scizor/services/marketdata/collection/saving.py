"""Saving what a running collection has come to, again and again until storage takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from scizor.domain.broker import FailureCategory
from scizor.domain.collections import Chunk, ChunkFailure, Collection, CollectionProgress
from scizor.domain.errors import ScizorError, Unavailable
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.outcomes import Failed, Outcome
from scizor.services.marketdata.collection.storing import Outdated, Stock
from scizor.services.marketdata.collection.tally import Counts, Tally

_LONGEST_WAIT_S = 5.0

_log = structlog.get_logger(__name__)


class Lost(Exception):
    """No error: someone cancelled the collection, or took it over."""


class Saver:
    """Saves batches of one claimed collection, one after the other."""

    def __init__(self, collection: Collection, owner: str, means: Means, tally: Tally, stock: Stock) -> None:
        self.collection = collection
        self._owner = owner
        self._means = means
        self._tally = tally
        self._stock = stock

    async def save(self, outcomes: Sequence[Outcome]) -> list[Chunk]:
        """Store the outcomes, or only a sign of life; the chunks as they now stand. Raises Lost.

        Storage that is away is waited for. An outcome that storage does not take fails alone.
        """
        try:
            return await self._saved(outcomes)
        except Lost:
            raise
        except Exception as error:
            if len(outcomes) > 1:
                return [chunk for outcome in outcomes for chunk in await self.save([outcome])]
            if not outcomes or (isinstance(outcomes[0], Failed) and not outcomes[0].known):
                raise
            return await self.save([self._spoilt(outcomes[0], error)])

    def _spoilt(self, outcome: Outcome, error: Exception) -> Failed:
        """The outcome that storage, or what leads to it, cannot take."""
        told = error.message if isinstance(error, ScizorError) else "the server met a fault of its own"
        _log.error("chunk_not_storable", collection=self.collection.id, symbol=outcome.chunk.symbol, exc_info=error)
        failure = ChunkFailure(FailureCategory.REFUSED, 0, f"not storable: {told}")
        return Failed(outcome.chunk, failure, passes=False, requests=outcome.requests, known=False)

    async def _saved(self, outcomes: Sequence[Outcome]) -> list[Chunk]:
        """As `save`, for storage that takes all. Raises ScizorError when it does not."""
        attempted: list[Chunk] = []
        wait_s = self._means.settings.storage_retry_s
        while True:
            try:
                async with self._means.storage.begin() as work:
                    if attempted and await self._is_there(work, attempted):
                        # The answer to a commit was lost, not the commit.
                        chunks, progress = attempted, (await work.collections.get(self.collection.id)).progress
                    else:
                        chunks, progress = await self._in_one(work, outcomes)
                        attempted = chunks
            except Outdated:
                _log.info("stored_meanwhile_by_others", collection=self.collection.id)
            except Unavailable as error:
                _log.warning("collection_not_saved", collection=self.collection.id, error=error.message)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                self._tally.take(chunks, progress)
                self.collection = replace(self.collection, progress=progress)
                self._means.bus.publish(self.collection.id, self.collection)
                return chunks

    async def _in_one(self, work: UnitOfWork, outcomes: Sequence[Outcome]) -> tuple[list[Chunk], CollectionProgress]:
        chunks, counts = await self._stock.take(work, outcomes) if outcomes else ([], Counts())
        progress = self._tally.after(chunks, counts)
        progress = self._tally.timed(progress, asyncio.get_running_loop().time())
        now = self._means.clock.now()
        if not await work.collections.save(self.collection.id, self._owner, progress, chunks, now):
            raise Lost
        return chunks, progress

    async def _is_there(self, work: UnitOfWork, attempted: Sequence[Chunk]) -> bool:
        """Whether the ledger holds what was to be saved: all of a batch or nothing."""
        wanted = attempted[0]
        found = await work.collections.chunks(self.collection.id, None, wanted.number - 1, 1)
        return found == [wanted]
