"""Collections and their ledgers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from scizor.adapters.sql.chunks import SqlChunks
from scizor.adapters.sql.tables import collections
from scizor.adapters.sql.tables.collections import COUNTS
from scizor.domain.collections import (
    Chunk,
    Collection,
    CollectionError,
    CollectionKind,
    CollectionProgress,
    CollectionSpec,
    CollectionState,
)
from scizor.domain.errors import DataCorrupt, FailedPrecondition, NotFound, Reason
from scizor.domain.intervals import Interval

_QUEUED, _RUNNING = int(CollectionState.QUEUED), int(CollectionState.RUNNING)
_UNFINISHED = collections.c.state <= _RUNNING  # as the partial index has it
_NEXT = collections.c.sequence + 1


class SqlCollections(SqlChunks):
    """`ports.collections.CollectionRepository`."""

    async def add(self, collection: Collection) -> None:
        """Store a queued collection."""
        await self._session.execute(insert(collections).values(_values(collection)))

    async def get(self, collection_id: str) -> Collection:
        """One collection. Raises NotFound(COLLECTION_NOT_FOUND)."""
        return _collection(await self._find(collection_id))

    async def page(self, state: CollectionState | None, before: str | None, limit: int) -> list[Collection]:
        """Newest first, those older than the id `before`; ids sort by time."""
        query = select(collections).order_by(collections.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(collections.c.state == int(state))
        if before is not None:
            query = query.where(collections.c.id < before)
        return [_collection(row) for row in await self._session.all(query)]

    async def count_unfinished(self) -> int:
        """Collections queued or running."""
        return int(await self._session.scalar(select(func.count()).select_from(collections).where(_UNFINISHED)))

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Collection | None:
        """Mark one running for `owner`: the oldest queued, or running but not heard of since `stale_before`.

        One that another claimer is just taking is passed over.
        """
        free = or_(
            collections.c.state == _QUEUED,
            and_(collections.c.state == _RUNNING, collections.c.heartbeat_time < stale_before),
        )
        oldest = (
            select(collections.c.id)
            .where(_UNFINISHED, free)
            .order_by(collections.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(collections)
            .where(collections.c.id == oldest.scalar_subquery())
            .values(
                state=_RUNNING,
                sequence=_NEXT,
                remaining_s=None,
                owner=owner,
                heartbeat_time=now,
                start_time=func.coalesce(collections.c.start_time, now),
            )
            .returning(collections)
        )
        row = await self._session.first(taken)
        return _collection(row) if row else None

    async def release(self, collection_id: str, owner: str) -> bool:
        """Give a running one back to the queue, its ledger as it stands. False when it is no longer this owner's."""
        queued = {"state": _QUEUED, "sequence": _NEXT, "remaining_s": None, "owner": None, "heartbeat_time": None}
        return await self._change(collection_id, owner, queued)

    async def plan(self, collection_id: str, owner: str, chunks: Sequence[Chunk], progress: CollectionProgress) -> bool:
        """Write the ledger; False when it is no longer this owner's. A collection is planned once: else DataCorrupt."""
        owned = select(collections.c.planned).where(_owned(collection_id, owner)).with_for_update()
        before = await self._session.scalar(owned)
        if before is None:
            return False
        if before:
            raise DataCorrupt(f"collection {collection_id} was planned before", Reason.DATA_CORRUPT)
        planned = _progress_values(progress) | {"state": _RUNNING, "planned": True}
        await self._change(collection_id, owner, planned)
        await self._add_chunks(collection_id, chunks)
        return True

    async def planned(self, collection_id: str) -> bool:
        """Whether its ledger was written, an empty one too. Raises NotFound(COLLECTION_NOT_FOUND)."""
        return bool((await self._find(collection_id)).planned)

    async def save(
        self, collection_id: str, owner: str, progress: CollectionProgress, chunks: Sequence[Chunk], now: datetime
    ) -> bool:
        """Record progress, these chunks as they now stand, and a sign of life.

        In one unit of work with the chunks' bars. False when it is no longer this owner's: then undo that unit. Raises
        DataCorrupt for a chunk that was not planned.
        """
        if not await self._change(
            collection_id, owner, _progress_values(progress) | {"state": _RUNNING, "heartbeat_time": now}
        ):
            return False
        await self._save_chunks(collection_id, chunks)
        return True

    async def end(
        self,
        collection_id: str,
        owner: str,
        progress: CollectionProgress,
        now: datetime,
        error: CollectionError | None = None,
    ) -> bool:
        """Record the end; False when it is no longer this owner's.

        `error` goes with FAILED and with nothing else: DataCorrupt otherwise.
        """
        ended = _progress_values(progress) | {"end_time": now, **_error_values(error)}
        return await self._change(collection_id, owner, ended)

    async def cancel(self, collection_id: str, now: datetime) -> Collection:
        """End it as CANCELLED, its pending chunks too. Raises NotFound, FailedPrecondition(COLLECTION_FINISHED)."""
        cancelled = {"state": int(CollectionState.CANCELLED), "sequence": _NEXT, "remaining_s": None, "end_time": now}
        row = await self._session.first(
            update(collections)
            .where(collections.c.id == collection_id, _UNFINISHED)
            .values(cancelled)
            .returning(collections)
        )
        if row is None:
            state = CollectionState((await self._find(collection_id)).state).name
            raise FailedPrecondition(
                f"collection {collection_id} has ended as {state}",
                Reason.COLLECTION_FINISHED,
                metadata={"collection": collection_id, "state": state},
            )
        await self._cancel_chunks(collection_id, now)
        return _collection(row)

    async def _change(self, collection_id: str, owner: str, values: dict[str, Any]) -> bool:
        """Change what `owner` runs; whether there was such a collection."""
        change = update(collections).where(_owned(collection_id, owner)).values(values)
        return (await self._session.execute(change)).rowcount > 0

    async def _find(self, collection_id: str) -> Row[Any]:
        row = await self._session.first(select(collections).where(collections.c.id == collection_id))
        if row is None:
            raise NotFound(
                f"collection {collection_id} does not exist",
                Reason.COLLECTION_NOT_FOUND,
                metadata={"collection": collection_id},
            )
        return row


def _owned(collection_id: str, owner: str) -> ColumnElement[bool]:
    return and_(collections.c.id == collection_id, collections.c.owner == owner, collections.c.state == _RUNNING)


def _progress_values(progress: CollectionProgress) -> dict[str, Any]:
    return {
        "sequence": func.greatest(_NEXT, progress.sequence),
        "state": int(progress.state),
        **{name: getattr(progress, name) for name in COUNTS},
        "symbol": progress.symbol,
        "remaining_s": progress.remaining_s,
    }


def _error_values(error: CollectionError | None) -> dict[str, str | None]:
    return {"error_reason": error.reason if error else None, "error_message": error.message if error else None}


def _values(collection: Collection) -> dict[str, Any]:
    spec = collection.spec
    return {
        "id": collection.id,
        "kind": int(spec.kind),
        "interval": int(spec.interval),
        "symbols": list(spec.symbols),
        "primary_exchange": spec.primary_exchange,
        "start_date": spec.start,
        "end_date": spec.end,
        "refresh": spec.refresh,
        **_progress_values(collection.progress),
        "sequence": collection.progress.sequence,
        "create_time": collection.create_time,
        "start_time": collection.start_time,
        "end_time": collection.end_time,
        **_error_values(collection.error),
    }


def _collection(row: Row[Any]) -> Collection:
    spec = CollectionSpec(
        kind=CollectionKind(row.kind),
        interval=Interval(row.interval),
        symbols=tuple(row.symbols),
        primary_exchange=row.primary_exchange,
        start=row.start_date,
        end=row.end_date,
        refresh=row.refresh,
    )
    progress = CollectionProgress(
        sequence=row.sequence,
        state=CollectionState(row.state),
        **{name: getattr(row, name) for name in COUNTS},
        symbol=row.symbol,
        remaining_s=row.remaining_s,
    )
    error = CollectionError(Reason(row.error_reason), row.error_message) if row.error_reason else None
    return Collection(row.id, spec, progress, row.create_time, row.start_time, row.end_time, error)
