"""From sessions to ends and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.adapters.ib.durations import BAR_SIZES, duration, end_of, span_days
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NEW_YORK, SYDNEY = "America/New_York", "Australia/Sydney"


@pytest.mark.parametrize(
    ("last", "zone", "end"),
    [
        (date(2024, 1, 31), NEW_YORK, "20240201-04:59:59"),
        (date(2024, 7, 1), NEW_YORK, "20240702-03:59:59"),
        (date(2024, 1, 31), SYDNEY, "20240131-12:59:59"),
        (date(2024, 7, 1), SYDNEY, "20240701-13:59:59"),
        (date(2026, 11, 21), NEW_YORK, "20261122-04:59:59"),
    ],
)
def test_the_end_is_the_last_second_of_the_date_where_it_is_traded_as_utc(last: date, zone: str, end: str) -> None:
    assert end_of(last, zone, NOW) == end


def test_an_end_that_is_yet_to_come_is_spelled_as_now() -> None:
    assert end_of(date(2026, 11, 22), NEW_YORK, NOW) == ""
    assert end_of(date(2026, 11, 22), SYDNEY, NOW) == "", "noon UTC is 23:00 in Sydney"
    assert end_of(date(2026, 11, 21), SYDNEY, NOW) != ""


def test_one_request_covers_what_the_step_sizes_allow() -> None:
    spans = [span_days(each) for each in Interval]
    assert dict(zip([each.name for each in Interval], spans, strict=True)) == {
        "DAY_1": 365,
        "MINUTE_1": 1,
        "MINUTE_5": 7,
        "MINUTE_15": 7,
        "MINUTE_30": 28,
        "HOUR_1": 28,
    }


@pytest.mark.parametrize(
    ("interval", "days", "text"),
    [
        (Interval.DAY_1, 1, "1 D"),
        (Interval.DAY_1, 5, "5 D"),
        (Interval.DAY_1, 251, "251 D"),
        (Interval.DAY_1, 252, "1 Y"),
        (Interval.DAY_1, 365, "1 Y"),
        (Interval.MINUTE_1, 1, "1 D"),
        (Interval.MINUTE_5, 3, "1 W"),
        (Interval.HOUR_1, 2, "2 D"),
        (Interval.HOUR_1, 8, "1 M"),
    ],
)
def test_the_shortest_step_that_covers_the_days_is_taken(interval: Interval, days: int, text: str) -> None:
    first = date(2024, 3, 1)
    assert duration(interval, first, first + timedelta(days=days - 1)) == text


@pytest.mark.parametrize("interval", Interval)
def test_a_longer_span_names_its_rule(interval: Interval) -> None:
    first = date(2024, 1, 1)
    with pytest.raises(InvalidInput, match=f"must be {span_days(interval)} days or less"):
        duration(interval, first, first + timedelta(days=span_days(interval)))
    with pytest.raises(InvalidInput):
        duration(interval, first, first - timedelta(days=1))


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), st.sampled_from(list(Interval)), st.integers(1, 365))
def test_no_duration_covers_less_than_asked(last: date, interval: Interval, days: int) -> None:
    days = min(days, span_days(interval))
    count, unit = duration(interval, last - timedelta(days=days - 1), last).split()
    reaches = {"D": int(count), "W": 7 * int(count), "M": 28 * int(count), "Y": 365 * int(count)}
    assert reaches[unit] >= days


def test_durations_are_the_published_step_sizes() -> None:
    texts = {text for size in BAR_SIZES.values() for _, text in size.steps}
    assert texts == {f"{days} D" for days in range(1, 252)} | {"1 W", "1 M", "1 Y"}
    for interval, (_, text) in product([Interval.MINUTE_5, Interval.MINUTE_15], BAR_SIZES[Interval.MINUTE_5].steps):
        assert duration(interval, date(2024, 1, 1), date(2024, 1, 1)) == "1 D"
        assert text in {"1 D", "2 D", "1 W"}
