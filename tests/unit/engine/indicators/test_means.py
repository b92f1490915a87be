from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.engine.indicators import TABLE
from tests.unit.engine.indicators.bars import NAN
from tests.unit.engine.indicators.reference import exact_mean

cents = st.integers(1, 10_000_000).map(lambda amount: amount / 100)
columns = st.lists(cents, min_size=1, max_size=60)


@given(columns, st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_each_mean_is_the_exact_sum_of_its_window_rounded_once_and_divided(values: list[float], window: int) -> None:
    exact = [exact_mean(values[end - window : end]) if end >= window else NAN for end in range(1, len(values) + 1)]
    np.testing.assert_array_equal(TABLE["sma"].column(np.array(values), window=window)[0], exact)
    np.testing.assert_array_equal(TABLE["bollinger"].column(np.array(values), window=window)[1], exact)


def test_the_running_sum_does_not_drift_over_a_million_bars() -> None:
    rng = np.random.default_rng(7)
    values = np.round(rng.uniform(0.01, 1e6, 1_000_000), 2)
    values[500_000] = 1e12
    late = TABLE["sma"].column(values, window=30)[0, -1_000:]
    np.testing.assert_array_equal(late, TABLE["sma"].column(values[-1_029:], window=30)[0, 29:])


def test_what_is_summed_in_pairs_forgets_an_extreme_price() -> None:
    rng = np.random.default_rng(8)
    values = np.round(rng.uniform(90, 110, 20_000), 2)
    values[10_000] = 1e9
    for name in ("std", "wma", "slope", "zscore"):
        late = TABLE[name].column(values, window=30)[0, -1_000:]
        alone = TABLE[name].column(values[-1_029:], window=30)[0, 29:]
        np.testing.assert_allclose(late, alone, rtol=1e-12, atol=1e-12)


def test_values_that_are_all_the_same_do_not_deviate() -> None:
    values = np.concatenate([[1e9, 3.0], np.full(40, 0.1)])
    assert TABLE["std"].column(values, window=20)[0, -1] == 0.0
    assert np.isnan(TABLE["zscore"].column(values, window=20)[0, -1])
    assert (TABLE["bollinger"].column(values, window=20)[:, -1] == 0.1).all()
    assert np.isnan(TABLE["correlation"].column(np.arange(42.0), values, window=20)[0, -1])


def test_small_deviations_of_high_prices_are_seen() -> None:
    values = 1e8 + np.array([0.0, 0.01, 0.0, 0.01])
    np.testing.assert_allclose(TABLE["std"].column(values, window=4, ddof=0)[0, -1], np.std([0, 0.01, 0, 0.01]), 1e-6)
