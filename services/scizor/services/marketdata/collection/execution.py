"""One claimed collection, from its plan to its end.

Chunks that are due are asked as the broker's slots become free; what comes back is stored in batches by one writer,
which also gives the sign of life. A chunk that was asked waits in memory until it is stored, so there are never more of
them than `unsaved_chunks`, however long storage is away.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from scizor.domain.collections import (
    Chunk,
    ChunkState,
    Collection,
    CollectionError,
    CollectionProgress,
    CollectionState,
)
from scizor.domain.errors import Reason, ScizorError, Unavailable
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata.collection.agenda import Agenda
from scizor.services.marketdata.collection.fetch import Fetcher
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.outcomes import Outcome
from scizor.services.marketdata.collection.saving import Lost, Saver
from scizor.services.marketdata.collection.sieve import Sieve
from scizor.services.marketdata.collection.storing import Stock
from scizor.services.marketdata.collection.tally import Tally

_RELEASE_S: Final = 2.0  # a stop waits no longer; what is not given back by then waits for its lease to end

_log = structlog.get_logger(__name__)


class Execution:
    """Runs a collection that `owner` has claimed. `end`: how it ended, once that is recorded."""

    def __init__(self, collection: Collection, owner: str, means: Means) -> None:
        self._collection = collection
        self._owner = owner
        self._means = means
        self._agenda = Agenda()
        self._outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self._room = asyncio.Semaphore(means.settings.unsaved_chunks)
        self.end: CollectionState | None = None

    async def run(self) -> None:
        """Run it to its end and record that end; one that is lost on the way is left as it is.

        When cancelled, it is given back to the queue, its ledger as it stands.
        """
        try:
            while True:
                if await self._attempted():
                    return
                await asyncio.sleep(self._means.settings.poll_s)
        except Lost:
            _log.info("collection_lost", collection=self._collection.id)
        except asyncio.CancelledError:
            await self._give_back()
            raise

    async def _attempted(self) -> bool:
        """Whether it came to an end: not when storage is away before the first chunk or after the last."""
        try:
            async with self._means.storage.begin() as work:
                self._collection = await work.collections.get(self._collection.id)
            await self._attempt()
        except Unavailable as error:
            _log.warning("collection_held_up", collection=self._collection.id, error=error.message)
            return False
        return True

    async def _attempt(self) -> None:
        try:
            tally = await self._collected()
        except (Lost, Unavailable):
            raise
        except ScizorError as error:
            await self._end(self._failed_progress(), CollectionError(error.reason, error.message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the collection ends with it and the service lives on
            _log.error("collection_fault", collection=self._collection.id, exc_info=error)
            message = "the server met a fault of its own while it collected"
            await self._end(self._failed_progress(), CollectionError(Reason.INTERNAL, message))
        else:
            await self._finish(tally)

    async def _collected(self) -> Tally:
        """What it came to when no chunk is left."""
        pending = await self._planned()
        async with self._means.storage.begin() as work:
            instruments = {one.key: one for one in await work.symbols.all(SymbolFilter())}
        tally = Tally(self._collection.progress, pending, asyncio.get_running_loop().time())
        stock = Stock(self._collection.id, self._collection.spec, instruments, self._means)
        stock.expect(pending)
        saver = Saver(self._collection, self._owner, self._means, tally, stock)
        self._agenda.add(pending, self._means.clock.now())
        try:
            async with asyncio.TaskGroup() as tasks:
                sieve = Sieve(self._collection.spec, instruments, self._means)
                asking = tasks.create_task(self._ask_all(tasks, sieve, Fetcher(instruments, self._means)))
                await self._save_all(saver, tally)
                asking.cancel()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        finally:
            self._collection = saver.collection
        return tally

    async def _planned(self) -> list[Chunk]:
        """The chunks to ask for; the first who runs the collection plans it."""
        async with self._means.storage.begin() as work:
            if await work.collections.planned(self._collection.id):
                return await work.collections.pending(self._collection.id)
            plan = await self._means.planning.plan(work, self._collection.spec)
            progress = replace(
                self._collection.progress,
                sequence=self._collection.progress.sequence + 1,
                symbols_total=plan.symbols_total,
                symbols_complete=plan.symbols_complete,
                chunks_total=len(plan.chunks),
            )
            if not await work.collections.plan(self._collection.id, self._owner, plan.chunks, progress):
                raise Lost
        self._tell(progress)
        return list(plan.chunks)

    async def _ask_all(self, tasks: asyncio.TaskGroup, sieve: Sieve, fetcher: Fetcher) -> None:
        """Ask for every chunk when it is due, for as long as there may be more."""
        while True:
            due = await self._agenda.due(self._means.settings.batch_chunks)
            for chunk, ready in await sieve.sifted(due):
                await self._room.acquire()
                if ready is not None:
                    self._outcomes.put_nowait(ready)
                    continue
                await self._means.slots.acquire()
                tasks.create_task(self._ask(fetcher, chunk))

    async def _ask(self, fetcher: Fetcher, chunk: Chunk) -> None:
        try:
            outcome = await fetcher.fetch(chunk)
        finally:
            self._means.slots.release()
        self._outcomes.put_nowait(outcome)

    async def _save_all(self, saver: Saver, tally: Tally) -> None:
        """Store what comes until no chunk is left; say so each time, and when nothing comes for long too."""
        while tally.left:
            batch = await self._gathered()
            chunks = await saver.save(batch)
            self._agenda.add([chunk for chunk in chunks if chunk.state is ChunkState.PENDING], self._means.clock.now())
            for _ in batch:
                self._room.release()

    async def _gathered(self) -> list[Outcome]:
        """What came within a moment after the first; nothing when it is time for a sign of life."""
        settings, batch = self._means.settings, list[Outcome]()
        loop = asyncio.get_running_loop()
        until = loop.time() + settings.heartbeat_s
        try:
            async with asyncio.timeout_at(until) as waiting:
                while len(batch) < settings.batch_chunks:
                    batch.append(await self._outcomes.get())
                    if len(batch) == 1:
                        waiting.reschedule(loop.time() + settings.batch_s)
        except TimeoutError:
            pass
        return batch

    async def _finish(self, tally: Tally) -> None:
        state, error = tally.outcome, None
        if state is CollectionState.FAILED:
            error = await self._reason()
        progress = replace(tally.progress, sequence=tally.progress.sequence + 1, state=state, remaining_s=None)
        await self._end(progress, error)

    async def _reason(self) -> CollectionError:
        """Why no chunk was answered, as its last one tells it."""
        async with self._means.storage.begin() as work:
            failed = await work.collections.chunks(self._collection.id, ChunkState.FAILED, 0, 1)
        failure = failed[0].failure if failed else None
        if failure is None:
            return CollectionError(Reason.BROKER_REFUSED, "no chunk was answered")
        reason = Reason.BROKER_UNAVAILABLE if failure.category.passes else Reason.BROKER_REFUSED
        return CollectionError(reason, f"no chunk was answered; {failed[0].symbol}: {failure.message}")

    def _failed_progress(self) -> CollectionProgress:
        before = self._collection.progress
        return replace(before, sequence=before.sequence + 1, state=CollectionState.FAILED, remaining_s=None)

    async def _end(self, progress: CollectionProgress, error: CollectionError | None) -> None:
        collection, now = self._collection, self._means.clock.now()
        async with self._means.storage.begin() as work:
            if not await work.collections.end(collection.id, self._owner, progress, now, error):
                raise Lost
        self.end = progress.state
        self._means.bus.publish(collection.id, replace(collection, progress=progress, end_time=now, error=error))
        _log.info("collection_ended", collection=collection.id, state=progress.state.name)

    def _tell(self, progress: CollectionProgress) -> None:
        self._collection = replace(self._collection, progress=progress)
        self._means.bus.publish(self._collection.id, self._collection)

    async def _give_back(self) -> None:
        collection_id = self._collection.id
        try:
            async with asyncio.timeout(_RELEASE_S), self._means.storage.begin() as work:
                released = await work.collections.release(collection_id, self._owner)
        except Exception as error:  # noqa: BLE001 - the stop goes on, and the lease ends by itself
            _log.warning("collection_not_released", collection=collection_id, error=str(error))
        else:
            _log.info("collection_released" if released else "collection_lost", collection=collection_id)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the others."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
