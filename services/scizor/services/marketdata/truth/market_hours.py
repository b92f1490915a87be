"""Use case: when an exchange trades around a date."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import from_day, to_day
from scizor.ports.calendar import SessionCalendar, SessionHours
from scizor.ports.clock import Clock

_REACH = timedelta(days=200)
"""No exchange was ever closed for so long."""


@dataclass(frozen=True, slots=True)
class MarketSession:
    """One regular session; nanoseconds UTC."""

    day: date
    open_ns: int
    close_ns: int


@dataclass(frozen=True, slots=True)
class MarketHours:
    """The sessions of the date, the last before it and the first after it; None where there is none."""

    calendar: str
    time_zone: str
    is_open: bool
    session: MarketSession | None
    previous: MarketSession | None
    next: MarketSession | None


async def around(calendar: SessionCalendar, clock: Clock, exchange: str, day: date | None) -> MarketHours:
    """`day` None is today on the exchange. Raises InvalidInput for an exchange without a calendar."""
    try:
        code, time_zone = calendar.code(exchange), calendar.time_zone(exchange)
    except InvalidInput as error:
        raise InvalidInput.of_field("exchange", error.violations[0].description) from None
    now = clock.now()
    today = today_in(time_zone, now)
    asked = day or today
    near = await asyncio.to_thread(calendar.hours, exchange, *_reach(asked, _REACH))
    current = await asyncio.to_thread(calendar.hours, exchange, *_reach(today, timedelta(days=1)))
    now_ns = int(now.timestamp() * 1e9)
    is_open = bool(np.any((current.open_ns <= now_ns) & (now_ns < current.close_ns)))
    first, behind = np.searchsorted(near.days, [to_day(asked), to_day(asked) + 1])
    return MarketHours(
        code,
        time_zone,
        is_open,
        session=_session(near, int(first)) if behind > first else None,
        previous=_session(near, int(first) - 1),
        next=_session(near, int(behind)),
    )


def today_in(time_zone: str, now: datetime) -> date:
    """The date in an IANA zone."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def _session(hours: SessionHours, place: int) -> MarketSession | None:
    if not 0 <= place < len(hours.days):
        return None
    return MarketSession(from_day(hours.days[place]), int(hours.open_ns[place]), int(hours.close_ns[place]))


def _reach(day: date, reach: timedelta) -> tuple[date, date]:
    """From so long before the day to so long after it, as far as there are dates."""
    start = day - reach if day - date.min > reach else date.min
    return start, day + reach if date.max - day > reach else date.max
