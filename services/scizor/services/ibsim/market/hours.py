"""Sessions as the gateway spells them: a contract's hours, and the schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scizor.services.ibsim.market.api import BarSize, Listing, SimSession
from scizor.services.ibsim.market.archive import Archive
from scizor.services.ibsim.market.calendar import SessionTable
from scizor.services.ibsim.market.durations import parse_duration
from scizor.services.ibsim.market.windows import window_of

_DAYS_TOLD = 6


def hours_of(archive: Archive, listing: Listing) -> tuple[str, str]:
    """As `Market.hours`: six days from today on, local time. Trading hours include those with quotes but no trades."""
    table, today = archive.table(listing), archive.today(listing)
    days = [_hours(table, today + timedelta(days=ahead)) for ahead in range(_DAYS_TOLD)]
    return ";".join(quoted for quoted, _ in days), ";".join(liquid for _, liquid in days)


def schedule_of(
    archive: Archive, listing: Listing, end: datetime | None, duration: str
) -> Sequence[tuple[datetime, datetime, date]]:
    """As `Market.schedule`: sessions that have begun, whole."""
    table = archive.table(listing)
    window = window_of(archive, listing, BarSize.D1, end, parse_duration(duration))
    return [
        (table.opens[index], datetime.fromtimestamp(int(table.close_s[index]), UTC), table.dates[index])
        for index in range(window.begin, window.stop)
    ]


def sessions_between(archive: Archive, listing: Listing, after: datetime, until: datetime) -> Sequence[SimSession]:
    """As `Market.sessions`."""
    table = archive.table(listing)
    begin = int(np.searchsorted(table.close_s, after.timestamp(), side="right"))
    end = table.begun_by(min(math.floor(until.timestamp()) + 1, archive.seen_until_s()))
    return [
        SimSession(table.dates[index], table.opens[index], datetime.fromtimestamp(int(table.close_s[index]), UTC))
        for index in range(begin, end)
        if archive.grid(listing, index) is not None
    ]


def _hours(table: SessionTable, day: date) -> tuple[str, str]:
    index = table.index_from(day)
    if table.dates[index] != day:
        return f"{day:%Y%m%d}:CLOSED", f"{day:%Y%m%d}:CLOSED"
    hours = table.hours
    opens, closes = (
        f"{datetime.fromtimestamp(int(instants[index]), hours.zone):%H%M}" for instants in (table.open_s, table.close_s)
    )
    quoted_to = hours.quoted_to if table.length_s(index) == hours.length_s else closes
    return (
        f"{day:%Y%m%d}:{hours.quoted_from}-{day:%Y%m%d}:{quoted_to}",
        f"{day:%Y%m%d}:{opens}-{day:%Y%m%d}:{closes}",
    )
