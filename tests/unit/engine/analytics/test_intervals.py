"""Resamples are honest and the same everywhere; intervals cover what they promise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.conventions import Terms
from scizor.engine.analytics.intervals import Intervals, acceleration, bca, mean_block
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.analytics.moments import Moments, ReturnSample
from scizor.engine.analytics.ratios import DEPTH_FORMULA, RETURN_FORMULAS
from scizor.engine.analytics.resampling import resample_sums_nb, restart_of
from scizor.engine.analytics.trade_figures import TradeSample
from tests.unit.engine.analytics.build import by_name, panel_of, result_of, trades_of

SEED = np.uint64(7)
RETURNS = st.lists(st.floats(-0.2, 0.2).map(lambda one: round(one, 6)), min_size=3, max_size=25).map(np.array)


def normal(n: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0005, 0.01, n)


def test_a_seed_gives_the_same_sums_for_ever() -> None:
    # Worked out once with Python's integers from the definition of splitmix64.
    columns = np.arange(5, dtype=np.float64)[:, np.newaxis]
    assert resample_sums_nb(columns, 3, SEED, restart_of(1))[:, 0].tolist() == [drawn(one, 5) for one in range(3)]


def drawn(resample: int, n: int) -> float:
    word = 2**64 - 1

    def mix(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & word
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & word
        return state ^ (state >> 31)

    step = 0x9E3779B97F4A7C15
    state, total = mix((int(SEED) + (resample + 1) * step) & word), 0
    for _ in range(n):
        state = (state + step) & word
        total += (mix(state) >> 32) * n >> 32
    return float(total)


def test_resamples_are_the_same_on_many_threads_and_in_any_number() -> None:
    columns = normal(200)[:, np.newaxis].copy()
    alone = resample_sums_nb(columns, 50, SEED, restart_of(6))
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda n: resample_sums_nb(columns, n, SEED, restart_of(6)), [50, 20, 50, 10]):
            np.testing.assert_array_equal(again, alone[: len(again)])


def test_stretches_keep_neighbours_together() -> None:
    # Of returns that turn their sign every second session a stretch of even length sums to nothing.
    columns = np.tile([1.0, -1.0], 200)[:, np.newaxis].copy()
    spread = [resample_sums_nb(columns, 1_000, SEED, restart_of(block))[:, 0].std() for block in (1, 20)]
    assert spread[0] == pytest.approx(np.sqrt(400), rel=0.1)
    assert spread[1] < 0.4 * spread[0]


@settings(max_examples=40, deadline=None)
@given(RETURNS)
def test_the_moments_without_each_return_are_those_of_the_rest(returns: FloatArray) -> None:
    left_out = ReturnSample(returns, 0.001).left_out()
    for place in range(len(returns)):
        rest = ReturnSample(np.delete(returns, place), 0.001).moments()
        for name in Moments.__slots__:
            ours, theirs = getattr(left_out, name), getattr(rest, name)
            one = ours if name == "n" else ours[place]
            np.testing.assert_allclose(one, theirs, rtol=1e-6, atol=1e-12, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(RETURNS)
def test_a_resample_has_the_moments_of_what_was_drawn(returns: FloatArray) -> None:
    """A series of which every stretch is the whole, laid out from another beginning."""
    turned = ReturnSample(returns).resampled(5, SEED, np.uint64(0))
    own = ReturnSample(returns).moments()
    for name in ("mean", "m2", "growth", "low", "high", "shortfall", "losses"):
        np.testing.assert_allclose(getattr(turned, name), getattr(own, name)[0], rtol=1e-7, atol=1e-12, err_msg=name)
    assert np.all(turned.depth <= 0)


def test_the_interval_of_a_constant_is_that_constant() -> None:
    assert bca(3.0, np.full(1_000, 3.0), np.full(20, 3.0)) == (3.0, 3.0)


def test_an_interval_is_absent_where_resamples_often_leave_the_figure_undefined() -> None:
    replicates = np.linspace(0, 1, 1_000)
    replicates[:100] = np.nan
    assert bca(0.5, replicates, np.linspace(0, 1, 20)) is None
    replicates[:100] = np.inf
    assert bca(0.5, replicates, np.linspace(0, 1, 20)) is None


def test_without_bias_and_skew_an_interval_is_the_middle_of_the_resamples() -> None:
    low, high = bca(0.0, np.linspace(-1, 1, 1_999), np.linspace(-1, 1, 21)) or (0.0, 0.0)
    assert low == pytest.approx(-0.95, abs=1e-3)
    assert high == pytest.approx(0.95, abs=1e-3)


def test_the_acceleration_of_a_mean_is_the_skewness_of_the_sample_over_six_roots_of_n() -> None:
    sample = np.random.default_rng(1).exponential(size=50)
    left_out = (sample.sum() - sample) / 49
    spread = sample - sample.mean()
    skewness = np.mean(spread**3) / np.mean(spread**2) ** 1.5
    assert acceleration(left_out) == pytest.approx(skewness / 6 / np.sqrt(50), rel=1e-9)


def test_the_interval_of_a_skewed_mean_covers_it_about_95_times_in_100() -> None:
    generator, covered, trials = np.random.default_rng(3), 0, 600
    for trial in range(trials):
        trades = trades_of(generator.exponential(100.0, 60))
        sample = TradeSample(trades)
        replicates, left_out = sample.resampled(1_000, np.uint64(trial), restart_of(1)), sample.left_out()
        low, high = bca(trades["net_pnl"].mean(), replicates.pnl / 60, left_out.pnl / 59) or (0.0, 0.0)
        covered += low <= 100.0 <= high
    assert 0.91 <= covered / trials <= 0.97


def test_the_interval_of_the_sharpe_ratio_of_a_serially_dependent_series_covers_it() -> None:
    # A moving average of two: its long-run spread is that of the sum of its weights, so resampling sessions one by one
    # would give intervals too short.
    generator, covered, trials, n = np.random.default_rng(3), 0, 120, 500
    sharpe = next(one for one in RETURN_FORMULAS if one.name == "sharpe")
    block, true = mean_block(n), 0.1 / np.sqrt(1.25) * np.sqrt(252)
    for trial in range(trials):
        shocks = generator.normal(0, 0.01, n + 1)
        sample = ReturnSample(0.001 + shocks[1:] + 0.5 * shocks[:-1])
        replicates = sharpe.compute(sample.resampled(1_000, np.uint64(trial), restart_of(block)), Terms())
        value, left_out = sharpe.compute(sample.moments(), Terms())[0], sharpe.compute(sample.left_out(), Terms())
        low, high = bca(float(value), replicates, left_out, block) or (0.0, 0.0)
        covered += low <= true <= high
    assert covered / trials >= 0.88


def test_every_figure_of_returns_and_trades_has_an_interval_around_it() -> None:
    equity = 100_000 * np.cumprod(np.concatenate([[1.0], 1 + normal(500)]))
    trades = trades_of(np.random.default_rng(4).normal(50, 200, 80))
    found = by_name(evaluate(result_of(equity, trades=trades), panel_of(np.full(501, 10.0)), intervals=True))
    names = [one.name for one in (*RETURN_FORMULAS, DEPTH_FORMULA)]
    for name in (*names, "win_rate", "profit_factor", "expectancy", "payoff_ratio", "sqn", "kelly"):
        metric = found[name]
        assert metric.ci_low is not None, name
        assert metric.ci_high is not None, name
        assert metric.ci_low < metric.ci_high, name
        if name != "max_drawdown":
            assert metric.ci_low <= (metric.value or 0.0) <= metric.ci_high, name


def test_many_trades_are_resampled_in_groups_with_the_same_figures_and_spread() -> None:
    pnls = np.random.default_rng(12).normal(5.0, 100.0, 10_000)
    result = result_of([1e6, 1e6 + pnls.sum()], trades=trades_of(pnls))
    expectancy = by_name(evaluate(result, panel_of([1, 1]), intervals=True))["expectancy"]
    assert expectancy.value == pytest.approx(pnls.mean())
    assert (expectancy.ci_high or 0) - (expectancy.ci_low or 0) == pytest.approx(2 * 1.96, rel=0.1)


def test_another_seed_gives_other_intervals_and_the_same_seed_the_same() -> None:
    equity = 100_000 * np.cumprod(np.concatenate([[1.0], 1 + normal(100)]))
    result, panel = result_of(equity), panel_of(np.full(101, 10.0))
    one, same, other = (evaluate(result, panel, intervals=Intervals(seed=seed)) for seed in (1, 1, 2))
    assert one == same != other
    assert [metric.value for metric in one] == [metric.value for metric in other]


@pytest.mark.parametrize("changes", [{"n_resamples": 999}, {"n_resamples": 100_001}, {"seed": -1}, {"seed": 2**64}])
def test_too_few_resamples_or_no_seed_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(changes))):
        Intervals(**changes)
