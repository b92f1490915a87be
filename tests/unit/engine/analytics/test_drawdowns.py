from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.curve import session_curve
from scizor.engine.analytics.drawdowns import (
    average_drawdown,
    depths,
    drawdown_spans,
    drawdown_table,
    max_drawdown,
    ulcer_index,
)
from tests.unit.engine.analytics.build import panel_of, result_of

CURVES = st.lists(st.floats(1, 1_000), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("curve", "samples"),
    [
        ([100, 90, 100], 2),
        ([100, 90, 100, 90, 80, 100], 3),
        ([100, 90, 95, 90, 100], 4),
        ([50, 100, 98, 99, 100], 3),
        ([100, 98, 100, 101, 100, 99], 2),
        ([100, 97, 99, 97, 100], 4),
        ([100, 90, 95], None),  # others write 0 here, which reads as the best there can be
    ],
)
def test_recovery_is_counted_in_samples_from_the_peak_and_absent_when_it_never_came(
    curve: list[float], samples: int | None
) -> None:
    assert max_drawdown(np.array(curve, np.float64)).recovery_samples == samples


def test_bacons_drawdown_is_the_fall_from_its_peak() -> None:
    per_mille = (3, 26, 11, -10, 15, 25, 16, 67, -14, 40, -5, 81, 40, -37, -61, 17, -49, -22, 70, 58, -65, 24, -5, -9)
    curve = np.cumprod(np.array([1.0, *(1 + one / 1_000 for one in per_mille)]))
    deepest = max_drawdown(curve)
    assert deepest.depth == pytest.approx(-0.144672955739218, rel=1e-9)
    assert (deepest.peak, deepest.trough, deepest.recovery) == (13, 18, None)
    assert deepest.duration_samples == 11


def test_a_fall_of_ten_per_cent_is_minus_a_tenth() -> None:
    curve = np.cumprod(1 + np.array([0.01, 0.1, -0.04, 0.02, 0.03, 0.02, 0.01, -0.1]))
    assert max_drawdown(curve).depth == pytest.approx(-0.1, rel=1e-9)


@pytest.mark.parametrize("curve", [[100], [100, 100], [100, 101, 101, 105]])
def test_a_curve_that_never_falls_has_no_drawdown(curve: list[float]) -> None:
    values = np.array(curve, np.float64)
    deepest = max_drawdown(values)
    assert (deepest.depth, deepest.duration_samples, deepest.recovery_samples) == (0.0, 0, 0)
    assert (average_drawdown(values), ulcer_index(values)) == (0, 0)


def test_a_fall_below_zero_is_deeper_than_the_whole() -> None:
    assert max_drawdown(np.array([100.0, -20.0, -20.0])).depth == pytest.approx(-1.2)


def test_every_stay_below_a_peak_runs_from_the_peak_to_the_recovery_or_the_end() -> None:
    starts, ends = drawdown_spans(np.array([5.0, 4, 5, 6, 6, 5, 4, 7, 6]))
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(0, 2), (4, 7), (7, 8)]


def test_the_average_is_over_stays_and_the_ulcer_index_over_samples() -> None:
    curve = np.array([100.0, 90, 100, 80, 90, 100])
    assert average_drawdown(curve) == pytest.approx(-0.15)
    assert ulcer_index(curve) == pytest.approx(np.sqrt((0.01 + 0.04 + 0.01) / 6))


def test_the_table_has_the_deepest_first_with_dates_and_lengths() -> None:
    curve = session_curve(result_of([100, 90, 100, 80, 90, 100, 110, 99]), panel_of(np.ones(8)))
    table = drawdown_table(curve, 2)
    days = curve.days.tolist()
    assert [round(one.depth, 9) for one in table] == [-0.2, -0.1]
    first, second = table
    assert (first.peak, first.trough, first.recovery) == (days[2], days[3], days[5])
    assert (first.sessions_down, first.sessions_up, first.sessions_long) == (1, 2, 3)
    assert (second.peak, second.recovery) == (days[0], days[2])
    last = drawdown_table(curve)[2]
    assert (last.peak, last.trough, last.recovery, last.sessions_up) == (days[6], days[7], None, None)


def test_a_curve_that_never_falls_has_an_empty_table_and_at_least_one_line_must_be_asked_for() -> None:
    curve = session_curve(result_of([100, 101]), panel_of([1, 1]))
    assert drawdown_table(curve) == ()
    with pytest.raises(InvalidInput, match="n_deepest"):
        drawdown_table(curve, 0)


@settings(deadline=None)
@given(CURVES)
def test_the_deepest_of_the_table_is_the_maximum_drawdown_and_stays_do_not_overlap(values: list[float]) -> None:
    curve = session_curve(result_of(values), panel_of(np.ones(len(values))))
    table = drawdown_table(curve, 100)
    assert (
        min((one.depth for one in table), default=0.0) == max_drawdown(curve.values).depth == depths(curve.values).min()
    )
    in_time = sorted(table, key=lambda one: one.peak)
    for one, following in pairwise(in_time):
        assert one.recovery is not None
        assert one.peak < one.trough < one.recovery <= following.peak
