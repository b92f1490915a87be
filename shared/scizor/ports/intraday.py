"""Storage of bars shorter than a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Protocol

from scizor.domain.bars import BarSeries
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange
from scizor.ports.bars import BarWriter


class IntradayRepository(Protocol):
    """Intraday bars of stored instruments, RAW; arrays are INTRADAY_DTYPE."""

    async def read(
        self,
        instrument: StoredInstrument,
        interval: Interval,
        which: SessionRange,
        after_ns: int | None = None,
        limit: int | None = None,
    ) -> BarSeries:
        """Bars of the sessions in the range that begin after `after_ns`, oldest first, at most `limit`."""
        ...

    async def latest(self, instrument: StoredInstrument, interval: Interval) -> BarSeries:
        """A series of the newest bar, or an empty one."""
        ...

    async def days(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> DayArray:
        """Sessions that have a bar, ascending."""
        ...

    async def days_of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, DayArray]:
        """Sessions that have bars, none of them partial, by storage's number; those without any are left out."""
        ...

    async def delete(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> int:
        """Remove bars in the range; how many."""
        ...

    def writer(
        self, source: str, interval: Interval, scale_date: date | None = None
    ) -> AbstractAsyncContextManager[BarWriter]:
        """As the daily bars' writer; `add` takes INTRADAY_DTYPE. A replaced bar keeps its count of revisions."""
        ...
