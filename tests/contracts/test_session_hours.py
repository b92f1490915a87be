"""What a calendar says of the hours of sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import to_day

CALENDAR = ExchangeSessions(SystemClock())


@pytest.mark.parametrize(
    ("exchange", "session", "opens", "closes"),
    [
        ("NASDAQ", date(2024, 1, 2), "2024-01-02T14:30", "2024-01-02T21:00"),
        ("NYSE", date(2024, 7, 2), "2024-07-02T13:30", "2024-07-02T20:00"),
        ("NASDAQ", date(2024, 11, 29), "2024-11-29T14:30", "2024-11-29T18:00"),
        ("ASX", date(2024, 1, 3), "2024-01-02T23:00", "2024-01-03T05:00"),
        ("ASX", date(2024, 7, 3), "2024-07-03T00:00", "2024-07-03T06:00"),
        ("ASX", date(2024, 12, 24), "2024-12-23T23:00", "2024-12-24T03:10"),
    ],
)
def test_hours_are_instants_and_know_early_closes(exchange: str, session: date, opens: str, closes: str) -> None:
    hours = CALENDAR.hours(exchange, session, session)
    assert hours.days.tolist() == [to_day(session)]
    instants = [datetime.fromtimestamp(at / 1e9, UTC) for at in (int(hours.open_ns[0]), int(hours.close_ns[0]))]
    assert [f"{instant:%Y-%m-%dT%H:%M}" for instant in instants] == [opens, closes]


def test_hours_are_of_the_same_days_as_sessions() -> None:
    start, end = date(2020, 1, 1), date(2020, 12, 31)
    hours = CALENDAR.hours("ASX", start, end)
    assert np.array_equal(hours.days, CALENDAR.sessions("ASX", start, end))
    assert len(hours.days) == len(hours.open_ns) == len(hours.close_ns)
    assert hours.open_ns.dtype == hours.close_ns.dtype == np.int64
    assert (hours.open_ns < hours.close_ns).all()


def test_an_exchange_has_a_zone() -> None:
    assert [CALENDAR.time_zone(exchange) for exchange in ("NASDAQ", "ASX")] == ["America/New_York", "Australia/Sydney"]


def test_an_exchange_without_a_calendar_has_neither() -> None:
    with pytest.raises(InvalidInput):
        CALENDAR.hours("MOON", date(2020, 1, 1), date(2020, 1, 2))
    with pytest.raises(InvalidInput):
        CALENDAR.time_zone("MOON")
