from __future__ import annotations

import numpy as np
import pytest

from scizor.engine.drawdowns import drawdown_spans, max_drawdown


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
    deepest = max_drawdown(np.array(curve, np.float64))
    assert (deepest.depth, deepest.duration_samples, deepest.recovery_samples) == (0.0, 0, 0)


def test_a_fall_below_zero_is_deeper_than_the_whole() -> None:
    assert max_drawdown(np.array([100.0, -20.0, -20.0])).depth == pytest.approx(-1.2)


def test_every_stay_below_a_peak_runs_from_the_peak_to_the_recovery_or_the_end() -> None:
    starts, ends = drawdown_spans(np.array([5.0, 4, 5, 6, 6, 5, 4, 7, 6]))
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(0, 2), (4, 7), (7, 8)]
