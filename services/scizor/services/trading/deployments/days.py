"""Rows of whole sessions as they come to be stored: whoever collects them, a bar is there once its session is over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scizor.domain.bars import BarSeries
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.history.market import opens_and_closes
from scizor.strategy.live import Row
from scizor.strategy.views import Bar

_OVERLAP = timedelta(days=10)  # a session closes within this of its date, whatever its exchange


class StoredDays:
    """Looks every `poll_s`. A row that lacks a bar waits for it until its symbol has a newer one, or for `grace_s`.

    So a halted symbol stops nobody for good.
    """

    def __init__(
        self,
        storage: Storage,
        calendar: SessionCalendar,
        clock: Clock,
        references: Sequence[str],
        poll_s: float = 1.0,
        grace_s: float = 900.0,
    ) -> None:
        self._storage, self._calendar, self._clock = storage, calendar, clock
        self._references, self._poll_s, self._grace = references, poll_s, timedelta(seconds=grace_s)
        self._seen: dict[int, datetime] = {}

    async def next(self, after_ns: int) -> Row:
        """The oldest row that closed after the instant, as soon as it is whole."""
        while True:
            row = self._first_whole(await self._read(after_ns), after_ns)
            if row is not None:
                self._seen = {close: seen for close, seen in self._seen.items() if close > row.close_ns}
                return row
            await asyncio.sleep(self._poll_s)

    async def _read(self, after_ns: int) -> Mapping[str, BarSeries]:
        since = (datetime.fromtimestamp(after_ns / 1e9, self._clock.now().tzinfo) - _OVERLAP).date()
        async with self._storage.begin() as work:
            found = await work.symbols.get_many(self._references)
            return {one.instrument.reference: await work.bars.read(one, SessionRange(since)) for one in found}

    def _first_whole(self, series: Mapping[str, BarSeries], after_ns: int) -> Row | None:
        rows = rows_of(series, self._calendar, after_ns)
        if not rows:
            return None
        first = rows[0]
        newest = {name: int(one.bars["day"][-1]) for name, one in series.items() if len(one.bars)}
        day = to_day(first.session)
        missing = [name for name in self._references if name not in first.bars and newest.get(name, -1) < day]
        seen = self._seen.setdefault(first.close_ns, self._clock.now())
        return first if not missing or self._clock.now() - seen >= self._grace else None


def rows_of(series: Mapping[str, BarSeries], calendar: SessionCalendar, after_ns: int) -> list[Row]:
    """Complete bars as rows, by their close, those after the instant."""
    found: defaultdict[tuple[int, int, int], dict[str, Bar]] = defaultdict(dict)
    for name, one in series.items():
        bars = one.bars[~one.bars["partial"]]
        if not len(bars):
            continue
        exchange = name.split(".")[-2]
        days = bars["day"].astype("i8")
        hours = calendar.hours(exchange, from_day(days[0] - 31), from_day(days[-1]))
        opens, closes = opens_and_closes(days, hours)
        for place in (closes > after_ns).nonzero()[0]:
            bar = bars[place]
            key = (int(closes[place]), int(opens[place]), int(days[place]))
            found[key][name] = Bar(*(float(bar[column]) for column in Bar._fields))
    return [Row(from_day(day), opened, closed, bars) for (closed, opened, day), bars in sorted(found.items())]
