"""Rows of whole sessions as they come to be stored: a bar is there once its session is over and it was collected.

Who collects is the MarketData service, by itself (`SCIZOR_MARKETDATA_COLLECT_DAILY`) or as it is asked to by a job that
runs `scizor collect daily`: strategies at work only wait, and what comes after the next open is too late to act on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from scizor.domain.bars import ActionType
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.ports.calendar import SessionCalendar
from scizor.ports.storage import Storage
from scizor.services.trading.deployments.bar_rows import StoredBars, Timetable
from scizor.services.trading.deployments.moments import Split
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.strategy.live import Row

_OVERLAP: Final = timedelta(days=31)  # a symbol's bar before the next one is rarely older
_AHEAD_BARS: Final = 60  # of each symbol, in a replay those that are still to come
_LONGEST_BREAK: Final = timedelta(days=14)
_DAYS_A_ROW: Final = 2  # sessions are fewer than dates, and never by half
_IDLE_S: Final = 10.0


class StoredDays:
    """Looks every `poll_s` once a session is over, and now and then before, for bars of dates that no calendar has.

    A row that lacks a bar waits for it until its symbol has a newer one, or for `grace_s`: so a halted symbol stops
    nobody for good. A row may be acted on until the next session opens.
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
        self._looked_s = 0.0
        self.now = now

    async def before(self, until: datetime, count: int) -> Past:
        """The last `count` whole rows that closed at or before the instant.

        The newest is left to `next` where a bar of it may still come before it is too late.
        """
        last, until_ns = until.date() + timedelta(days=1), _ns(until)
        near = until.date() - _LONGEST_BREAK - timedelta(days=_DAYS_A_ROW * count)
        stored, rows = await self._closed(SessionRange(near, last), until_ns)
        if len(rows) < count:
            stored, rows = await self._closed(SessionRange(None, last), until_ns)
        if rows and until < _instant(rows[-1].close_ns) + stored.fresh_for(rows[-1]):
            before_ns = rows[-2].close_ns if len(rows) > 1 else 0
            rows = rows[:-1] if stored.lacking(rows[-1], before_ns) else rows
        rows = rows[-count:]
        return Past(rows, await asyncio.to_thread(stored.told_before, rows))

    async def next(self, after_ns: int) -> Coming:
        """The oldest row that closed after the instant, as soon as it is whole."""
        since = SessionRange((_instant(after_ns) - _OVERLAP).date())
        stored = await self._read(since, _AHEAD_BARS)
        known = stored.rows()
        while True:
            now, now_ns = self.now(), _ns(self.now())
            rows = [one for one in known if after_ns < one.close_ns <= now_ns]
            for one in rows:
                self._seen.setdefault(one.close_ns, now)
            if rows and (not stored.lacking(rows[0], after_ns) or now - self._seen[rows[0].close_ns] >= self._grace):
                self._seen = {close: seen for close, seen in self._seen.items() if close > rows[0].close_ns}
                splits = await self._splits(stored, rows[0])
                return Coming(rows[0], len(rows) == 1, stored.fresh_for(rows[0]), splits)
            await asyncio.sleep(self._poll_s)
            if await self._changed(stored.timetable, after_ns):
                stored = await self._read(since, _AHEAD_BARS)
                known = stored.rows()

    async def _changed(self, timetable: Timetable, after_ns: int) -> bool:
        """Whether a symbol has a newer bar than was read. Nobody is asked while none is to be expected."""
        loop_s, now_ns = asyncio.get_running_loop().time(), _ns(self.now())
        due = any(timetable.closed(name, now_ns)[1] > after_ns for name in self._references)
        if not due and loop_s - self._looked_s < _IDLE_S:
            return False
        self._looked_s = loop_s
        async with self._storage.begin() as work:
            return await work.bars.newest_of_many(list(self._newest)) != self._newest

    async def _splits(self, stored: StoredBars, row: Row) -> tuple[Split, ...]:
        """Those that are told with the row."""
        shown = [one for one in stored.rows() if one.close_ns <= row.close_ns]
        if row.bars.keys() - {name for one in shown[:-1] for name in one.bars}:  # their bars before are older
            stored, shown = await self._closed(SessionRange(None, row.session), row.close_ns)
        return stored.told_before(shown).get(len(shown) - 1, ())

    async def _closed(self, which: SessionRange, until_ns: int) -> tuple[StoredBars, list[Row]]:
        stored = await self._read(which)
        return stored, [one for one in await asyncio.to_thread(stored.rows) if one.close_ns <= until_ns]

    async def _read(self, which: SessionRange, limit: int | None = None) -> StoredBars:
        bars, splits = {}, {}
        async with self._storage.begin() as work:
            found = await work.symbols.get_many(self._references)
            self._newest = await work.bars.newest_of_many([one.key for one in found])
            for one in found:
                name = one.instrument.reference
                read = (await work.bars.read(one, which, limit)).bars
                bars[name] = read[~read["partial"]]
                splits[name] = [action for action in await work.actions.of(one) if action.type is ActionType.SPLIT]
        days = [int(one["day"][place]) for one in bars.values() if len(one) for place in (0, -1)]
        today = to_day(self.now().date())
        first, last = from_day(min([today, *days])), from_day(max([today, *days]))
        self._looked_s = asyncio.get_running_loop().time()
        return StoredBars(bars, splits, Timetable(self._calendar, self._references, first, last))


def _ns(instant: datetime) -> int:
    return int(instant.timestamp() * 1e6) * 1000


def _instant(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)
