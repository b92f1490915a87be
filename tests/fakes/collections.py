"""Collections and their ledgers in dicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scizor.domain.collections import (
    Chunk,
    ChunkState,
    Collection,
    CollectionError,
    CollectionProgress,
    CollectionState,
)
from scizor.domain.errors import DataCorrupt, FailedPrecondition, NotFound, Reason
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeCollection, FakeTables


class FakeCollections:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def add(self, collection: Collection) -> None:
        if collection.id in self._tables.collections:
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._put(FakeCollection(collection))

    async def get(self, collection_id: str) -> Collection:
        return self._find(collection_id).collection

    async def page(self, state: CollectionState | None, before: str | None, limit: int) -> list[Collection]:
        found = [
            stored.collection
            for stored in self._tables.collections.values()
            if state in (None, stored.collection.progress.state) and (before is None or stored.collection.id < before)
        ]
        return sorted(found, key=lambda collection: collection.id, reverse=True)[:limit]

    async def count_unfinished(self) -> int:
        return sum(not stored.collection.progress.state.ended for stored in self._tables.collections.values())

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Collection | None:
        for _, stored in sorted(self._tables.collections.items()):
            before, heard = stored.collection.progress, stored.heartbeat
            stale = before.state is CollectionState.RUNNING and heard is not None and heard < stale_before
            if before.state is CollectionState.QUEUED or stale:
                progress = _following(stored, replace(before, state=CollectionState.RUNNING, remaining_s=None))
                start_time = stored.collection.start_time or now
                collection = replace(stored.collection, progress=progress, start_time=start_time)
                self._put(replace(stored, collection=collection, owner=owner, heartbeat=now))
                return collection
        return None

    async def release(self, collection_id: str, owner: str) -> bool:
        stored = self._owned(collection_id, owner)
        if stored is None:
            return False
        queued = replace(stored.collection.progress, state=CollectionState.QUEUED, remaining_s=None)
        self._advance(replace(stored, owner=None, heartbeat=None), queued)
        return True

    async def plan(self, collection_id: str, owner: str, chunks: Sequence[Chunk], progress: CollectionProgress) -> bool:
        stored = self._owned(collection_id, owner)
        if stored is None:
            return False
        if stored.planned or len({chunk.number for chunk in chunks}) < len(chunks):
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._advance(replace(stored, planned=True), replace(progress, state=CollectionState.RUNNING))
        self._put_chunks(collection_id, chunks)
        return True

    async def planned(self, collection_id: str) -> bool:
        return self._find(collection_id).planned

    async def pending(self, collection_id: str) -> list[Chunk]:
        return await self.chunks(collection_id, ChunkState.PENDING, -1, len(self._tables.chunks))

    async def chunks(self, collection_id: str, state: ChunkState | None, after: int, limit: int) -> list[Chunk]:
        found = [
            chunk
            for (owner, number), chunk in self._tables.chunks.items()
            if owner == collection_id and number > after and state in (None, chunk.state)
        ]
        return sorted(found, key=lambda chunk: chunk.number)[:limit]

    async def save(
        self, collection_id: str, owner: str, progress: CollectionProgress, chunks: Sequence[Chunk], now: datetime
    ) -> bool:
        stored = self._owned(collection_id, owner)
        if stored is None:
            return False
        if any((collection_id, chunk.number) not in self._tables.chunks for chunk in chunks):
            raise DataCorrupt(f"a chunk of collection {collection_id} was never planned", Reason.DATA_CORRUPT)
        self._advance(replace(stored, heartbeat=now), replace(progress, state=CollectionState.RUNNING))
        self._put_chunks(collection_id, chunks)
        return True

    async def end(
        self,
        collection_id: str,
        owner: str,
        progress: CollectionProgress,
        now: datetime,
        error: CollectionError | None = None,
    ) -> bool:
        stored = self._owned(collection_id, owner)
        if stored is None:
            return False
        if not progress.state.ended or (error is not None) != (progress.state is CollectionState.FAILED):
            raise DataCorrupt("a row breaks a rule of the table it is for", Reason.DATA_CORRUPT)
        ended = replace(stored.collection, end_time=now, error=error)
        self._advance(replace(stored, collection=ended), progress)
        return True

    async def cancel(self, collection_id: str, now: datetime) -> Collection:
        stored = self._find(collection_id)
        before = stored.collection.progress
        if before.state.ended:
            raise FailedPrecondition(
                f"collection {collection_id} has ended as {before.state.name}",
                Reason.COLLECTION_FINISHED,
                metadata={"collection": collection_id, "state": before.state.name},
            )
        cancelled = replace(before, state=CollectionState.CANCELLED, remaining_s=None)
        self._advance(replace(stored, collection=replace(stored.collection, end_time=now)), cancelled)
        pending = await self.pending(collection_id)
        gone = [replace(chunk, state=ChunkState.CANCELLED, next_try=None, end_time=now) for chunk in pending]
        self._put_chunks(collection_id, gone)
        return await self.get(collection_id)

    def _find(self, collection_id: str) -> FakeCollection:
        if collection_id not in self._tables.collections:
            raise NotFound(
                f"collection {collection_id} does not exist",
                Reason.COLLECTION_NOT_FOUND,
                metadata={"collection": collection_id},
            )
        return self._tables.collections[collection_id]

    def _owned(self, collection_id: str, owner: str) -> FakeCollection | None:
        stored = self._tables.collections.get(collection_id)
        if stored is None or stored.owner != owner or stored.collection.progress.state is not CollectionState.RUNNING:
            return None
        return stored

    def _advance(self, stored: FakeCollection, progress: CollectionProgress) -> None:
        following = _following(stored, progress)
        self._put(replace(stored, collection=replace(stored.collection, progress=following)))

    def _put(self, stored: FakeCollection) -> None:
        self._journal.put(self._tables.collections, stored.collection.id, stored)

    def _put_chunks(self, collection_id: str, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._journal.put(self._tables.chunks, (collection_id, chunk.number), chunk)


def _following(stored: FakeCollection, progress: CollectionProgress) -> CollectionProgress:
    return replace(progress, sequence=max(stored.collection.progress.sequence + 1, progress.sequence))
