"""What looks like a split nobody recorded."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.quality import DataFlag, FlagKind
from scizor.domain.sessions import from_day
from scizor.domain.splits import suspected, with_gaps

FIRST_DAY, AT = 10_000, 25
Opening = tuple[float, float, float]
"""Open, close and volume of the session in question, as multiples of the close and the volume before."""


def series_of(opening: Opening, *, count: int = 40, at: int = AT) -> BarSeries:
    """Quiet sessions at 100 and 1,000,000 shares, then such an opening, and quiet sessions at that close."""
    opened, closed, volume = opening
    bars: BarArray = empty_bars(count)
    bars["day"] = range(FIRST_DAY, FIRST_DAY + count)
    for name in ("open", "high", "low", "close"):
        bars[name][:at], bars[name][at:] = 100.0, 100.0 * closed
    bars["volume"] = 1e6
    bars["open"][at], bars["volume"][at] = 100.0 * opened, 1e6 * volume
    return BarSeries("AAPL.NASDAQ", "USD", bars, ())


def found(series: BarSeries, *actions: CorporateAction) -> list[DataFlag]:
    return suspected(series, actions)


def split(ratio: str, at: int = AT) -> CorporateAction:
    return CorporateAction(ActionType.SPLIT, from_day(FIRST_DAY + at), Decimal(ratio), "test")


SPLITS = [
    ((0.144, 0.145, 7.23), 7.0),  # AAPL 2014-06-09
    ((0.502, 0.504, 0.55), 2.0),  # AAPL 2005-02-28
    ((0.529, 0.529, 2.26), 2.0),  # AAPL 1987-06-16
    ((0.499, 0.549, 1.31), 2.0),  # AAPL 2000-06-21
    ((0.309, 0.351, 6.26), 3.0),  # AMZN 1999-01-05
    ((0.330, 0.332, 0.59), 3.0),  # GE 2000-05-08
    ((0.350, 0.341, 1.21), 3.0),  # KO 1986-07-01
    ((0.504, 0.501, 1.53), 2.0),  # KO 1965-02-19
    ((0.667, 0.672, 1.4), 1.5),
    ((8.05, 7.9, 0.2), 1 / 8),
    ((20.1, 19.5, 0.06), 1 / 20),
]
EXTREMES = [
    (0.527, 0.481, 22.44),  # AAPL 2000-09-29, a warning
    (1.495, 1.480, 12.41),  # AABA 2008-02-01, a bid
    (1.415, 1.336, 4.21),  # AMZN 2001-04-09
    (1.320, 1.202, 4.80),  # GS 2008-09-19
    (1.000, 0.756, 2.83),  # AAPL 1987-10-19
    (0.988, 0.753, 3.67),  # KO 1987-10-19
    (1.041, 1.348, 1.65),  # UNH 2008-10-13
    (0.86, 0.79, 13.31),  # AMZN 2006-07-26, earnings
]


@pytest.mark.parametrize(("opening", "ratio"), SPLITS)
def test_a_split_is_found_with_its_ratio(opening: Opening, ratio: float) -> None:
    (flag,) = found(series_of(opening))
    assert (flag.kind, flag.session) == (FlagKind.SUSPECTED_SPLIT, from_day(FIRST_DAY + AT))
    assert flag.ratio == pytest.approx(ratio)


@pytest.mark.parametrize("opening", EXTREMES)
def test_a_crash_a_bid_and_a_wild_day_are_no_splits(opening: Opening) -> None:
    assert found(series_of(opening)) == []


@pytest.mark.parametrize(("opening", "ratio"), SPLITS)
def test_a_split_that_is_recorded_is_not_suspected(opening: Opening, ratio: float) -> None:
    assert found(series_of(opening), split(f"{ratio:.6f}")) == []


def test_a_split_recorded_with_another_ratio_leaves_the_rest_suspected() -> None:
    (flag,) = found(series_of((0.25, 0.25, 4.0)), split("2"))
    assert flag.ratio == 2.0


def test_a_split_recorded_for_a_day_without_a_bar_counts_for_the_next_bar() -> None:
    series = series_of((0.5, 0.5, 2.0))
    series.bars["day"][AT:] += 3
    assert found(series, split("2", AT + 1)) == []


def test_a_dividend_explains_no_gap() -> None:
    dividend = CorporateAction(ActionType.DIVIDEND, date(1997, 6, 13), Decimal(50), "test")
    assert len(found(series_of((0.5, 0.5, 2.0)), dividend)) == 1


def test_one_bar_on_another_scale_is_no_split() -> None:
    series = series_of((0.5, 1.0, 2.0))
    series.bars["close"][AT] = 50.0
    assert found(series) == []


def test_the_newest_session_can_be_one() -> None:
    assert len(found(series_of((0.5, 0.5, 2.0), count=AT + 1))) == 1


def test_too_few_sessions_before_prove_nothing() -> None:
    assert found(series_of((0.5, 0.5, 2.0), at=4)) == []
    assert len(found(series_of((0.5, 0.5, 2.0), at=5))) == 1


def test_wide_gaps_are_seen_at_a_glance_within_an_instrument_only() -> None:
    split, other = series_of((0.5, 0.5, 2.0)).bars, series_of((1.0, 1.0, 1.0)).bars
    instrument = np.repeat(np.array([4, 7], dtype=np.int32), len(split))
    rows = np.concatenate((split, other))
    for order in (np.arange(len(rows)), np.arange(len(rows))[::-1]):
        mixed = rows[order]
        assert with_gaps(instrument[order], mixed["day"], mixed["open"], mixed["close"]) == {4}
    assert with_gaps(instrument[:0], rows["day"][:0], rows["open"][:0], rows["close"][:0]) == set()


def test_it_is_told_in_words_and_values() -> None:
    (flag,) = found(series_of((0.25, 0.25, 4.0)))
    assert flag.detail == "open 25 after close 100 on 1997-06-12 looks like a split 4 for 1"
    (flag,) = found(series_of((10.0, 10.0, 0.1)))
    assert flag.detail.endswith("1 for 10")
