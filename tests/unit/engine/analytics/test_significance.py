"""How much a Sharpe ratio proves, against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.analytics.significance import (
    Kurtosis,
    deflated_sharpe,
    expected_maximum_sharpe,
    min_track_record_length,
    probabilistic_sharpe,
)
from tests.unit.engine.analytics.build import by_name, panel_of, result_of


def shape(returns: FloatArray) -> tuple[float, float]:
    spread = returns - returns.mean()
    variance = np.mean(spread**2)
    return float(np.mean(spread**3) / variance**1.5), float(np.mean(spread**4) / variance**2)


@pytest.mark.parametrize(
    ("kurtosis_as", "published"), [(Kurtosis.EXCESS, 0.0005355605507117711), (Kurtosis.RAW, 0.00067552)]
)
def test_the_deflated_sharpe_ratio_of_a_known_sweep_is_met_with_either_kurtosis(
    kurtosis_as: Kurtosis, published: float
) -> None:
    # Prices of three trials, a risk-free rate of 1 % a period; the missing first return counts as zero there.
    trials = [np.array(prices, np.float64) for prices in ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 2, 3, 2, 1])]
    returns = [prices[1:] / prices[:-1] - 1 for prices in trials]
    sharpes = [(one.mean() - 0.01) / one.std(ddof=1) for one in returns]
    padded = np.concatenate([[0.0], returns[2]])
    found = deflated_sharpe(
        float(sharpes[2]),
        len(padded),
        *shape(padded),
        n_trials=3,
        trial_variance=float(np.var(sharpes, ddof=1)),
        kurtosis_as=kurtosis_as,
    )
    assert found == pytest.approx(published, rel=1e-5)


def test_a_normal_sharpe_ratio_of_a_tenth_over_a_hundred_returns_is_likely_above_zero() -> None:
    # z = 0.1 sqrt(99) / sqrt(1 + 0.5 x 0.01)
    assert probabilistic_sharpe(0.1, 100, 0.0, 3.0) == pytest.approx(0.839525, abs=1e-6)
    assert probabilistic_sharpe(0.1, 100, 0.0, 3.0, hurdle=0.1) == 0.5


def test_the_minimum_track_record_is_where_the_probability_reaches_the_confidence() -> None:
    length = min_track_record_length(0.1, -0.5, 6.0, hurdle=0.02) or 0.0
    assert length > 100
    assert (probabilistic_sharpe(0.1, round(length), -0.5, 6.0, 0.02) or 0) == pytest.approx(0.95, abs=1e-3)
    assert min_track_record_length(0.02, 0.0, 3.0, hurdle=0.02) is None


def test_the_more_trials_the_higher_the_luck_to_expect() -> None:
    # Bailey & Lopez de Prado 2014: of ten trials of variance one 1.57 is to be expected.
    assert expected_maximum_sharpe(10, 1.0) == pytest.approx(1.57, abs=0.01)
    luck = [expected_maximum_sharpe(n, 0.01) for n in (1, 2, 10, 1_000)]
    assert luck[0] == 0
    assert luck == sorted(luck)


def test_bad_trials_are_refused() -> None:
    with pytest.raises(InvalidInput, match="n_trials"):
        expected_maximum_sharpe(0, 1.0)
    with pytest.raises(InvalidInput, match="trial_variance"):
        expected_maximum_sharpe(3, -1.0)


def test_a_run_says_how_likely_its_sharpe_ratio_is_real_and_deflates_it_once_trials_are_known() -> None:
    returns = np.random.default_rng(8).normal(0.001, 0.01, 400)
    result, panel = result_of(1_000 * np.cumprod(np.concatenate([[1.0], 1 + returns]))), panel_of(np.ones(401))
    plain, picked = by_name(evaluate(result, panel)), by_name(evaluate(result, panel, n_trials=100))
    sharpe = float(returns.mean() / returns.std(ddof=1))
    assert plain["probabilistic_sharpe"].value == pytest.approx(probabilistic_sharpe(sharpe, 400, *shape(returns)))
    assert plain["deflated_sharpe"].undefined_reason == "the number of trials was not said"
    assert (picked["deflated_sharpe"].value or 1) < (plain["probabilistic_sharpe"].value or 0)


def test_under_leans_convention_the_hurdle_is_one_a_year_and_kurtosis_is_excess_and_unbiased() -> None:
    closes = np.array([99.0, 100.0, 101.3, 99.9, 102.0, 101.5, 101.5])
    sessions = np.datetime64("2020-01-06") + np.arange(7)
    result, panel = result_of(closes), panel_of(closes, sessions)
    found = by_name(evaluate(result, panel, Convention.LEAN_CALENDAR_252))["probabilistic_sharpe"].value
    returns = (closes[1:] / closes[:-1] - 1)[:-1]
    n, (skewness, kurtosis) = len(returns), shape(returns)
    skewness *= np.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis - 3) + 6)
    sharpe = float(returns.mean() / returns.std(ddof=1))
    assert found == pytest.approx(probabilistic_sharpe(sharpe, n, skewness, excess, 1 / np.sqrt(252)))
