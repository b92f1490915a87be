"""Daily bars and corporate actions in dicts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import inf, nan

import numpy as np

from scizor.domain.bars import PRICE_COLUMNS, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import AlreadyExists, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.scaling import PRICE_DECIMALS
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from tests.fakes.bar_writer import FakeBarWriter, FakeTarget, Place, replaced
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeBar, FakeTables


def daily(tables: FakeTables) -> FakeTarget:
    return FakeTarget(tables.bars, lambda key, bar: (key, int(bar["day"])), tables.revisions)


def intraday(tables: FakeTables, interval: Interval) -> FakeTarget:
    return FakeTarget(tables.intraday, lambda key, bar: (key, interval, int(bar["time_ns"])), quiet=True)


def in_range(day: int, which: SessionRange) -> bool:
    return (to_day(which.start) if which.start else -inf) <= day <= (to_day(which.end) if which.end else inf)


def series(instrument: StoredInstrument, found: Sequence[FakeBar], bars: BarArray) -> BarSeries:
    """What was found as the domain has it; `bars`: as long, zeroed but for what the caller filled in."""
    sources = tuple(dict.fromkeys(bar.source for bar in found))
    for row, bar in zip(bars, found, strict=True):
        row["day"], row["volume"], row["partial"], row["revision"] = bar.day, bar.volume, bar.partial, bar.revision
        row["source"] = sources.index(bar.source)
        for column, price in zip(PRICE_COLUMNS, bar.prices, strict=True):
            row[column] = price
    return BarSeries(instrument.instrument.id, instrument.instrument.currency, bars, sources)


class FakeBars:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def read(self, instrument: StoredInstrument, which: SessionRange, limit: int | None = None) -> BarSeries:
        return self._series(instrument, self._days(instrument.key, which)[:limit])

    async def stream(
        self, instruments: Sequence[StoredInstrument], which: SessionRange, chunk_bars: int
    ) -> AsyncIterator[tuple[StoredInstrument, BarSeries]]:
        for instrument in instruments:
            days = self._days(instrument.key, which)
            for start in range(0, len(days), chunk_bars):
                yield instrument, self._series(instrument, days[start : start + chunk_bars])

    async def latest(self, instrument: StoredInstrument) -> BarSeries:
        return self._series(instrument, self._days(instrument.key, SessionRange())[-1:])

    async def days(self, instrument: StoredInstrument, which: SessionRange) -> DayArray:
        return np.array(self._days(instrument.key, which), dtype=np.int32)

    async def extent(self, instrument: StoredInstrument) -> tuple[date, date] | None:
        days = self._days(instrument.key, SessionRange())
        return (from_day(days[0]), from_day(days[-1])) if days else None

    async def having_any(self, instruments: Sequence[StoredInstrument], which: SessionRange) -> set[int]:
        return {instrument.key for instrument in instruments if self._days(instrument.key, which)}

    async def count(self, instrument: StoredInstrument) -> int:
        return len(self._days(instrument.key, SessionRange()))

    async def days_of_many(self, keys: Sequence[int], which: SessionRange) -> Mapping[int, DayArray]:
        found = {key: self._complete(key, which) for key in keys}
        return {key: np.array(days, dtype=np.int32) for key, days in found.items() if days}

    async def newest_of_many(self, keys: Sequence[int]) -> Mapping[int, date]:
        found = {key: self._complete(key, SessionRange()) for key in keys}
        return {key: from_day(days[-1]) for key, days in found.items() if days}

    async def delete(self, instrument: StoredInstrument, which: SessionRange) -> int:
        days = self._days(instrument.key, which)
        for day in days:
            self._journal.remove(self._tables.bars, (instrument.key, day))
            for old in [old for old in self._tables.revisions if old[:2] == (instrument.key, day)]:
                self._journal.remove(self._tables.revisions, old)
        return len(days)

    async def rescale(self, instrument: StoredInstrument, ex_date: date, ratio: Decimal) -> int:
        return sum(
            self._rescale(target, place, float(ratio))
            for target in (daily(self._tables), intraday(self._tables, Interval.MINUTE_1))
            for place, bar in list(target.rows.items())
            if place[0] == instrument.key and bar.day < to_day(ex_date) and bar.scale_date and bar.scale_date >= ex_date
        )

    def _rescale(self, target: FakeTarget, place: Place, ratio: float) -> bool:
        bar = target.rows[place]
        opened, high, low, close = bar.prices
        opened, high, low, close = (round(price * ratio, PRICE_DECIMALS) for price in (opened, high, low, close))
        volume = max(round(bar.volume / ratio), 1.0) if bar.volume > 0 else bar.volume
        return replaced(
            self._journal, target, place, replace(bar, prices=(opened, high, low, close), volume=float(volume))
        )

    async def told_without_splits(self, instrument: StoredInstrument, last: date, interval: Interval) -> int:
        key, day = instrument.key, to_day(last)
        targets = (daily(self._tables), intraday(self._tables, Interval.MINUTE_1))
        proofs = [
            bar.scale_date
            for place, bar in targets[interval.intraday].rows.items()
            if place[0] == key and bar.day == day and (not interval.intraday or place[1] is interval)
        ]
        told = max(filter(None, proofs), default=last)
        found = [
            (target.rows, place, bar)
            for target in targets
            for place, bar in target.rows.items()
            if place[0] == key and bar.day <= day and bar.scale_date and last < bar.scale_date <= told
        ]
        for rows, place, bar in found:
            self._journal.put(rows, place, replace(bar, scale_date=last))
        return len(found)

    async def closes_before(self, instrument: StoredInstrument, sessions: Sequence[date]) -> list[float]:
        days = self._days(instrument.key, SessionRange())
        earlier = [[day for day in days if day < to_day(session)] for session in sessions]
        return [self._tables.bars[instrument.key, found[-1]].prices[3] if found else nan for found in earlier]

    @asynccontextmanager
    async def writer(self, source: str, scale_date: date | None = None) -> AsyncIterator[FakeBarWriter]:
        yield FakeBarWriter(self._tables, self._journal, daily(self._tables), source, scale_date)

    def _days(self, key: int, which: SessionRange) -> list[int]:
        return sorted(day for owner, day in self._tables.bars if owner == key and in_range(day, which))

    def _complete(self, key: int, which: SessionRange) -> list[int]:
        return [day for day in self._days(key, which) if not self._tables.bars[key, day].partial]

    def _series(self, instrument: StoredInstrument, days: Sequence[int]) -> BarSeries:
        return series(instrument, [self._tables.bars[instrument.key, day] for day in days], empty_bars(len(days)))


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
