"""The ledgers of collections in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text, update

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import collection_chunks as ledger
from scizor.domain.broker import FailureCategory
from scizor.domain.collections import Chunk, ChunkFailure, ChunkState
from scizor.domain.errors import DataCorrupt, Reason
from scizor.domain.intervals import Interval

_CHANGING = {
    "state": "smallint",
    "attempts": "integer",
    "failure_category": "smallint",
    "failure_code": "bigint",
    "failure_message": "text",
    "next_try": "timestamptz",
    "bars_received": "bigint",
    "new_bars": "bigint",
    "end_time": "timestamptz",
}
_ARRAYS = {"number": "integer", **_CHANGING}
_SAVE = text(f"""
UPDATE collection_chunks AS kept SET {", ".join(f"{name} = saved.{name}" for name in _CHANGING)}
FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _ARRAYS.items())}) AS saved ({", ".join(_ARRAYS)})
WHERE kept.collection_id = :collection_id AND kept.number = saved.number
""")  # noqa: S608 - built of constants


class SqlChunks:
    """The part of `ports.collections.CollectionRepository` that is about chunks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def pending(self, collection_id: str) -> list[Chunk]:
        """All chunks still to be asked, by number."""
        return await self.chunks(collection_id, ChunkState.PENDING, -1, None)

    async def chunks(self, collection_id: str, state: ChunkState | None, after: int, limit: int | None) -> list[Chunk]:
        """Those in the state with a greater number, ascending."""
        query = select(ledger).where(ledger.c.collection_id == collection_id, ledger.c.number > after)
        if state is not None:
            query = query.where(ledger.c.state == int(state))
        return [_chunk(row) for row in await self._session.all(query.order_by(ledger.c.number).limit(limit))]

    async def _add_chunks(self, collection_id: str, chunks: Sequence[Chunk]) -> None:
        rows = [_values(chunk) | {"collection_id": collection_id} for chunk in chunks]
        names = [column.name for column in ledger.columns]
        await self._session.copy_records(ledger.name, names, [tuple(row[name] for name in names) for row in rows])

    async def _save_chunks(self, collection_id: str, chunks: Sequence[Chunk]) -> None:
        if not chunks:
            return
        rows = [_values(chunk) for chunk in chunks]
        columns = {name: [row[name] for row in rows] for name in _ARRAYS}
        saved = await self._session.execute(_SAVE, {"collection_id": collection_id, **columns})
        if saved.rowcount < len(chunks):
            raise DataCorrupt(f"a chunk of collection {collection_id} was never planned", Reason.DATA_CORRUPT)

    async def _cancel_chunks(self, collection_id: str, now: datetime) -> None:
        pending = (ledger.c.collection_id == collection_id, ledger.c.state == int(ChunkState.PENDING))
        gone = {"state": int(ChunkState.CANCELLED), "next_try": None, "end_time": now}
        await self._session.execute(update(ledger).where(*pending).values(gone))


def _values(chunk: Chunk) -> dict[str, Any]:
    failure = chunk.failure
    return {
        "number": chunk.number,
        "symbol_id": chunk.key,
        "symbol": chunk.symbol,
        "interval": int(chunk.interval),
        "first_session": chunk.first,
        "last_session": chunk.last,
        "sessions": chunk.sessions,
        "state": int(chunk.state),
        "attempts": chunk.attempts,
        "failure_category": int(failure.category) if failure else None,
        "failure_code": failure.code if failure else None,
        "failure_message": failure.message if failure else None,
        "next_try": chunk.next_try,
        "bars_received": chunk.bars_received,
        "new_bars": chunk.new_bars,
        "end_time": chunk.end_time,
    }


def _chunk(row: Row[Any]) -> Chunk:
    failure = None
    if row.failure_category is not None:
        failure = ChunkFailure(FailureCategory(row.failure_category), row.failure_code, row.failure_message)
    return Chunk(
        number=row.number,
        key=row.symbol_id,
        symbol=row.symbol,
        interval=Interval(row.interval),
        first=row.first_session,
        last=row.last_session,
        sessions=row.sessions,
        state=ChunkState(row.state),
        attempts=row.attempts,
        failure=failure,
        next_try=row.next_try,
        bars_received=row.bars_received,
        new_bars=row.new_bars,
        end_time=row.end_time,
    )
