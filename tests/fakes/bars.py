"""Daily bars and corporate actions in dicts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import inf, nan

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import PRICE_COLUMNS, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import AlreadyExists, DataCorrupt, NotFound, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from scizor.ports.bars import WriteCounts
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeBar, FakeTables


class FakeBars:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def read(self, instrument: StoredInstrument, which: SessionRange, limit: int | None = None) -> BarSeries:
        return self._series(instrument, self._days(instrument, which)[:limit])

    async def stream(
        self, instruments: Sequence[StoredInstrument], which: SessionRange, chunk_bars: int
    ) -> AsyncIterator[tuple[StoredInstrument, BarSeries]]:
        for instrument in instruments:
            days = self._days(instrument, which)
            for start in range(0, len(days), chunk_bars):
                yield instrument, self._series(instrument, days[start : start + chunk_bars])

    async def latest(self, instrument: StoredInstrument) -> BarSeries:
        return self._series(instrument, self._days(instrument, SessionRange())[-1:])

    async def days(self, instrument: StoredInstrument, which: SessionRange) -> DayArray:
        return np.array(self._days(instrument, which), dtype=np.int32)

    async def extent(self, instrument: StoredInstrument) -> tuple[date, date] | None:
        days = self._days(instrument, SessionRange())
        return (from_day(days[0]), from_day(days[-1])) if days else None

    async def having_any(self, instruments: Sequence[StoredInstrument], which: SessionRange) -> set[int]:
        return {instrument.key for instrument in instruments if self._days(instrument, which)}

    async def count(self, instrument: StoredInstrument) -> int:
        return len(self._days(instrument, SessionRange()))

    async def closes_before(self, instrument: StoredInstrument, sessions: Sequence[date]) -> list[float]:
        days = self._days(instrument, SessionRange())
        earlier = [[day for day in days if day < to_day(session)] for session in sessions]
        return [self._tables.bars[instrument.key, found[-1]].prices[3] if found else nan for found in earlier]

    @asynccontextmanager
    async def writer(self, source: str) -> AsyncIterator[FakeBarWriter]:
        yield FakeBarWriter(self._tables, self._journal, source)

    def _days(self, instrument: StoredInstrument, which: SessionRange) -> list[int]:
        first = to_day(which.start) if which.start else -inf
        last = to_day(which.end) if which.end else inf
        return sorted(day for key, day in self._tables.bars if key == instrument.key and first <= day <= last)

    def _series(self, instrument: StoredInstrument, days: Sequence[int]) -> BarSeries:
        found = [self._tables.bars[instrument.key, day] for day in days]
        sources = tuple(dict.fromkeys(bar.source for bar in found))
        bars = empty_bars(len(found))
        for row, day, bar in zip(bars, days, found, strict=True):
            row["day"], row["volume"], row["partial"], row["revision"] = day, bar.volume, bar.partial, bar.revision
            row["source"] = sources.index(bar.source)
            for column, price in zip(PRICE_COLUMNS, bar.prices, strict=True):
                row[column] = price
        return BarSeries(instrument.instrument.id, instrument.instrument.currency, bars, sources)


class FakeBarWriter:
    def __init__(self, tables: FakeTables, journal: Journal, source: str) -> None:
        self._tables, self._journal, self._source = tables, journal, source
        self._staged: list[tuple[tuple[int, int], FakeBar]] = []

    async def add(self, keys: npt.NDArray[np.int32], bars: BarArray) -> None:
        for key, bar in zip(keys.tolist(), bars, strict=True):
            prices = (float(bar["open"]), float(bar["high"]), float(bar["low"]), float(bar["close"]))
            row = FakeBar(prices, float(bar["volume"]), bool(bar["partial"]), 0, self._source)
            self._staged.append(((key, int(bar["day"])), row))

    async def store(self) -> WriteCounts:
        self._staged.sort(key=lambda staged: staged[0])
        if any(one[0] == other[0] for one, other in pairwise(self._staged)):
            raise DataCorrupt("a bar was staged twice", Reason.DATA_CORRUPT)
        if any(key not in self._tables.symbols for (key, _), _ in self._staged):
            raise NotFound("an instrument of these bars is no longer stored", Reason.SYMBOL_NOT_FOUND)
        if not all(_is_sound(bar) for _, bar in self._staged):
            raise DataCorrupt("a row breaks a rule of the table it is for", Reason.DATA_CORRUPT)
        inserted = updated = 0
        for place, bar in self._staged:
            old = self._tables.bars.get(place)
            if old is None:
                inserted += 1
                self._journal.put(self._tables.bars, place, bar)
            elif replace(bar, revision=old.revision, source=old.source) != old:
                updated += 1
                self._journal.put(self._tables.revisions, (*place, old.revision), old)
                self._journal.put(self._tables.bars, place, replace(bar, revision=old.revision + 1))
        staged, self._staged = len(self._staged), []
        return WriteCounts(inserted, updated, staged - inserted - updated)


def _is_sound(bar: FakeBar) -> bool:
    opened, high, low, close = bar.prices
    return 0 < low <= min(opened, close) <= max(opened, close) <= high < inf and 0 < bar.volume < inf


class FakeActions:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._actions, self._journal = tables.actions, journal

    async def of(self, instrument: StoredInstrument) -> list[CorporateAction]:
        found = [action for (key, _, _), action in self._actions.items() if key == instrument.key]
        return sorted(found, key=lambda action: (action.ex_date, action.type))

    async def record(self, instrument: StoredInstrument, action: CorporateAction) -> CorporateAction:
        place = (instrument.key, action.type, action.ex_date)
        known = self._actions.get(place)
        if known is None:
            self._journal.put(self._actions, place, action)
            return action
        if known.value != action.value:
            raise AlreadyExists(
                f"{instrument.instrument.id} has another {action.type.name.lower()} on {action.ex_date}",
                Reason.CORPORATE_ACTION_EXISTS,
                metadata={"symbol": instrument.instrument.id, "ex_date": str(action.ex_date)},
            )
        return known
