"""Storage of daily bars and corporate actions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import BarArray, BarSeries, CorporateAction
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange


@dataclass(frozen=True, slots=True)
class WriteCounts:
    """What became of the bars written."""

    inserted: int
    updated: int
    unchanged: int


class BarWriter(Protocol):
    """Takes bars in pieces and stores them at the end, all or nothing."""

    async def add(self, keys: npt.NDArray[np.int32], bars: BarArray) -> None:
        """Stage bars, row i of the instrument with storage key `keys[i]`; `source` and `revision` are ignored."""
        ...

    async def store(self) -> WriteCounts:
        """Upsert what was staged: new bars go in, equal ones are left, others replace an old one kept as a revision.

        Equal are bars of the same prices, volume and source, both complete or both partial; the scale date is then
        updated in place. A complete bar never gives way to a partial one: that counts as unchanged.
        """
        ...


class BarRepository(Protocol):
    """Daily bars of stored instruments, RAW."""

    async def read(self, instrument: StoredInstrument, which: SessionRange, limit: int | None = None) -> BarSeries:
        """Bars in the range, oldest first, at most `limit`."""
        ...

    def stream(
        self, instruments: Sequence[StoredInstrument], which: SessionRange, chunk_bars: int
    ) -> AsyncIterator[tuple[StoredInstrument, BarSeries]]:
        """Bars of each instrument in turn, in chunks of at most `chunk_bars` that hold one instrument each."""
        ...

    async def latest(self, instrument: StoredInstrument) -> BarSeries:
        """A series of the newest bar, or an empty one."""
        ...

    async def days(self, instrument: StoredInstrument, which: SessionRange) -> DayArray:
        """Session dates that have a bar, ascending."""
        ...

    async def extent(self, instrument: StoredInstrument) -> tuple[date, date] | None:
        """First and last session with a bar."""
        ...

    async def having_any(self, instruments: Sequence[StoredInstrument], which: SessionRange) -> set[int]:
        """Storage keys of those instruments that have a bar in the range."""
        ...

    async def count(self, instrument: StoredInstrument) -> int:
        """How many bars it owns."""
        ...

    async def days_of_many(self, keys: Sequence[int], which: SessionRange) -> Mapping[int, DayArray]:
        """As `days` for complete bars only, by storage's number; those without any are left out."""
        ...

    async def newest_of_many(self, keys: Sequence[int]) -> Mapping[int, date]:
        """The last session with a complete bar, by storage's number; those without any are left out."""
        ...

    async def delete(self, instrument: StoredInstrument, which: SessionRange) -> int:
        """Remove bars in the range with their revisions; how many bars."""
        ...

    async def rescale(self, instrument: StoredInstrument, ex_date: date, ratio: Decimal) -> int:
        """Undo a split in bars that were told with it: those before `ex_date` whose scale date is not before it.

        Prices times `ratio`, volume divided by it, as revisions; intraday bars likewise. How many bars of both that
        were. Their scale dates stay, so each split is undone once, by whoever records it.
        """
        ...

    async def told_without_splits(self, instrument: StoredInstrument, last: date, interval: Interval) -> int:
        """Learn that the bars of the session `last`, of that length, were told without the splits after it.

        So were all bars up to it, of any length, that were told no later. Their scale date becomes `last`, which is no
        revision, so that none of those splits is ever undone in them. How many bars that were.
        """
        ...

    async def closes_before(self, instrument: StoredInstrument, sessions: Sequence[date]) -> list[float]:
        """For each date the close of the last bar before it, NaN where there is none."""
        ...

    def writer(self, source: str, scale_date: date | None = None) -> AbstractAsyncContextManager[BarWriter]:
        """Begin a bulk write within the unit of work; leaving without `store` stores nothing.

        `scale_date`: the day up to which the source had put splits into its prices, all of which the writer's caller
        took out again as far as they were recorded; None for a source that tells prices as traded.
        """
        ...


class CorporateActionRepository(Protocol):
    """Splits and dividends of stored instruments."""

    async def of(self, instrument: StoredInstrument) -> list[CorporateAction]:
        """All of one instrument, by ex-date."""
        ...

    async def record(self, instrument: StoredInstrument, action: CorporateAction) -> CorporateAction:
        """Store it; the same again is fine. Raises AlreadyExists(CORPORATE_ACTION_EXISTS) for another value."""
        ...
