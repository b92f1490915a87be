"""A collection as a durable job: what was asked, the ledger of its chunks, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum

from scizor.domain.broker import FailureCategory
from scizor.domain.errors import Reason
from scizor.domain.intervals import Interval


class CollectionKind(IntEnum):
    """What a collection is for; numbers equal the contract's."""

    DAILY = 1
    SYMBOL = 2
    HISTORY = 3


class CollectionState(IntEnum):
    """Where a collection stands; numbers equal the contract's."""

    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    PARTIAL = 4
    FAILED = 5
    CANCELLED = 6

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self >= CollectionState.SUCCEEDED


class ChunkState(IntEnum):
    """Where a chunk stands; numbers equal the contract's."""

    PENDING = 1
    DONE = 2
    FAILED = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """What was asked. `symbols`: full ids with currency where needed, empty for all active ones.

    `start` and `end`: sessions, None where they follow from what is stored and from the calendar.
    """

    kind: CollectionKind
    interval: Interval = Interval.DAY_1
    symbols: tuple[str, ...] = ()
    primary_exchange: str = ""
    start: date | None = None
    end: date | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class CollectionProgress:
    """How far it is. `sequence` counts every change in the collection's life; `symbol` is the one last answered.

    Chunks that are neither done nor failed are to come. `requests` counts every history request sent.
    """

    sequence: int
    state: CollectionState
    symbols_total: int = 0
    symbols_done: int = 0
    symbols_complete: int = 0
    chunks_total: int = 0
    chunks_done: int = 0
    chunks_failed: int = 0
    requests: int = 0
    bars_received: int = 0
    new_bars: int = 0
    bars_updated: int = 0
    bars_rejected: int = 0
    symbol: str = ""
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class CollectionError:
    """Why a collection failed as a whole."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it stands."""

    id: str
    spec: CollectionSpec
    progress: CollectionProgress
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: CollectionError | None = None


@dataclass(frozen=True, slots=True)
class ChunkFailure:
    """The last failure of a chunk; `code`: the broker's, 0 where it has none."""

    category: FailureCategory
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request's worth of a collection. `key`: storage's number of the symbol, `symbol` its full id.

    `sessions`: how many sessions from `first` to `last` were lacking when it was planned.
    """

    number: int
    key: int
    symbol: str
    interval: Interval
    first: date
    last: date
    sessions: int
    state: ChunkState = ChunkState.PENDING
    attempts: int = 0
    failure: ChunkFailure | None = None
    next_try: datetime | None = None
    bars_received: int = 0
    new_bars: int = 0
    end_time: datetime | None = None


class SessionState(IntEnum):
    """What is known of a date; numbers equal the contract's."""

    PRESENT = 1
    HOLIDAY = 2
    HALTED = 3
    NOT_LISTED = 4
    FETCH_FAILED = 5
    UNKNOWN = 6


NO_BAR_YET = "the broker has no bar of it yet"
"""Why the fetch of a session failed that the broker was asked for and said nothing of, as far as it told the symbol."""


@dataclass(frozen=True, slots=True)
class SessionGap:
    """A session without a bar, and why: HALTED, NOT_LISTED or FETCH_FAILED. Gone as soon as it has a bar.

    HALTED and NOT_LISTED are final. `mark_time`: when that became known, told by storage.
    """

    session: date
    state: SessionState
    reason: str = ""
    mark_time: datetime | None = field(default=None, compare=False)

    def awaited_since(self, instant: datetime) -> bool:
        """Whether the broker, asked at that time or later, had no bar of it yet."""
        return self.awaited and self.mark_time is not None and self.mark_time >= instant

    @property
    def awaited(self) -> bool:
        """Whether the broker was asked and had no bar of it yet."""
        return self.state is SessionState.FETCH_FAILED and self.reason == NO_BAR_YET
