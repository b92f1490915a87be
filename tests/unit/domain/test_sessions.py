"""Session dates as days, numbers and texts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.sessions import (
    SessionRange,
    days_to_yyyymmdd,
    from_day,
    parse_session,
    to_day,
    yyyymmdd_to_days,
)


@given(st.dates())
def test_a_date_survives_the_way_to_a_day_and_a_number_and_back(session: date) -> None:
    day = to_day(session)
    number = days_to_yyyymmdd(np.array([day], dtype=np.int32))
    back, valid = yyyymmdd_to_days(number)
    assert int(number[0]) == session.year * 10_000 + session.month * 100 + session.day
    assert valid.all()
    assert from_day(int(back[0])) == session


@pytest.mark.parametrize("number", [0, -20100104, 20100230, 20101301, 20100100, 100000101, 2010])
def test_a_number_that_is_no_date_is_told_from_one(number: int) -> None:
    days, valid = yyyymmdd_to_days(np.array([number, 20100104], dtype=np.int32))
    assert valid.tolist() == [False, True]
    assert days.tolist() == [0, to_day(date(2010, 1, 4))]


def test_a_reversed_range_names_its_field_and_rule() -> None:
    with pytest.raises(InvalidInput, match="start: must not be after end") as caught:
        SessionRange(date(2010, 12, 31), date(2010, 1, 1))
    assert caught.value.reason is Reason.DATE_RANGE_INVALID
    assert caught.value.violations[0].field == "start"


@pytest.mark.parametrize(
    ("which", "left"),
    [
        (SessionRange(), SessionRange(date(2010, 1, 6))),
        (SessionRange(date(2010, 1, 4), date(2010, 1, 8)), SessionRange(date(2010, 1, 6), date(2010, 1, 8))),
        (SessionRange(date(2010, 2, 1)), SessionRange(date(2010, 2, 1))),
        (SessionRange(date(2010, 1, 4), date(2010, 1, 5)), None),
    ],
)
def test_what_is_left_of_a_range_behind_a_session_is_never_more_than_it_was(
    which: SessionRange, left: SessionRange | None
) -> None:
    assert which.behind(date(2010, 1, 5)) == left


def test_nothing_is_left_behind_the_last_date_there_is() -> None:
    assert SessionRange().behind(date.max) is None


def test_a_session_text_is_a_date_or_nothing() -> None:
    assert parse_session("end", "2010-12-31") == date(2010, 12, 31)
    assert parse_session("end", "") is None
    with pytest.raises(InvalidInput, match="end: must be a date of the calendar"):
        parse_session("end", "2010-02-30")
