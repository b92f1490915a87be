"""A thinned curve keeps its ends and its extremes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.outcomes import EquityCurve
from scizor.services.backtest.downsample import kept_rows, thinned


def curve_of(equity: FloatArray) -> EquityCurve:
    days = np.arange(len(equity), dtype=np.int32)
    return EquityCurve(days, equity, equity + 1, equity + 2, equity + 3, days.astype(np.int64))


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=300),
    max_points=st.integers(4, 300),
)
def test_first_last_highest_and_lowest_are_kept_within_the_bound(values: list[float], max_points: int) -> None:
    equity = np.array(values)
    kept = thinned(curve_of(equity), max_points).equity
    assert len(kept) <= max_points
    assert kept[0] == equity[0]
    assert kept[-1] == equity[-1]
    assert kept.max() == equity.max()
    assert kept.min() == equity.min()


def test_no_bound_and_a_bound_that_is_not_reached_keep_every_point() -> None:
    curve = curve_of(np.arange(10.0))
    assert thinned(curve, 0) is curve
    assert thinned(curve, 10) is curve


def test_a_point_keeps_all_its_columns() -> None:
    thin = thinned(curve_of(np.sin(np.arange(1000.0))), 50)
    assert 40 <= len(thin.days) <= 50
    assert np.all(np.diff(thin.days) > 0)
    np.testing.assert_array_equal(thin.equity, np.sin(thin.days.astype(float)))
    np.testing.assert_array_equal(thin.exposure, thin.equity + 3)


def test_a_spike_between_two_pixels_is_kept() -> None:
    equity = np.ones(10_000)
    equity[[3_333, 6_666]] = 0.5, 2.0
    equity[7_777] = 1.5
    assert {3_333, 6_666, 7_777} <= set(kept_rows(equity, 100).tolist())


def test_the_deepest_drawdown_and_the_highest_exposure_are_kept_though_equity_is_higher_there() -> None:
    rising = np.linspace(1.0, 2.0, 10_000)
    curve = curve_of(rising)
    drawdown, exposure = np.zeros(10_000), np.ones(10_000)
    drawdown[4_321], exposure[8_765] = -0.5, 3.0
    thin = thinned(replace(curve, drawdown=drawdown, exposure=exposure), 6)
    assert len(thin.days) <= 6
    assert thin.drawdown.min() == -0.5
    assert thin.exposure.max() == 3.0


@pytest.mark.parametrize("max_points", [1, 2, 3])
def test_fewer_than_four_points_are_given_as_asked(max_points: int) -> None:
    rows = kept_rows(np.array([5.0, 1.0, 9.0, 4.0, 6.0]), max_points)
    assert len(rows) == max_points
    assert rows[0] == 0
