"""When an exchange trades around a date."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from scizor.domain.errors import InvalidInput
from scizor.services.marketdata.truth.market_hours import MarketHours, MarketSession, around
from tests.fakes.broker import HandClock
from tests.unit.marketdata.stage import NOW, Weekdays


async def hours(day: date | None = None, now: datetime = NOW) -> MarketHours:
    return await around(Weekdays(), HandClock(now), "NASDAQ", day)


def day_of(session: MarketSession | None) -> date | None:
    return session.day if session else None


async def test_a_session_and_its_neighbours_are_told() -> None:
    found = await hours(date(2020, 1, 17))
    assert (found.calendar, found.time_zone) == ("XNASDAQ", "America/New_York")
    assert found.session == MarketSession(date(2020, 1, 17), 1579271400_000000000, 1579294800_000000000)
    assert (day_of(found.previous), day_of(found.next)) == (date(2020, 1, 16), date(2020, 1, 21))


async def test_a_holiday_has_neighbours_only() -> None:
    found = await hours(date(2020, 1, 20))
    assert (found.session, day_of(found.previous), day_of(found.next)) == (None, date(2020, 1, 17), date(2020, 1, 21))


async def test_today_is_the_exchanges_own() -> None:
    assert day_of((await hours(now=datetime(2020, 1, 31, 3, tzinfo=UTC))).session) == date(2020, 1, 30)
    assert day_of((await hours(now=datetime(2020, 1, 31, 6, tzinfo=UTC))).session) == date(2020, 1, 31)


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(14, 29, False), (14, 30, True), (20, 59, True), (21, 0, False)]
)
async def test_it_is_open_while_a_session_is_under_way_whatever_date_is_asked(
    hour: int, minute: int, is_open: bool
) -> None:
    now = datetime(2020, 1, 31, hour, minute, tzinfo=UTC)
    assert (await hours(now=now)).is_open is is_open
    assert (await hours(date(2020, 1, 20), now)).is_open is is_open


async def test_an_exchange_without_a_calendar_is_refused_by_the_callers_field() -> None:
    with pytest.raises(InvalidInput) as refusal:
        await around(Weekdays(), HandClock(), "MOON", None)
    assert refusal.value.violations[0].field == "exchange"
