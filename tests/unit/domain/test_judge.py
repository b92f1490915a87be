"""Which rule each row breaks first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.judge import describe, judge, widened
from scizor.domain.quality import Rule
from scizor.domain.rows import Rows

HELD = np.arange(0, 1000, dtype=np.int32)
GOOD = (10.0, 11.0, 9.0, 10.5, 100.0)
NAN, INF = float("nan"), float("inf")
Bar = tuple[float, float, float, float, float]


def rows_of(
    *bars: Bar, days: list[int] | None = None, instrument: list[int] | None = None, readable: list[bool] | None = None
) -> Rows:
    columns = [np.array(column, dtype=np.float64) for column in zip(*bars, strict=True)]
    return Rows(
        np.array(instrument or [0] * len(bars), dtype=np.int32),
        np.array(days if days is not None else range(len(bars)), dtype=np.int32),
        np.array(readable or [True] * len(bars)),
        *columns,
    )


def rules_of(rows: Rows, held: Any = HELD) -> list[Rule]:
    calendar_of = np.zeros(int(rows.instrument.max(initial=0)) + 1, dtype=np.int32)
    return [Rule(code) for code in judge(rows, [held], calendar_of).tolist()]


@pytest.mark.parametrize(
    ("bar", "rule", "said"),
    [
        (GOOD, Rule.NONE, ""),
        ((10.0, 10.0, 10.0, 10.0, 1.0), Rule.NONE, ""),
        ((NAN, 11.0, NAN, 10.5, 100.0), Rule.PRICE_MISSING, "open and low missing"),
        ((NAN, -1.0, 9.0, 10.5, -5.0), Rule.PRICE_MISSING, "open missing"),
        ((10.0, 11.0, 0.0, 10.5, 100.0), Rule.PRICE_NOT_POSITIVE, "low 0 must be above zero and finite"),
        ((10.0, INF, 9.0, 10.5, 100.0), Rule.PRICE_NOT_POSITIVE, "high inf must be above zero and finite"),
        ((10.0, -INF, 9.0, 10.5, 100.0), Rule.PRICE_NOT_POSITIVE, "high -inf must be above zero and finite"),
        ((10.0, 9.0, 11.0, 10.5, 100.0), Rule.HIGH_BELOW_LOW, "high 9 is below low 11"),
        ((200.0, 11.0, 9.0, 10.5, 100.0), Rule.OUTSIDE_RANGE, "open 200 outside [9, 11]"),
        ((8.0, 11.0, 9.0, 12.0, 100.0), Rule.OUTSIDE_RANGE, "open 8 and close 12 outside [9, 11]"),
        ((10.0, 11.0, 9.0, 10.5, -1.0), Rule.VOLUME_NEGATIVE, "volume -1 must not be negative and finite"),
        ((10.0, 11.0, 9.0, 10.5, NAN), Rule.VOLUME_NEGATIVE, "volume missing"),
        ((10.0, 11.0, 9.0, 10.5, INF), Rule.VOLUME_NEGATIVE, "volume inf must not be negative and finite"),
        ((10.0, 11.0, 9.0, 10.5, 0.0), Rule.VOLUME_ZERO, "volume 0: no trade made these prices"),
    ],
)
def test_a_row_is_judged_by_the_first_rule_it_breaks(bar: Bar, rule: Rule, said: str) -> None:
    rows = rows_of(bar)
    assert rules_of(rows) == [rule]
    if rule is not Rule.NONE:
        assert describe(rows, 0, rule) == said


def test_a_price_beyond_the_range_by_rounding_is_good_and_the_range_made_to_hold_it() -> None:
    rows = rows_of((10.0, 10.5, 9.0, 10.5 * (1 + 1e-12), 100.0), (10.0, 10.5, 9.0, 10.5 * (1 + 1e-8), 100.0))
    assert rules_of(rows) == [Rule.NONE, Rule.OUTSIDE_RANGE]
    high, low = widened(rows)
    assert high[0] == rows.close[0]
    assert low[0] == 9.0


def test_an_unreadable_row_breaks_no_other_rule_and_makes_no_conflict() -> None:
    assert rules_of(rows_of(GOOD, (NAN,) * 5, days=[5, 5], readable=[True, False])) == [Rule.NONE, Rule.UNREADABLE]


def test_of_equal_rows_the_first_is_judged_and_the_others_are_duplicates() -> None:
    assert rules_of(rows_of(GOOD, GOOD, GOOD, days=[3, 3, 3])) == [Rule.NONE, Rule.DUPLICATE, Rule.DUPLICATE]


def test_of_equal_rows_that_are_bad_each_breaks_the_earlier_rule() -> None:
    bad = (NAN, 11.0, 9.0, 10.5, 100.0)
    assert rules_of(rows_of(bad, bad, days=[3, 3])) == [Rule.PRICE_MISSING] * 2


def test_rows_of_one_session_that_differ_are_all_in_conflict() -> None:
    other = (10.0, 11.0, 9.0, 10.6, 100.0)
    assert rules_of(rows_of(GOOD, other, GOOD, GOOD, days=[3, 3, 3, 4])) == [
        Rule.CONFLICT,
        Rule.CONFLICT,
        Rule.DUPLICATE,
        Rule.NONE,
    ]


def test_a_good_row_cannot_be_trusted_beside_a_bad_one_of_its_session() -> None:
    bad = (NAN, 11.0, 9.0, 10.5, 100.0)
    assert rules_of(rows_of(GOOD, bad, days=[3, 3])) == [Rule.CONFLICT, Rule.PRICE_MISSING]


def test_the_same_session_of_two_instruments_is_no_conflict() -> None:
    other = (10.0, 11.0, 9.0, 10.6, 100.0)
    assert rules_of(rows_of(GOOD, other, days=[3, 3], instrument=[0, 1])) == [Rule.NONE, Rule.NONE]


def test_a_day_without_a_session_is_off_the_calendar() -> None:
    rows = rows_of(GOOD, GOOD, GOOD, GOOD, days=[-5, 3, 4, 5000])
    held = np.array([3, 5], dtype=np.int32)
    assert rules_of(rows, held) == [Rule.OFF_CALENDAR, Rule.NONE, Rule.OFF_CALENDAR, Rule.OFF_CALENDAR]
    assert describe(rows, 2, Rule.OFF_CALENDAR) == "the exchange held no session on 1970-01-05"
    assert rules_of(rows, held[:0]) == [Rule.OFF_CALENDAR] * 4


def test_each_instrument_is_held_to_its_own_calendar() -> None:
    rows = rows_of(GOOD, GOOD, days=[3, 3], instrument=[0, 1])
    sessions = [np.array([3], dtype=np.int32), np.array([4], dtype=np.int32)]
    assert judge(rows, sessions, np.array([0, 1], dtype=np.int32)).tolist() == [Rule.NONE, Rule.OFF_CALENDAR]


def test_a_symbol_that_names_nothing_is_the_last_rule() -> None:
    bad = (NAN, 11.0, 9.0, 10.5, 100.0)
    assert rules_of(rows_of(GOOD, bad, instrument=[-1, -1])) == [Rule.SYMBOL_UNKNOWN, Rule.PRICE_MISSING]


def test_no_rows_break_no_rule() -> None:
    empty = np.zeros(0)
    rows = Rows(empty.astype(np.int32), empty.astype(np.int32), empty.astype(bool), *[empty] * 5)
    assert judge(rows, [], empty.astype(np.int32)).tolist() == []


def around(wick: Bar, quiet: Bar = GOOD, at: int = 10, count: int = 21) -> Rows:
    bars = [quiet] * count
    bars[at] = wick
    return rows_of(*bars)


@pytest.mark.parametrize(
    ("bar", "quiet", "rule"),
    [
        # True extremes.
        ((61.91, 62.67, 39.37, 60.75, 28.6e6), (62.0, 62.6, 61.7, 62.2, 13.0e6), Rule.NONE),  # PG 2010-05-06
        ((86.06, 90.52, 67.98, 84.24, 9.2e6), (86.5, 88.0, 85.8, 86.6, 5.2e6), Rule.NONE),  # MMM 2010-05-06
        ((253.83, 258.25, 199.25, 246.25, 45.9e6), (255.0, 259.0, 250.0, 256.0, 27.0e6), Rule.NONE),  # AAPL that day
        ((28.19, 29.0, 25.38, 25.75, 132e6), (53.0, 54.5, 52.0, 53.5, 5.9e6), Rule.NONE),  # AAPL 2000-09-29
        ((48.25, 48.25, 36.5, 36.5, 3.5e6), (48.0, 49.5, 47.0, 48.25, 1.3e6), Rule.NONE),  # AAPL 1987-10-19
        ((31.0, 42.0, 31.0, 36.5, 4.0e6), (40.0, 43.0, 39.0, 40.5, 1.2e6), Rule.NONE),  # KO 1987-10-20
        ((106.0, 120.0, 85.88, 108.0, 114.6e6), (130.0, 138.0, 128.0, 133.0, 15.7e6), Rule.NONE),  # GS 2008-09-18
        ((48.83, 62.33, 48.41, 50.65, 13.0e6), (50.0, 54.0, 47.2, 50.3, 14.1e6), Rule.NONE),  # AMZN 2008-10-17
        ((42.0, 46.8, 42.0, 43.0, 80e6), (46.0, 48.5, 44.0, 45.0, 60e6), Rule.NONE),  # a day of 2020-03
        # Misprints.
        ((49.71, 49.71, 0.01, 47.25, 3.7e6), (50.0, 50.7, 49.6, 50.2, 2.8e6), Rule.OUTLIER_WICK),  # TRV 2008-06-06
        ((23.78, 24.3, 11.78, 24.29, 92e6), (23.0, 23.8, 22.8, 23.0, 58e6), Rule.OUTLIER_WICK),  # CSCO 2008-09-19
        ((15.1, 20.0, 15.03, 15.09, 79.7e6), (15.5, 15.8, 15.3, 15.4, 66e6), Rule.OUTLIER_WICK),  # GE 2011-08-19
        ((50.83, 51.89, 30.16, 50.13, 6.2e6), (50.0, 51.2, 49.7, 50.5, 5.7e6), Rule.OUTLIER_WICK),  # KO 2002-10-07
        ((50.15, 50.35, 5.18, 50.17, 3.7e6), (50.0, 50.4, 49.8, 50.2, 5.0e6), Rule.OUTLIER_WICK),  # KO 2003-12-23
    ],
)
@pytest.mark.parametrize("at", [0, 10, 20])
def test_true_extremes_are_good_and_misprints_are_not(bar: Bar, quiet: Bar, rule: Rule, at: int) -> None:
    assert rules_of(around(bar, quiet, at))[at] is rule


@pytest.mark.parametrize(
    ("bar", "rule"),
    [
        ((50.0, 80.0, 49.0, 51.0, 9e6), Rule.OUTLIER_WICK),
        ((50.0, 75.0, 49.0, 51.0, 9e6), Rule.NONE),
        ((50.0, 75.0, 49.0, 51.0, 1e6), Rule.OUTLIER_WICK),
        ((50.0, 63.0, 49.0, 51.0, 1e6), Rule.NONE),
    ],
)
def test_half_as_far_is_a_misprint_only_where_nobody_came_along(bar: Bar, rule: Rule) -> None:
    assert rules_of(around(bar, (50.0, 50.5, 49.5, 50.0, 1e6)))[10] is rule


def test_a_wick_among_its_like_is_how_the_instrument_trades() -> None:
    assert set(rules_of(rows_of(*[(1.0, 2.0, 0.4, 1.1, 100.0)] * 30))) == {Rule.NONE}


def test_without_neighbours_only_a_factor_of_three_is_absurd() -> None:
    assert rules_of(rows_of((10.0, 29.0, 9.0, 10.0, 1.0), days=[1])) == [Rule.NONE]
    assert rules_of(rows_of((10.0, 31.0, 9.0, 10.0, 1.0), days=[1])) == [Rule.OUTLIER_WICK]


def test_neighbours_are_of_the_same_instrument() -> None:
    wick = (10.0, 20.0, 9.0, 10.0, 1.0)
    rows = rows_of(*[GOOD] * 20, wick, days=[*range(20), 10], instrument=[0] * 20 + [1])
    assert rules_of(rows)[-1] is Rule.NONE


@given(st.permutations(range(12)), st.data())
def test_the_order_of_good_rows_does_not_matter(order: list[int], data: st.DataObject) -> None:
    bars = [data.draw(st.sampled_from([GOOD, (NAN, *GOOD[1:]), (10.0, 11.0, 9.0, 10.5, 0.0)])) for _ in range(12)]
    straight = rules_of(rows_of(*bars))
    mixed = rules_of(rows_of(*[bars[place] for place in order], days=order))
    assert mixed == [straight[place] for place in order]


def test_a_million_rows_that_are_all_suspect_are_judged() -> None:
    count = 1_000_000
    base = np.full(count, 10.0)
    rows = Rows(
        np.repeat(np.arange(1000, dtype=np.int32), 1000),
        np.tile(HELD, 1000),
        np.ones(count, dtype=bool),
        base,
        base * 2,
        base * 0.9,
        base,
        base,
    )
    codes = judge(rows, [HELD], np.zeros(1000, dtype=np.int32))
    assert not codes.any()
