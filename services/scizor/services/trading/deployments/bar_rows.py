"""Stored daily bars as the rows that a backtest over them has: the same bars, order and splits.

Rows end when their sessions close, by which alone a strategy at work can act: where all symbols keep the same hours a
backtest has whole days in their place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from scizor.domain.bars import BarArray, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import from_day, to_day
from scizor.engine.panel import TimeArray
from scizor.ports.calendar import SessionCalendar, SessionHours
from scizor.services.history.market import opens_and_closes
from scizor.services.trading.account.hours import exchange_of
from scizor.services.trading.deployments.moments import Split
from scizor.strategy.live import Row
from scizor.strategy.views import Bar

_DAY_NS: Final = 86_400_000_000_000
_REACH: Final = timedelta(days=31)  # no exchange was closed for longer


class Timetable:
    """When sessions open and close, those of `first` to `last` and a month around.

    Where one of the exchanges has no calendar, all have whole days, as in a backtest.
    """

    def __init__(self, calendar: SessionCalendar, references: Sequence[str], first: date, last: date) -> None:
        exchanges = {exchange_of(name) for name in references}
        self._hours: dict[str, SessionHours] = {}
        with suppress(InvalidInput):  # hours that nobody knows
            self._hours = {one: calendar.hours(one, first - _REACH, last + _REACH) for one in exchanges}

    def slots(self, name: str, days: TimeArray) -> tuple[TimeArray, TimeArray]:
        """When the sessions of those dates open and close, shape (n,)."""
        if not self._hours:
            return days * _DAY_NS, (days + 1) * _DAY_NS
        return opens_and_closes(days, self._hours[exchange_of(name)])

    def closed(self, name: str, now_ns: int) -> tuple[int, int]:
        """The newest session that is over: its date, and when it closed."""
        if not self._hours:
            day = now_ns // _DAY_NS - 1
            return day, (day + 1) * _DAY_NS
        hours = self._hours[exchange_of(name)]
        place = int(np.searchsorted(hours.close_ns, now_ns, side="right")) - 1
        return (int(hours.days[place]), int(hours.close_ns[place])) if place >= 0 else (-1, -1)

    def opens(self, name: str, after_ns: int) -> int:
        """When the next session opens; a day later where that is not known."""
        if self._hours:
            later = self._hours[exchange_of(name)].open_ns
            place = int(np.searchsorted(later, after_ns, side="right"))
            if place < len(later):
                return int(later[place])
        return after_ns + _DAY_NS


@dataclass(frozen=True, slots=True)
class StoredBars:
    """Complete bars and splits by reference, all oldest first."""

    bars: Mapping[str, BarArray]
    splits: Mapping[str, Sequence[CorporateAction]]
    timetable: Timetable

    def rows(self) -> list[Row]:
        """All of them, by their close."""
        found: defaultdict[tuple[int, int, int], dict[str, Bar]] = defaultdict(dict)
        for name, bars in self.bars.items():
            opens, closes = self.timetable.slots(name, bars["day"].astype(np.int64))
            slots = zip(closes.tolist(), opens.tolist(), bars["day"].tolist(), strict=True)
            columns = zip(*(bars[column].tolist() for column in Bar._fields), strict=True)
            for slot, bar in zip(slots, columns, strict=True):
                found[slot][name] = Bar(*bar)
        return [Row(from_day(day), opened, closed, bars) for (closed, opened, day), bars in sorted(found.items())]

    def lacking(self, row: Row, after_ns: int) -> list[str]:
        """Symbols that may still get a bar of the row, or of one between the instant and the row."""
        found: list[str] = []
        for name, bars in self.bars.items():
            day, close_ns = self.timetable.closed(name, row.close_ns)
            newest = int(bars["day"][-1]) if len(bars) else -1
            if name not in row.bars and close_ns > after_ns and newest < day:
                found.append(name)
        return found

    def fresh_for(self, row: Row) -> timedelta:
        """How long after its close until a symbol of the row trades again."""
        opens_ns = min(self.timetable.opens(name, row.close_ns) for name in row.bars)
        return timedelta(microseconds=(opens_ns - row.close_ns) // 1000)

    def told_before(self, rows: Sequence[Row]) -> dict[int, tuple[Split, ...]]:
        """Splits by the place of the row they come before: as in a backtest, the symbol's first on the new scale."""
        found: defaultdict[int, list[Split]] = defaultdict(list)
        last: dict[str, date] = {}
        for place, row in enumerate(rows):
            for name in row.bars:
                if name in last:
                    found[place] += self._between(name, last[name], row.session)
                last[name] = row.session
        return {place: tuple(splits) for place, splits in found.items() if splits}

    def _between(self, name: str, after: date, until: date) -> list[Split]:
        return [
            Split(name, action.value, self._begin(name, action.ex_date))
            for action in self.splits[name]
            if after < action.ex_date <= until
        ]

    def _begin(self, name: str, session: date) -> datetime:
        opens, _ = self.timetable.slots(name, np.array([to_day(session)], np.int64))
        return datetime.fromtimestamp(int(opens[0]) / 1e9, UTC)
