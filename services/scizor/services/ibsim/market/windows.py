"""Which sessions a request for history means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from scizor.domain.sessions import DayArray
from scizor.services.ibsim.market.api import BarSize, Listing
from scizor.services.ibsim.market.archive import Archive
from scizor.services.ibsim.market.calendar import SecondArray, SessionTable
from scizor.services.ibsim.market.durations import DAY_S, Duration, size_s


@dataclass(frozen=True, slots=True)
class Window:
    """Sessions `begin` to `stop` - 1 of the table, of which only `since_s` to `limit_s` - 1 (Unix time) counts."""

    begin: int
    stop: int
    since_s: int
    limit_s: int


def window_of(archive: Archive, listing: Listing, size: BarSize, end: datetime | None, span: Duration) -> Window:
    """Days count sessions, seconds count trading time, the rest counts by the calendar. Clipped to the listing.

    Weeks and months are whole at the window's beginning, so that a bar of one is never a part of it.
    """
    table, series = archive.table(listing), archive.series(listing)
    limit_s = archive.seen_until_s()
    if end is not None:
        limit_s = min(limit_s, math.ceil(end.timestamp()))
    stop = table.begun_by(limit_s)
    since_s = 0
    if span.unit == "D":
        begin = stop - span.count
    elif span.unit == "S" and size_s(size) < DAY_S:
        begin, since_s = _trading_seconds(table, stop, limit_s, span.count)
    elif span.unit == "S":
        begin = stop - 1
    else:
        begin = table.index_from(span.before(table.local_date(limit_s - 1)) + timedelta(days=1))
    if size_s(size) > DAY_S and 0 < begin < stop:
        begun = periods(size, table.day[:stop])
        begin = int(np.searchsorted(begun, begun[begin]))
    return Window(max(begin, series.first), min(stop, series.first + len(series)), since_s, limit_s)


def periods(size: BarSize, day: DayArray) -> SecondArray:
    """The number of the week (from Monday) or month that each day is in, shapes (n,)."""
    if size is BarSize.W1:
        return (day.astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _trading_seconds(table: SessionTable, stop: int, limit_s: int, seconds: int) -> tuple[int, int]:
    """The session and the instant from which that much trading time passed until the limit."""
    for index in range(stop - 1, -1, -1):
        open_s = int(table.open_s[index])
        traded = min(limit_s, int(table.close_s[index])) - open_s
        if traded >= seconds:
            return index, open_s + traded - seconds
        seconds -= traded
    return 0, 0
