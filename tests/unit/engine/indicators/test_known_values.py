"""Values that others published, and small cases worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from scizor.engine.indicators import TABLE
from tests.unit.engine.indicators.bars import NAN


def values_of(name: str, *columns: Sequence[float], **parameters: float) -> list[list[float]]:
    values: list[list[float]] = TABLE[name].column(*np.array(columns, np.float64), **parameters).tolist()
    return values


def check(name: str, columns: Sequence[Sequence[float]], expected: Sequence[Sequence[float]], **chosen: float) -> None:
    np.testing.assert_allclose(values_of(name, *columns, **chosen), expected, rtol=1e-13, atol=1e-13)


def test_wilders_rsi_of_the_published_worksheet() -> None:
    # The 14-day worksheet that chart schools teach Wilder's RSI with.
    closes = [
        *(44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931),
        *(46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521),
        *(45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314),
    ]
    published = [
        *(70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38),
        *(54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77),
    ]
    rsi = values_of("rsi", closes, window=14)[0]
    assert np.isnan(rsi[:14]).all()
    np.testing.assert_allclose(rsi[14:], published, atol=0.005001)


def test_rsi_at_its_ends() -> None:
    check("rsi", [[1, 2, 3, 4]], [[NAN, NAN, 100, 100]], window=2)
    check("rsi", [[4, 3, 2, 1]], [[NAN, NAN, 0, 0]], window=2)
    check("rsi", [[4, 4, 4, 4]], [[NAN, NAN, 50, 50]], window=2)


def test_means() -> None:
    check("sma", [[1, 2, 3, 7]], [[NAN, NAN, 2, 4]], window=3)
    # Weight 2 / (3 + 1) from the mean of the first three on.
    check("ema", [[1, 2, 3, 7, 4]], [[NAN, NAN, 2, 4.5, 4.25]], window=3)
    check("wma", [[1, 2, 3, 7]], [[NAN, NAN, (1 + 4 + 9) / 6, (2 + 6 + 21) / 6]], window=3)
    check("slope", [[1, 3, 5, 4]], [[NAN, NAN, 2, 0.5]], window=3)


def test_changes() -> None:
    check("roc", [[100, 110, 121, 0, 5]], [[NAN, 10, 10, -100, NAN]], window=1)
    check("roc", [[100, 110, 120]], [[NAN, NAN, 20]], window=2)
    # Fast means 1.5, 2.5, 2.5 + 2/3 x 2.5; slow ones 2, 3.5.
    line = [NAN, NAN, 1 / 2, 2 / 3]
    check("macd", [[1, 2, 3, 5]], [line, [NAN, NAN, NAN, 7 / 12], [NAN, NAN, NAN, 1 / 12]], fast=2, slow=3, signal=2)


HIGH, LOW, CLOSE = [10.0, 12.0, 11.0, 9.0], [8.0, 11.0, 7.0, 8.0], [9.0, 11.5, 8.0, 8.5]


def test_ranges() -> None:
    check("true_range", [HIGH, LOW, CLOSE], [[2, 3, 4.5, 1]])
    # (2 + 3) / 2, then a half of the way to 4.5, then to 1.
    check("atr", [HIGH, LOW, CLOSE], [[NAN, 2.5, 3.5, 2.25]], window=2)


def test_directional_movement() -> None:
    # +DM 2, 0, 0; -DM 0, 4, 0 (the high of the last bar fell by more, and that is no rise); ranges 3, 4.5, 1.
    plus = [NAN, NAN, 100 * 1 / 3.75, 100 * 0.5 / 2.375]
    minus = [NAN, NAN, 100 * 2 / 3.75, 100 * 1 / 2.375]
    check("adx", [HIGH, LOW, CLOSE], [[NAN, NAN, NAN, 100 / 3], plus, minus], window=2)


def test_extremes() -> None:
    check("highest", [[3, 1, 2, 5, 4]], [[NAN, NAN, 3, 5, 5]], window=3)
    check("lowest", [[3, 1, 2, 5, 4]], [[NAN, NAN, 1, 1, 2]], window=3)
    check("highest_since", [[5, 3, 4, 2, 6], [0, 1, 0, 1, 0]], [[NAN, 3, 4, 2, 6]])
    check("lowest_since", [[1, 3, 4, 2, 6], [0, 1, 0, 1, 0]], [[NAN, 3, 3, 2, 2]])


def test_a_breakouts_channel_leaves_the_present_bar_out() -> None:
    check("donchian", [HIGH, LOW], [[NAN, 8, 7, 7], [NAN, 12, 12, 11]], window=2)
    check("donchian", [HIGH, LOW], [[NAN, NAN, 8, 7], [NAN, NAN, 12, 12]], window=2, present=0)


def test_stochastic() -> None:
    k = [NAN, 100 * 3.5 / 4, 100 * 1 / 5, 100 * 1.5 / 4]
    check("stochastic", [HIGH, LOW, CLOSE], [k, [NAN, NAN, (k[1] + k[2]) / 2, (k[2] + k[3]) / 2]], window=2, signal=2)
    check("stochastic", [[5, 5], [5, 5], [5, 5]], [[NAN, 50], [NAN, 50]], window=2, signal=1)


def test_moments() -> None:
    check("std", [[2, 4, 4, 4, 5, 5, 7, 9]], [[*[NAN] * 7, 2]], window=8, ddof=0)
    check("std", [[1, 2, 3]], [[NAN, NAN, 1]], window=3)
    check("zscore", [[1, 2, 3]], [[NAN, NAN, 1]], window=3)
    check("bollinger", [[1, 3]], [[NAN, 0], [NAN, 2], [NAN, 4]], window=2, width=2)
    check("rank", [[1, 3, 2, 2]], [[NAN, NAN, 2 / 3, 1.5 / 3]], window=3)


def test_pairs() -> None:
    check("beta", [[1, 3, 5], [1, 2, 3]], [[NAN, NAN, 2]], window=3)
    check("correlation", [[5, 3, 1], [1, 2, 3]], [[NAN, NAN, -1]], window=3)
    check("correlation", [[1, 1, 1], [1, 2, 3]], [[NAN, NAN, NAN]], window=3)


def test_volume() -> None:
    check("obv", [[5, 6, 6, 4], [100, 200, 300, 400]], [[0, 200, 200, -200]])
    bars = [[3, 6, 9], [3, 6, 9], [3, 6, 9]]
    check("vwap", [*bars, [100, 300, 100]], [[NAN, 5.25, 6.75]], window=2)
    check("vwap", [*bars, [0, 0, 100]], [[NAN, NAN, 9]], window=2)
    check("vwap", [*bars, [100, NAN, 100]], [[NAN, NAN, 6]], window=2)


@pytest.mark.parametrize(("window", "first"), [(14, 27), (5, 9)])
def test_adx_begins_when_its_mean_has_a_window_of_indices(window: int, first: int) -> None:
    assert TABLE["adx"].first_valid(window) == (first, window, window)
    assert TABLE["adx"].warm_up_bars(window=window) == first
