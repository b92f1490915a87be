from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.indicators import TABLE, sma_cross
from scizor.engine.indicators.cross import TIE, whole_nb
from tests.unit.engine.indicators.bars import NAN

few_prices = st.one_of(st.integers(1, 6).map(float), st.integers(9_995, 10_005).map(lambda cents: cents / 100))
any_prices = st.one_of(few_prices, few_prices, st.just(NAN), st.floats(0.01, 1e6))
columns = st.one_of(
    st.lists(st.one_of(few_prices, few_prices, st.just(NAN)), min_size=1, max_size=120),
    st.lists(any_prices, min_size=1, max_size=120),
)


def sides(closes: list[float], fast: int = 1, slow: int = 2) -> FloatArray:
    found: FloatArray = sma_cross(np.array(closes).reshape(-1, 1), fast, slow, 1.0, -1.0).reshape(-1)
    return found


def by_means(closes: FloatArray, fast: int, slow: int) -> FloatArray:
    means = (TABLE["sma"].column(closes, window=window)[0] for window in (fast, slow))
    found: FloatArray = TABLE["cross"].column(*means)[0]
    return found


@given(columns, st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=500, deadline=None)
def test_whole_units_decide_as_the_means_do(values: list[float], fast: int, more: int) -> None:
    closes, chosen = np.array(values), {"fast": fast, "slow": fast + more}
    expected = by_means(closes, fast, fast + more)
    np.testing.assert_array_equal(sides(values, fast, fast + more), expected)
    np.testing.assert_array_equal(TABLE["sma_cross"].column(closes, **chosen)[0], expected)


def test_whole_units_decide_as_the_means_do_over_long_windows_and_close_prices() -> None:
    rng = np.random.default_rng(2)
    closes = np.round(100 + rng.integers(-1, 2, 60_000) / 100, 2)
    for fast, slow in ((1, 2), (10, 30), (250, 1_000), (999, 1_000), (3, 7_001)):
        expected = by_means(closes, fast, slow)
        assert len(set(expected[~np.isnan(expected)])) == 2
        np.testing.assert_array_equal(sides(closes.tolist(), fast, slow), expected)


@pytest.mark.parametrize(
    ("values", "bound", "units"),
    [
        ([0.1, 0.29, 1.01], 1e6, [10, 29, 101]),
        ([0.1, NAN, 0.0001], 1e6, [1_000, 1]),
        ([0.1, 0.000001], 1e6, [100_000, 1]),
        ([0.1, 0.0000001], 1e6, None),
        ([0.1, 1 / 3], 1e6, None),
        ([0.1, 10_000.01], 1e6, None),
        ([0.1, -0.1], 1e6, None),
        ([0.1, 0.0], 1e6, None),
        ([NAN, NAN], 1e6, []),
    ],
)
def test_only_positive_decimals_below_the_bound_are_counted_in_units(
    values: list[float], bound: float, units: list[int] | None
) -> None:
    scratch = np.empty(len(values))
    n_bars = whole_nb(np.array(values), bound, scratch)
    assert (None if n_bars < 0 else scratch[:n_bars].tolist()) == units


def test_there_is_no_side_before_the_first_cross() -> None:
    np.testing.assert_array_equal(sides([1, 2, 3, 2, 1, 5]), [NAN, NAN, NAN, -1, -1, 1])


def test_a_tie_keeps_the_side_before_it() -> None:
    np.testing.assert_array_equal(sides([1, 2, 1, 1, 2, 2]), [NAN, NAN, -1, -1, 1, 1])


def test_a_tie_where_they_begin_is_no_side() -> None:
    np.testing.assert_array_equal(sides([2, 2, 2, 3, 4, 1]), [NAN, NAN, NAN, NAN, NAN, -1])


def test_means_equal_on_paper_tie_although_their_floats_differ() -> None:
    closes = [0.1, 0.1, 0.3, 0.1, 0.2]
    # (0.3 + 0.1 + 0.2) / 3 is 0.2 on paper and a hair less in floats: not a cross.
    mean = TABLE["sma"].column(np.array(closes), window=3)[0, -1]
    assert mean < 0.2
    assert 0.2 - mean < TIE
    np.testing.assert_array_equal(sides(closes, 1, 3), [NAN, NAN, NAN, -1, -1])
    np.testing.assert_array_equal(by_means(np.array(closes), 1, 3), [NAN, NAN, NAN, -1, -1])


def test_missing_bars_do_not_move_a_symbols_sides() -> None:
    dense = sides([1, 2, 3, 2, 1, 5])
    gappy = sides([1, NAN, 2, 3, NAN, NAN, 2, 1, 5])
    np.testing.assert_array_equal(gappy, [*dense[:1], NAN, *dense[1:3], NAN, NAN, *dense[3:]])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_symbol_of_a_matrix_has_its_own_sides(threads: int) -> None:
    rng = np.random.default_rng(1)
    closes = np.round(rng.uniform(5, 6, (2_000, 270)), 2)
    closes[:, ::3] += 1 / 3
    closes[rng.random(closes.shape) < 0.01] = NAN
    together = sma_cross(closes, 5, 20, 0.25, 0.0, threads=threads)
    for symbol in (0, 1, 269):
        alone = by_means(closes[:, symbol], 5, 20)
        np.testing.assert_array_equal(together[:, symbol], np.where(alone > 0, 0.25, alone * 0.0))


@pytest.mark.parametrize(("fast", "slow"), [(0, 5), (5, 5), (6, 5)])
def test_the_fast_window_must_be_the_shorter(fast: int, slow: int) -> None:
    with pytest.raises(InvalidInput, match="fast: must be at least 1 and below slow"):
        sides([1.0, 2.0], fast, slow)
