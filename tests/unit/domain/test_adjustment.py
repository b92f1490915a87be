"""Splits and dividends put prices on one scale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, Adjustment, BarSeries, CorporateAction, empty_bars
from scizor.domain.sessions import to_day

SPLIT = CorporateAction(ActionType.SPLIT, date(2005, 2, 28), Decimal(2), "test")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2005, 2, 28), Decimal("0.5"), "test")


def series(closes: dict[date, float]) -> BarSeries:
    bars = empty_bars(len(closes))
    bars["day"] = [to_day(session) for session in closes]
    for column in ("open", "high", "low", "close"):
        bars[column] = list(closes.values())
    bars["volume"] = 100.0
    return BarSeries("AAPL.NASDAQ", "USD", bars, ("test",))


CLOSES = {date(2005, 2, 24): 88.0, date(2005, 2, 25): 90.0, date(2005, 2, 28): 45.0}


def test_a_split_halves_earlier_prices_and_doubles_earlier_volumes() -> None:
    adjusted = series(CLOSES).adjusted(Adjustment.SPLIT, [SPLIT])
    assert adjusted.bars["close"].tolist() == [44.0, 45.0, 45.0]
    assert adjusted.bars["volume"].tolist() == [200.0, 200.0, 100.0]
    assert adjusted.adjustment is Adjustment.SPLIT


def test_raw_leaves_everything_as_traded() -> None:
    assert series(CLOSES).adjusted(Adjustment.RAW, [SPLIT, DIVIDEND]).bars["close"].tolist() == [88.0, 90.0, 45.0]


def test_a_dividend_scales_earlier_prices_by_one_less_its_yield_and_only_for_total_return() -> None:
    factor = 1 - 0.5 / 90.0
    total = series(CLOSES).adjusted(Adjustment.TOTAL_RETURN, [DIVIDEND])
    np.testing.assert_allclose(total.bars["close"], [88.0 * factor, 90.0 * factor, 45.0], rtol=1e-15)
    assert series(CLOSES).adjusted(Adjustment.SPLIT, [DIVIDEND]).bars["close"].tolist() == [88.0, 90.0, 45.0]


def test_a_dividend_on_the_day_of_a_split_is_paid_on_the_shares_after_it() -> None:
    both = series(CLOSES).adjusted(Adjustment.TOTAL_RETURN, [SPLIT, DIVIDEND])
    factor = (1 - 2 * 0.5 / 90.0) / 2
    np.testing.assert_allclose(both.bars["close"], [88.0 * factor, 90.0 * factor, 45.0], rtol=1e-15)


def test_adjusting_does_not_touch_the_stored_series() -> None:
    raw = series(CLOSES)
    raw.adjusted(Adjustment.TOTAL_RETURN, [SPLIT, DIVIDEND])
    assert raw.bars["close"].tolist() == [88.0, 90.0, 45.0]


def test_a_split_after_the_last_bar_still_counts() -> None:
    later = CorporateAction(ActionType.SPLIT, date(2014, 6, 9), Decimal(7), "test")
    assert series(CLOSES).adjusted(Adjustment.SPLIT, [later]).bars["close"].tolist() == pytest.approx(
        [88.0 / 7, 90.0 / 7, 45.0 / 7]
    )


def test_a_dividend_at_the_border_uses_the_close_it_is_told() -> None:
    after = CorporateAction(ActionType.DIVIDEND, date(2005, 3, 10), Decimal("0.5"), "test")
    unknown = series(CLOSES).adjusted(Adjustment.TOTAL_RETURN, [after])
    told = series(CLOSES).adjusted(Adjustment.TOTAL_RETURN, [after], [50.0])
    assert unknown.bars["close"].tolist() == [88.0, 90.0, 45.0]
    np.testing.assert_allclose(told.bars["close"], np.array([88.0, 90.0, 45.0]) * 0.99)
