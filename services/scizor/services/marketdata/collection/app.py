"""The use cases of collections: asking for one, looking at it, ending it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

from scizor.domain.broker import ConnectionState
from scizor.domain.collections import (
    Chunk,
    ChunkState,
    Collection,
    CollectionKind,
    CollectionProgress,
    CollectionSpec,
    CollectionState,
)
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, Unavailable
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.collection.means import Means, until_ready
from scizor.services.marketdata.collection.planning import AHEAD
from scizor.services.marketdata.collection.watch import CollectionWatch, WatchEvent


@dataclass(frozen=True, slots=True)
class Collections:
    """Queue, find and end collections. `wake_runner`: says that one was queued."""

    means: Means
    wake_runner: Callable[[], None]

    async def is_broker_ready(self) -> bool:
        """Whether the broker can be asked, or can be within a few seconds."""
        try:
            async with asyncio.timeout(self.means.settings.ready_wait_s):
                await until_ready(self.means.connection)
        except TimeoutError:
            return False
        return True

    def demand_broker(self, ready: bool) -> None:
        """Raises Unavailable(BROKER_UNAVAILABLE) unless `ready`."""
        if not ready:
            status = self.means.connection.status
            state = ConnectionState(status.state).name
            message = f"the broker at {status.address} is {state}" + (f": {status.message}" if status.message else "")
            metadata = {"address": status.address, "state": state}
            raise Unavailable(message, Reason.BROKER_UNAVAILABLE, metadata=metadata)

    async def create(self, work: UnitOfWork, asked: CollectionSpec) -> Collection:
        """Queue what is asked, with every symbol resolved. Call `announce` once it is committed.

        Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput, LimitExceeded(QUEUE_FULL).
        """
        spec = await self._resolved(work, asked)
        limit = self.means.settings.queue_limit
        if await work.collections.count_unfinished() >= limit:
            message = f"{limit} collections are queued or running: retry when some have ended"
            raise LimitExceeded(message, Reason.QUEUE_FULL, metadata={"limit": str(limit)})
        now = self.means.clock.now()
        collection_id = new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        collection = Collection(collection_id, spec, CollectionProgress(1, CollectionState.QUEUED), now)
        await work.collections.add(collection)
        return collection

    async def rehearse(self, asked: CollectionSpec) -> Collection:
        """What would be asked, as a collection without an id that is nowhere stored. Raises as `create`."""
        async with self.means.storage.begin() as work:
            spec = await self._resolved(work, asked)
            plan = await self.means.planning.plan(work, spec)
        progress = CollectionProgress(
            1,
            CollectionState.QUEUED,
            symbols_total=plan.symbols_total,
            symbols_complete=plan.symbols_complete,
            chunks_total=len(plan.chunks),
        )
        return Collection("", spec, progress, self.means.clock.now())

    async def cancel(self, work: UnitOfWork, collection_id: str) -> Collection:
        """End one that has not ended. Call `announce` once it is committed.

        Raises NotFound, FailedPrecondition(COLLECTION_FINISHED).
        """
        return await work.collections.cancel(collection_id, self.means.clock.now())

    def announce(self, collection: Collection) -> None:
        """Tell watchers and workers of a change that is committed."""
        self.means.bus.publish(collection.id, collection)
        self.wake_runner()

    async def get(
        self, collection_id: str, state: ChunkState | None, after: int, limit: int
    ) -> tuple[Collection, list[Chunk]]:
        """A collection as it stands, with its chunks of the state and a greater number. Raises NotFound."""
        async with self.means.storage.begin() as work:
            collection = await work.collections.get(collection_id)
            return collection, await work.collections.chunks(collection_id, state, after, limit)

    def watch(self, collection_id: str) -> AsyncGenerator[WatchEvent]:
        """What becomes of a collection, until its end. Raises NotFound, Unavailable."""
        return CollectionWatch(self.means).events(collection_id)

    async def page(self, state: CollectionState | None, before: str | None, limit: int) -> list[Collection]:
        """Newest first, those older than the id `before`."""
        async with self.means.storage.begin() as work:
            return await work.collections.page(state, before, limit)

    async def _resolved(self, work: UnitOfWork, asked: CollectionSpec) -> CollectionSpec:
        """The symbols as full ids, with the currency where another instrument has the same."""
        self._demand_past(asked)
        if asked.primary_exchange:
            self.means.times.demand_calendar(asked.primary_exchange)
        if not asked.symbols:
            return asked
        named = [one.instrument for one in await work.symbols.get_many(asked.symbols)]
        for one in named:
            self.means.times.demand_calendar(one.primary_exchange)
        found = await work.symbols.find_many([one.id for one in named])
        ids = [one.id if alone else f"{one.id}.{one.currency}" for one, alone in zip(named, found, strict=True)]
        return replace(asked, symbols=tuple(dict.fromkeys(ids)))

    def _demand_past(self, asked: CollectionSpec) -> None:
        """Raises InvalidInput for a date that has come on no exchange."""
        newest = self.means.clock.now().date() + AHEAD
        end_field = "date" if asked.kind is CollectionKind.DAILY else "end"
        for field, day in (("start", asked.start), (end_field, asked.end)):
            if day is not None and day > newest:
                raise InvalidInput.of_field(field, f"must not be in the future: {day}", Reason.DATE_RANGE_INVALID)
