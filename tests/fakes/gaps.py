"""Sessions without a bar, and flags, in dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from scizor.domain.collections import SessionGap
from scizor.domain.errors import NotFound, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.collections import GapKey
from tests.fakes.bars import in_range
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeTables


class FakeGaps:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def mark(self, which: GapKey, gaps: Sequence[SessionGap], now: datetime) -> None:
        demand_symbol(self._tables, which.key, gaps)
        for gap in gaps:
            self._journal.put(self._tables.gaps, (which.key, which.interval, gap.session), replace(gap, mark_time=now))

    async def of(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> list[SessionGap]:
        return (await self.of_many([instrument.key], interval, which)).get(instrument.key, [])

    async def of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, list[SessionGap]]:
        found: dict[int, list[SessionGap]] = {}
        for (key, length, session), gap in sorted(self._tables.gaps.items(), key=lambda item: item[0]):
            if key in keys and length is interval and in_range(to_day(session), which):
                found.setdefault(key, []).append(gap)
        return found

    async def forget_present(self, keys: Sequence[int], interval: Interval) -> None:
        present = {(key, day) for key, day in self._tables.bars}
        if interval.intraday:
            present = {(key, bar.day) for (key, length, _), bar in self._tables.intraday.items() if length is interval}
        for place in list(self._tables.gaps):
            if place[0] in keys and place[1] is interval and (place[0], to_day(place[2])) in present:
                self._journal.remove(self._tables.gaps, place)


class FakeFlags:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def raise_(self, key: int, flags: Sequence[DataFlag], now: datetime) -> None:
        demand_symbol(self._tables, key, flags)
        for flag in flags:
            place = (key, flag.kind, flag.session)
            known = self._tables.flags.get(place) or StoredFlag(self._tables.symbols[key].instrument.id, flag, now)
            self._journal.put(self._tables.flags, place, replace(known, flag=flag))

    async def lower(self, key: int, kind: FlagKind, session: date) -> None:
        if (key, kind, session) in self._tables.flags:
            self._journal.remove(self._tables.flags, (key, kind, session))

    async def newest(self, instrument: StoredInstrument | None, limit: int) -> list[StoredFlag]:
        found = [
            (place, flag)
            for place, flag in self._tables.flags.items()
            if instrument is None or instrument.key == place[0]
        ]
        found.sort(key=lambda item: (item[1].symbol, item[0][1]))
        found.sort(key=lambda item: (item[1].create_time, item[1].flag.session), reverse=True)
        return [flag for _, flag in found[:limit]]


def demand_symbol(tables: FakeTables, key: int, rows: Sequence[object]) -> None:
    if rows and key not in tables.symbols:
        raise NotFound("an instrument of these rows is no longer stored", Reason.SYMBOL_NOT_FOUND)
