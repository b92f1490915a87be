"""Storage of collections and of what is known about sessions without a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scizor.domain.collections import (
    Chunk,
    ChunkState,
    Collection,
    CollectionError,
    CollectionProgress,
    CollectionState,
    SessionGap,
)
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange


class CollectionRepository(Protocol):
    """Collections and their ledgers. An owner is a name that whoever claims a collection makes for that one claim."""

    async def add(self, collection: Collection) -> None:
        """Store a queued collection."""
        ...

    async def get(self, collection_id: str) -> Collection:
        """One collection. Raises NotFound(COLLECTION_NOT_FOUND)."""
        ...

    async def page(self, state: CollectionState | None, before: str | None, limit: int) -> list[Collection]:
        """Newest first, those older than the id `before`."""
        ...

    async def count_unfinished(self) -> int:
        """Collections queued or running."""
        ...

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> Collection | None:
        """Mark one running for `owner`: the oldest queued, or running but not heard of since `stale_before`."""
        ...

    async def release(self, collection_id: str, owner: str) -> bool:
        """Give a running one back to the queue, its ledger as it stands. False when it is no longer this owner's."""
        ...

    async def plan(self, collection_id: str, owner: str, chunks: Sequence[Chunk], progress: CollectionProgress) -> bool:
        """Write the ledger; False when it is no longer this owner's. A collection is planned once: else DataCorrupt."""
        ...

    async def planned(self, collection_id: str) -> bool:
        """Whether its ledger was written, an empty one too."""
        ...

    async def pending(self, collection_id: str) -> list[Chunk]:
        """All chunks still to be asked, by number."""
        ...

    async def chunks(self, collection_id: str, state: ChunkState | None, after: int, limit: int) -> list[Chunk]:
        """Those in the state with a greater number, ascending."""
        ...

    async def save(
        self, collection_id: str, owner: str, progress: CollectionProgress, chunks: Sequence[Chunk], now: datetime
    ) -> bool:
        """Record progress, these chunks as they now stand, and a sign of life.

        In one unit of work with the chunks' bars. False when it is no longer this owner's: then undo that unit. Raises
        DataCorrupt for a chunk that was not planned.
        """
        ...

    async def end(
        self,
        collection_id: str,
        owner: str,
        progress: CollectionProgress,
        now: datetime,
        error: CollectionError | None = None,
    ) -> bool:
        """Record the end; False when it is no longer this owner's."""
        ...

    async def cancel(self, collection_id: str, now: datetime) -> Collection:
        """End it as CANCELLED, its pending chunks too. Raises NotFound, FailedPrecondition(COLLECTION_FINISHED)."""
        ...


@dataclass(frozen=True, slots=True)
class GapKey:
    """Whose gaps: storage's number of the symbol, and the bars' length."""

    key: int
    interval: Interval


class SessionGapRepository(Protocol):
    """Sessions without a bar and why, as far as is known."""

    async def mark(self, which: GapKey, gaps: Sequence[SessionGap], now: datetime) -> None:
        """Record them with `now` as their mark time; what was known of these sessions is replaced."""
        ...

    async def of(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> list[SessionGap]:
        """Those in the range, by session."""
        ...

    async def of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, list[SessionGap]]:
        """As `of` for several, by storage's number; those without gaps are left out."""
        ...

    async def forget_present(self, keys: Sequence[int], interval: Interval) -> None:
        """Remove the gaps of these symbols whose session has a bar by now."""
        ...
