from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.engine.indicators import sma_cross_nb, sma_nb
from tests.unit.engine.build import NAN

cents = st.integers(1, 10_000_000).map(lambda amount: amount / 100)
columns = st.lists(st.one_of(cents, cents, st.just(NAN)), min_size=1, max_size=60)


def exact_sma(values: list[float], window: int) -> list[float]:
    seen: list[Fraction] = []
    means = []
    for value in values:
        if not math.isnan(value):
            seen.append(Fraction(value))
        enough = not math.isnan(value) and len(seen) >= window
        means.append(float(sum(seen[-window:], Fraction(0))) / window if enough else NAN)
    return means


@given(columns, st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_each_mean_is_the_exact_sum_of_its_window_rounded_once_and_divided(values: list[float], window: int) -> None:
    np.testing.assert_array_equal(sma_nb(np.array(values), window), exact_sma(values, window))


def test_the_running_sum_does_not_drift_over_a_million_bars() -> None:
    rng = np.random.default_rng(7)
    values = np.round(rng.uniform(0.01, 1e6, 1_000_000), 2)
    values[500_000] = 1e12
    late = sma_nb(values, 30)[-1_000:]
    np.testing.assert_array_equal(late, sma_nb(values[-1_029:], 30)[29:])


def test_a_missing_bar_has_no_mean_and_takes_no_place_in_a_window() -> None:
    np.testing.assert_array_equal(sma_nb(np.array([1.0, NAN, 3.0, NAN, 5.0]), 2), [NAN, NAN, 2.0, NAN, 4.0])


def test_a_window_longer_than_the_series_gives_no_mean() -> None:
    assert np.isnan(sma_nb(np.array([1.0, 2.0]), 3)).all()


def sides(closes: list[float], fast: int = 1, slow: int = 2) -> list[float]:
    return [float(side) for side in sma_cross_nb(np.array(closes).reshape(-1, 1), fast, slow, 1.0, -1.0)[:, 0]]


def test_there_is_no_side_before_the_first_cross() -> None:
    np.testing.assert_array_equal(sides([1, 2, 3, 2, 1, 5]), [NAN, NAN, NAN, -1, -1, 1])


def test_a_tie_keeps_the_side_before_it() -> None:
    np.testing.assert_array_equal(sides([1, 2, 1, 1, 2, 2]), [NAN, NAN, -1, -1, 1, 1])


def test_means_equal_on_paper_tie_although_their_floats_differ() -> None:
    closes = [0.1, 0.1, 0.3, 0.1, 0.2]
    # (0.3 + 0.1 + 0.2) / 3 is 0.2 on paper and a hair less in floats: not a cross.
    assert sma_nb(np.array(closes), 3)[-1] < 0.2
    np.testing.assert_array_equal(sides(closes, 1, 3), [NAN, NAN, NAN, -1, -1])


def test_missing_bars_do_not_move_a_symbols_sides() -> None:
    dense = sides([1, 2, 3, 2, 1, 5])
    gappy = sides([1, NAN, 2, 3, NAN, NAN, 2, 1, 5])
    np.testing.assert_array_equal(gappy, [*dense[:1], NAN, *dense[1:3], NAN, NAN, *dense[3:]])
