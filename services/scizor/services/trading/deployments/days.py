"""Rows of whole sessions as they come to be stored: whoever collects them, a bar is there once its session is over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from scizor.domain.bars import ActionType, BarSeries, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.ports.calendar import SessionCalendar
from scizor.ports.storage import Storage
from scizor.services.history.market import opens_and_closes
from scizor.services.trading.account.hours import exchange_of
from scizor.services.trading.deployments.moments import Split
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.strategy.live import Row
from scizor.strategy.views import Bar

_OVERLAP: Final = timedelta(days=10)  # a session closes within this of its date, whatever its exchange
_LONGEST_BREAK: Final = timedelta(days=14)
_REREAD_S: Final = 10.0
_DAYS_A_ROW: Final = 2  # sessions are fewer than dates, and never by half


@dataclass(frozen=True, slots=True)
class _Stored:
    """Bars and splits by reference."""

    bars: Mapping[str, BarSeries]
    splits: Mapping[str, Sequence[CorporateAction]]


class StoredDays:
    """Looks every `poll_s`. A row that lacks a bar waits for it until its symbol has a newer one, or for `grace_s`.

    So a halted symbol stops nobody for good. A row may be acted on until the next session opens.
    """

    def __init__(
        self,
        storage: Storage,
        calendar: SessionCalendar,
        now: Callable[[], datetime],
        references: Sequence[str],
        poll_s: float = 1.0,
        grace_s: float = 900.0,
    ) -> None:
        self._storage, self._calendar = storage, calendar
        self._references, self._poll_s, self._grace = tuple(references), poll_s, timedelta(seconds=grace_s)
        self._seen: dict[int, datetime] = {}
        self._newest: Mapping[int, date] = {}
        self._read_at = -_REREAD_S
        self.now = now

    async def before(self, until: datetime, count: int) -> Past:
        """The last `count` rows that closed at or before the instant."""
        stored = await self._read(until.date() - timedelta(days=_DAYS_A_ROW * count), until.date() + timedelta(days=1))
        until_ns = _ns(until)
        rows = [one for one in self._rows(stored.bars, 0) if one.close_ns <= until_ns][-count:]
        found: defaultdict[int, list[Split]] = defaultdict(list)
        for place in range(1, len(rows)):
            found[place] += self._splits(stored.splits, rows[place - 1].session, rows[place].session)
        return Past(rows, {place: splits for place, splits in found.items() if splits})

    async def next(self, after_ns: int) -> Coming:
        """The oldest row that closed after the instant, as soon as it is whole."""
        since = (datetime.fromtimestamp(after_ns / 1e9, UTC) - _OVERLAP).date()
        stored = await self._read(since)
        while True:
            now_ns = _ns(self.now())
            rows = [one for one in self._rows(stored.bars, after_ns) if one.close_ns <= now_ns]
            if rows and self._whole(rows[0], stored.bars):
                row = rows[0]
                self._seen = {close: seen for close, seen in self._seen.items() if close > row.close_ns}
                earlier = [one.session for one in self._rows(stored.bars, 0) if one.close_ns <= after_ns]
                splits = self._splits(stored.splits, max(earlier, default=since), row.session)
                return Coming(row, len(rows) == 1, self._fresh_for(row), tuple(splits))
            await asyncio.sleep(self._poll_s)
            if await self._changed():
                stored = await self._read(since)

    async def _changed(self) -> bool:
        """Whether there may be other bars than were read: always, once in a while; else where there is a newer one."""
        if asyncio.get_running_loop().time() - self._read_at >= _REREAD_S:
            return True
        async with self._storage.begin() as work:
            return await work.bars.newest_of_many(list(self._newest)) != self._newest

    async def _read(self, start: date, end: date | None = None) -> _Stored:
        async with self._storage.begin() as work:
            found = await work.symbols.get_many(self._references)
            self._newest = await work.bars.newest_of_many([one.key for one in found])
            which = SessionRange(start, end)
            bars = {one.instrument.reference: await work.bars.read(one, which) for one in found}
            splits = {
                one.instrument.reference: [
                    action for action in await work.actions.of(one) if action.type is ActionType.SPLIT
                ]
                for one in found
            }
        self._read_at = asyncio.get_running_loop().time()
        return _Stored(bars, splits)

    def _whole(self, row: Row, series: Mapping[str, BarSeries]) -> bool:
        newest = {name: int(one.bars["day"][-1]) for name, one in series.items() if len(one.bars)}
        day = to_day(row.session)
        missing = [name for name in self._references if name not in row.bars and newest.get(name, -1) < day]
        seen = self._seen.setdefault(row.close_ns, self.now())
        return not missing or self.now() - seen >= self._grace

    def _rows(self, series: Mapping[str, BarSeries], after_ns: int) -> list[Row]:
        """Whole bars as rows, by their close, those after the instant."""
        found: defaultdict[tuple[int, int, int], dict[str, Bar]] = defaultdict(dict)
        for name, one in series.items():
            bars = one.bars[~one.bars["partial"]]
            if not len(bars):
                continue
            days = bars["day"].astype("i8")
            hours = self._calendar.hours(exchange_of(name), from_day(days[0] - 31), from_day(days[-1]))
            opens, closes = opens_and_closes(days, hours)
            for place in np.flatnonzero(closes > after_ns):
                bar = bars[place]
                key = (int(closes[place]), int(opens[place]), int(days[place]))
                found[key][name] = Bar(*(float(bar[column]) for column in Bar._fields))
        return [Row(from_day(day), opened, closed, bars) for (closed, opened, day), bars in sorted(found.items())]

    def _splits(self, splits: Mapping[str, Sequence[CorporateAction]], after: date, until: date) -> list[Split]:
        """Those whose ex-date lies behind one session and not behind the other, by date."""
        found = [
            (action.ex_date, Split(name, action.value, self._begin(name, action.ex_date)))
            for name, actions in splits.items()
            for action in actions
            if after < action.ex_date <= until
        ]
        return [split for _, split in sorted(found, key=lambda one: (one[0], one[1].symbol))]

    def _begin(self, name: str, session: date) -> datetime:
        hours = self._calendar.hours(exchange_of(name), session - timedelta(days=31), session)
        opens, _ = opens_and_closes(np.array([to_day(session)]), hours)
        return datetime.fromtimestamp(int(opens[0]) / 1e9, UTC)

    def _fresh_for(self, row: Row) -> timedelta:
        opens = [self._opens_after(name, row) for name in row.bars]
        return min(opens, default=timedelta(0))

    def _opens_after(self, name: str, row: Row) -> timedelta:
        closed = datetime.fromtimestamp(row.close_ns / 1e9, UTC)
        try:
            hours = self._calendar.hours(exchange_of(name), closed.date(), (closed + _LONGEST_BREAK).date())
        except InvalidInput:
            return timedelta(days=1)
        later = hours.open_ns[hours.open_ns > row.close_ns]
        return timedelta(microseconds=(int(later[0]) - row.close_ns) // 1000) if len(later) else timedelta(days=1)


def _ns(instant: datetime) -> int:
    return int(instant.timestamp() * 1e6) * 1000
