"""Bars shorter than a session in a dict."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date

import numpy as np

from scizor.domain.bars import BarSeries, empty_bars
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange
from tests.fakes.bar_writer import FakeBarWriter
from tests.fakes.bars import in_range, intraday, series
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


class FakeIntraday:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def read(
        self,
        instrument: StoredInstrument,
        interval: Interval,
        which: SessionRange,
        after_ns: int | None = None,
        limit: int | None = None,
    ) -> BarSeries:
        times = self._times(instrument.key, interval, which)
        return self._series(
            instrument, interval, [time for time in times if after_ns is None or time > after_ns][:limit]
        )

    async def latest(self, instrument: StoredInstrument, interval: Interval) -> BarSeries:
        return self._series(instrument, interval, self._times(instrument.key, interval, SessionRange())[-1:])

    async def days(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> DayArray:
        rows = self._tables.intraday
        times = self._times(instrument.key, interval, which)
        return np.array(sorted({rows[instrument.key, interval, time].day for time in times}), dtype=np.int32)

    async def days_of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, DayArray]:
        rows = self._tables.intraday
        found = {}
        for key in keys:
            bars = [rows[key, interval, time] for time in self._times(key, interval, which)]
            if days := {bar.day for bar in bars} - {bar.day for bar in bars if bar.partial}:
                found[key] = np.array(sorted(days), dtype=np.int32)
        return found

    async def delete(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> int:
        times = self._times(instrument.key, interval, which)
        for time in times:
            self._journal.remove(self._tables.intraday, (instrument.key, interval, time))
        return len(times)

    @asynccontextmanager
    async def writer(
        self, source: str, interval: Interval, scale_date: date | None = None
    ) -> AsyncIterator[FakeBarWriter]:
        yield FakeBarWriter(self._tables, self._journal, intraday(self._tables, interval), source, scale_date)

    def _times(self, key: int, interval: Interval, which: SessionRange) -> list[int]:
        return sorted(
            time
            for (owner, length, time), bar in self._tables.intraday.items()
            if (owner, length) == (key, interval) and in_range(bar.day, which)
        )

    def _series(self, instrument: StoredInstrument, interval: Interval, times: Sequence[int]) -> BarSeries:
        bars = empty_bars(len(times), interval)
        bars["time_ns"] = times
        found = [self._tables.intraday[instrument.key, interval, time] for time in times]
        return replace(series(instrument, found, bars), interval=interval)
