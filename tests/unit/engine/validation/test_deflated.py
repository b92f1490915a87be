"""The deflated Sharpe ratio of a search, against its paper's own example and against the correlations written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.validation import TrialSharpes, deflate, effective_trials, effective_trials_by_eigenvalues

SHARPES = st.lists(st.floats(-3, 3), max_size=30).map(np.array)


def trials_of(n: int, variance: float) -> TrialSharpes:
    return TrialSharpes(n, 0.0, variance * (n - 1))


@pytest.mark.parametrize(
    ("n_trials", "skewness", "kurtosis", "published"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_the_papers_example(n_trials: int, skewness: float, kurtosis: float, published: float) -> None:
    # Bailey & Lopez de Prado 2014: an annual Sharpe ratio of 2.5 over five years of 250 days, trials with a variance of
    # a half, annual.
    found = deflate(2.5 / math.sqrt(250), 1250, skewness, kurtosis, trials_of(n_trials, 0.5 / 250))
    assert found.probability == pytest.approx(published, abs=1e-4)
    assert found.n_trials == n_trials
    if n_trials == 100:
        assert found.expected_maximum == pytest.approx(0.1132, abs=1e-4)


def test_trials_that_are_alike_deflate_less_and_part_of_one_counts_as_one() -> None:
    all_of_them = deflate(0.1, 1000, 0.0, 3.0, trials_of(100, 0.001))
    like_ten = deflate(0.1, 1000, 0.0, 3.0, trials_of(100, 0.001), n_independent=9.2)
    assert like_ten.n_trials == 10
    assert like_ten.expected_maximum < all_of_them.expected_maximum
    assert (like_ten.probability or 0) > (all_of_them.probability or 1)
    assert deflate(0.1, 1000, 0.0, 3.0, trials_of(100, 0.001), n_independent=10.0 + 1e-12).n_trials == 10


@given(SHARPES, SHARPES, SHARPES)
def test_trials_kept_in_parts_are_the_trials_of_all(one: FloatArray, two: FloatArray, three: FloatArray) -> None:
    kept = TrialSharpes.of(one).merged(TrialSharpes.of(two)).merged(TrialSharpes.of(three))
    whole = np.concatenate([one, two, three])
    assert kept.n == len(whole)
    if len(whole) > 1:
        assert kept.mean == pytest.approx(whole.mean(), abs=1e-12)
        assert kept.variance == pytest.approx(whole.var(ddof=1), abs=1e-12)


def test_an_undefined_sharpe_ratio_is_no_trial_and_one_trial_has_no_variance() -> None:
    assert TrialSharpes.of(np.array([np.nan, 0.5, np.inf])) == TrialSharpes(1, 0.5, 0.0)
    assert TrialSharpes.of(np.array([np.nan])) == TrialSharpes()
    assert deflate(0.1, 100, 0.0, 3.0, TrialSharpes(1, 0.1, 0.0)).expected_maximum == 0


def returns_of(seed: int, n_samples: int, *copies: int, spread: float = 0.0) -> FloatArray:
    """Independent series, each as often as said, each time with some noise of its own."""
    random = np.random.default_rng(seed)
    series = [np.repeat(random.normal(size=(n_samples, 1)), many, axis=1) for many in copies]
    return np.concatenate([each + spread * random.normal(size=each.shape) for each in series], axis=1)


@pytest.mark.parametrize("n_trials", [2, 5, 300])
def test_the_mean_correlation_is_that_of_all_pairs(n_trials: int) -> None:
    returns = returns_of(1, 60, n_trials, spread=0.7)
    correlations = np.asarray(np.corrcoef(returns.T))
    mean = float(correlations[np.triu_indices(n_trials, 1)].mean())
    assert effective_trials(returns) == pytest.approx(mean + (1 - mean) * n_trials)


def test_the_eigenvalues_are_those_of_the_correlations() -> None:
    returns = returns_of(2, 200, 3, 4, 2, spread=0.5)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(returns.T))
    expected = np.sqrt(eigenvalues).sum() ** 2 / eigenvalues.sum()
    assert effective_trials_by_eigenvalues(returns) == pytest.approx(expected)


def test_three_trials_with_a_correlation_of_a_half_count_as_two_and_two_thirds() -> None:
    # Eigenvalues 2, 1/2, 1/2: (sqrt 2 + 2 sqrt 1/2)^2 / 3 = 8 / 3; the mean correlation says 1/2 + 3/2 = 2.
    orthogonal = np.array([[1, 1, 1, 1, -1, -1, -1, -1], [1, 1, -1, -1] * 2, [1, -1] * 4]).T.astype(np.float64)
    matrix = np.linalg.cholesky(np.full((3, 3), 0.5) + 0.5 * np.eye(3))
    returns = orthogonal @ matrix.T
    assert effective_trials_by_eigenvalues(returns) == pytest.approx(8 / 3)
    assert effective_trials(returns) == pytest.approx(2.0)


@pytest.mark.parametrize("counted", [effective_trials, effective_trials_by_eigenvalues])
def test_copies_are_one_trial_and_what_never_moves_is_none(counted: object) -> None:
    assert callable(counted)
    copies = returns_of(3, 50, 12)
    assert counted(copies) == pytest.approx(1.0)
    assert counted(np.concatenate([copies, np.full((50, 3), 0.1)], axis=1)) == pytest.approx(1.0)
    assert counted(np.zeros((50, 4))) == 1.0


def test_groups_of_copies_are_as_many_as_the_groups() -> None:
    groups = returns_of(4, 5_000, 10, 10, 10, 10)
    assert effective_trials_by_eigenvalues(groups) == pytest.approx(4.0, abs=0.02)
    assert effective_trials(returns_of(5, 5_000, *[1] * 30)) == pytest.approx(30.0, abs=0.2)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda: TrialSharpes(-1), "n: must not be negative"),
        (lambda: TrialSharpes(2, math.nan), "mean: must be finite"),
        (lambda: TrialSharpes(2, 0.0, -1.0), "m2: must be at least 0"),
        (lambda: deflate(0.1, 100, 0.0, 3.0, TrialSharpes()), "trials: must be at least one"),
        (lambda: deflate(0.1, 100, 0.0, 3.0, trials_of(5, 1.0), 0.5), "n_independent: must be at least 1"),
        (lambda: deflate(0.1, 100, 0.0, 3.0, trials_of(5, 1.0), 6.0), "n_independent: .* at most the 5 trials"),
        (lambda: effective_trials(np.full((3, 3), np.nan)), "returns: must be finite"),
        (lambda: effective_trials_by_eigenvalues(np.zeros(3)), "returns: must be a matrix"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(wrong: object, rule: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=rule):
        wrong()
