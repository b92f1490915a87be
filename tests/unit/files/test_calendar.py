"""Sessions of exchanges."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import from_day

CALENDAR = ExchangeSessions(SystemClock())


@pytest.mark.parametrize("exchange", ["NASDAQ", "NYSE", "ARCA", "BATS", "AMEX"])
def test_the_exchanges_of_the_us_share_a_calendar(exchange: str) -> None:
    assert CALENDAR.code(exchange) == "XNYS"


def test_a_range_holds_both_its_ends_and_no_holiday() -> None:
    found = CALENDAR.sessions("NASDAQ", date(2010, 12, 31), date(2011, 1, 4))
    assert [str(from_day(day)) for day in found] == ["2010-12-31", "2011-01-03", "2011-01-04"]


def test_sessions_reach_back_to_before_the_oldest_bars() -> None:
    found = CALENDAR.sessions("NYSE", date(1929, 10, 28), date(1929, 10, 29))
    assert [str(from_day(day)) for day in found] == ["1929-10-28", "1929-10-29"]


def test_a_service_that_runs_for_years_learns_of_new_sessions() -> None:
    class Passing:
        def __init__(self) -> None:
            self.today = datetime(2020, 6, 1, tzinfo=UTC)

        def now(self) -> datetime:
            return self.today

    clock = Passing()
    calendar = ExchangeSessions(clock)
    calendar.warm()
    clock.today = datetime(2023, 6, 1, tzinfo=UTC)
    assert len(calendar.sessions("NYSE", date(2023, 5, 30), date(2023, 6, 1))) == 3


def test_sydney_rests_on_its_own_days() -> None:
    found = CALENDAR.sessions("ASX", date(2011, 1, 25), date(2011, 1, 27))
    assert [str(from_day(day)) for day in found] == ["2011-01-25", "2011-01-27"]


def test_an_exchange_without_a_calendar_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no calendar"):
        CALENDAR.code("MOON")
