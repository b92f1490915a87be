"""How long the row of a session may be acted on: until the next one of its exchanges opens."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import to_day
from scizor.ports.calendar import SessionHours
from scizor.services.trading.deployments.days import StoredDays
from scizor.services.trading.deployments.rows import Coming
from tests.fakes.storage import FakeStorage
from tests.fakes.tables import FakeBar
from tests.unit.trading_account.build import AAPL, BHP, WeekdayCalendar

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in range(16, 21))
SATURDAY = FRIDAY + timedelta(days=1)


class HalfDays(WeekdayCalendar):
    """Fridays close at 13:00 in New York, which is 18:00 UTC."""

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        found = super().hours(exchange, start, end)
        fridays = (found.days + 3) % 7 == 4
        return SessionHours(found.days, found.open_ns, found.close_ns - fridays * 3 * 3_600 * 10**9)


class LongWeekend(WeekdayCalendar):
    """Monday the 23rd is a holiday."""

    def sessions(self, exchange: str, start: date, end: date) -> Any:
        found = super().sessions(exchange, start, end)
        return found[found != to_day(date(2026, 11, 23))]


async def shown(
    *bars: tuple[str, date],
    after: datetime,
    count: int = 1,
    calendar: WeekdayCalendar | None = None,
    split: tuple[str, date] | None = None,
) -> list[Coming]:
    """The rows that these bars make, all of which have closed."""
    storage, names = FakeStorage(), list(dict.fromkeys(name for name, _ in bars))
    async with storage.begin() as work:
        for name in names:
            symbol, exchange, currency = name.split(".")
            await work.symbols.add(Instrument(symbol, exchange, currency))
        for name, session in bars:
            key = (await work.symbols.get(name)).key
            bar = FakeBar(to_day(session), (10.0, 12.0, 9.0, 11.0), 1_000.0, False, 1, "test")
            storage.tables.bars[key, to_day(session)] = bar
        if split:
            action = CorporateAction(ActionType.SPLIT, split[1], Decimal(4), "test")
            await work.actions.record(await work.symbols.get(split[0]), action)
    days = StoredDays(
        cast("Any", storage), calendar or WeekdayCalendar(), lambda: _at(SATURDAY, 12), names, poll_s=0.001
    )
    found: list[Coming] = []
    after_ns = int(after.timestamp()) * 10**9
    for _ in range(count):
        async with asyncio.timeout(5):
            found.append(await days.next(after_ns))
        after_ns = found[-1].row.close_ns
    return found


def _at(session: date, hour: int) -> datetime:
    """UTC; New York trades from 14:30 to 21:00, Sydney from 23:00 of the day before to 05:00."""
    return datetime(session.year, session.month, session.day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("session", "calendar", "hours"),
    [
        (TUESDAY, WeekdayCalendar(), 17.5),
        (FRIDAY, WeekdayCalendar(), 65.5),
        (FRIDAY, LongWeekend(), 89.5),
        (FRIDAY, HalfDays(), 68.5),
    ],
    ids=["in the week", "over a weekend", "over a long weekend", "after half a day"],
)
async def test_a_row_may_be_acted_on_until_the_next_session_opens(
    session: date, calendar: WeekdayCalendar, hours: float
) -> None:
    (row,) = await shown((AAPL, session), after=_at(session, 0), calendar=calendar)
    assert row.fresh_for == timedelta(hours=hours)


async def test_half_a_day_closes_when_it_does() -> None:
    (friday,) = await shown((AAPL, FRIDAY), after=_at(FRIDAY, 0), calendar=HalfDays())
    assert friday.row.close_ns == int(_at(FRIDAY, 18).timestamp()) * 10**9


async def test_two_exchanges_have_a_row_each_by_their_closes() -> None:
    bars = [(name, session) for session in (MONDAY, TUESDAY) for name in (AAPL, BHP)]
    rows = await shown(*bars, after=_at(MONDAY, 0), count=4)
    assert [(one.row.session, *one.row.bars) for one in rows] == [
        (MONDAY, BHP),
        (MONDAY, AAPL),
        (TUESDAY, BHP),
        (TUESDAY, AAPL),
    ]
    assert [one.newest for one in rows] == [False, False, False, True]
    assert [one.fresh_for for one in rows] == [timedelta(hours=hours) for hours in (18, 17.5, 18, 17.5)]


async def test_a_split_on_a_day_without_a_bar_is_told_before_the_next_one() -> None:
    bars = [(AAPL, session) for session in (MONDAY, TUESDAY, THURSDAY, FRIDAY)]
    rows = await shown(*bars, after=_at(MONDAY, 22), count=3, split=(AAPL, WEDNESDAY))
    assert [[split.ratio for split in one.splits] for one in rows] == [[], [4], []]
