"""CSCV against its definition written out, a case by hand, and what must be so whatever the numbers."""

from __future__ import annotations

import math
import tracemalloc
from itertools import combinations
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.validation import BlockSums, cscv, parts


def noise(seed: int, n_sessions: int, n_trials: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0002, 0.01, (n_sessions, n_trials))


def sharpe(returns: list[float]) -> float:
    spread = stdev(returns)
    return fmean(returns) / spread if spread > 0 else 0.0


def by_the_book(returns: FloatArray, n_blocks: int) -> list[tuple[int, float, float, float]]:
    """Of each half: what is chosen, its Sharpe ratio there, that on the other half, and its logit."""
    blocks, n_trials, found = parts(len(returns), n_blocks), returns.shape[1], []
    for half in combinations(range(n_blocks), n_blocks // 2):
        rows = [session for block in half for session in blocks[block]]
        rest = [session for session in range(len(returns)) if session not in rows]
        inside = [sharpe(returns[rows, trial].tolist()) for trial in range(n_trials)]
        outside = [sharpe(returns[rest, trial].tolist()) for trial in range(n_trials)]
        chosen = inside.index(max(inside))
        lower = sum(other < outside[chosen] for other in outside)
        equal = sum(other == outside[chosen] for other in outside)
        relative = (lower + (equal + 1) / 2) / (n_trials + 1)
        found.append((chosen, inside[chosen], outside[chosen], math.log(relative / (1 - relative))))
    return found


@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from([2, 4, 6]), st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_every_half_is_what_the_definition_says(seed: int, n_trials: int, n_blocks: int, more: int) -> None:
    returns = noise(seed, 4 * n_blocks + more, n_trials)
    book = by_the_book(returns, n_blocks)
    found = cscv(BlockSums.of(returns, n_blocks))
    assert found.chosen.tolist() == [half[0] for half in book]
    np.testing.assert_allclose(found.in_sample, [half[1] for half in book], rtol=1e-9)
    np.testing.assert_allclose(found.out_of_sample, [half[2] for half in book], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(found.logits, [half[3] for half in book], rtol=1e-12)
    assert found.probability == fmean(half[3] <= 0 for half in book)
    assert found.probability_of_loss == fmean(half[2] < 0 for half in book)


def test_a_case_by_hand() -> None:
    # Returns +-1 about a mean m have a deviation of sqrt(2) in a block of two: the Sharpe ratio there is m / sqrt(2).
    means = np.array([[3.0, 1.0, 2.0], [0.0, 2.0, 1.0]])  # (block, trial)
    returns = np.concatenate([[mean + 1, mean - 1] for mean in means])
    found = cscv(BlockSums.of(returns, 2))
    # Block 0 chooses trial 0, last of three on block 1; block 1 chooses trial 1, last of three on block 0.
    assert found.chosen.tolist() == [0, 1]
    np.testing.assert_allclose(found.in_sample, np.array([3, 2]) / math.sqrt(2))
    np.testing.assert_allclose(found.out_of_sample, np.array([0, 1]) / math.sqrt(2), atol=1e-15)
    np.testing.assert_allclose(found.logits, math.log(1 / 3))
    assert (found.probability, found.probability_of_loss) == (1.0, 0.0)
    # The line through (3, 0) and (2, 1), in units of 1 / sqrt(2).
    assert found.slope == pytest.approx(-1)
    assert found.intercept == pytest.approx(3 / math.sqrt(2))


def test_the_line_is_that_of_least_squares() -> None:
    found = cscv(BlockSums.of(noise(5, 120, 30), 8))
    assert [found.slope, found.intercept] == pytest.approx(np.polyfit(found.in_sample, found.out_of_sample, 1))


def test_a_trial_with_skill_is_found_again() -> None:
    returns = noise(1, 800, 40)
    returns[:, 7] += 0.004
    found = cscv(BlockSums.of(returns, 10))
    assert set(found.chosen.tolist()) == {7}
    assert (found.probability, found.probability_of_loss) == (0.0, 0.0)


def test_the_best_by_luck_is_as_often_below_the_median_as_above() -> None:
    searches = [cscv(BlockSums.of(noise(seed, 200, 40), 6)) for seed in range(60)]
    assert fmean(search.probability for search in searches) == pytest.approx(0.5, abs=0.08)


def test_trials_over_the_same_mean_fall_back_as_much_as_they_rose() -> None:
    # Bailey et al. 2015: with equal means over all sessions, the best of one half is bound to be among the worst.
    returns = noise(2, 400, 50)
    returns -= returns.mean(axis=0)
    assert cscv(BlockSums.of(returns, 8)).probability > 0.95


@pytest.mark.parametrize("n_trials", [2, 7, 64, 333])
def test_trials_that_are_all_alike_have_the_middle_rank_wherever_they_stand(n_trials: int) -> None:
    returns = np.repeat(noise(3, 64, 1), n_trials, axis=1)
    found = cscv(BlockSums.of(returns, 8))
    assert (found.logits == 0).all()
    assert found.probability == 1.0
    assert set(found.chosen.tolist()) == {0}


def test_the_order_of_the_trials_changes_nothing() -> None:
    returns, order = noise(4, 96, 21), np.random.default_rng(0).permutation(21)
    one, other = cscv(BlockSums.of(returns, 6)), cscv(BlockSums.of(np.ascontiguousarray(returns[:, order]), 6))
    np.testing.assert_array_equal(one.logits, other.logits)
    np.testing.assert_array_equal(one.chosen, order[other.chosen])


def test_a_trial_that_never_trades_has_a_sharpe_ratio_of_zero_and_makes_no_line() -> None:
    found = cscv(BlockSums.of(np.column_stack([np.zeros(16), -np.abs(noise(6, 16, 1)[:, 0])]), 4))
    assert set(found.chosen.tolist()) == {0}
    assert (found.in_sample == 0).all()
    assert (found.slope, found.intercept) == (None, None)


def test_sums_kept_a_trial_at_a_time_are_those_of_the_whole_matrix() -> None:
    returns = noise(7, 103, 12)
    whole = BlockSums.of(returns, 8)
    each = [BlockSums.of(returns[:, [trial]], 8) for trial in range(12)]
    kept = BlockSums(
        np.array([len(part) for part in parts(103, 8)]),
        np.concatenate([one.sums for one in each], axis=1),
        np.concatenate([one.squares for one in each], axis=1),
    )
    np.testing.assert_array_equal(kept.counts, whole.counts)
    assert kept.n_trials == 12
    assert cscv(kept).probability == cscv(whole).probability
    np.testing.assert_allclose(whole.sharpes(), returns.mean(axis=0) / returns.std(axis=0, ddof=1))


def test_memory_does_not_grow_with_the_number_of_halves() -> None:
    blocks = BlockSums.of(noise(8, 60, 1_000), 12)
    every_ratio_bytes = 2 * 924 * 1_000 * 8
    tracemalloc.start()
    try:
        cscv(blocks)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < every_ratio_bytes / 4


GOOD = BlockSums.of(noise(9, 16, 3), 4)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda: BlockSums.of(noise(0, 40, 3), 5), r"n_blocks: must be even and within 2\.\.20, got 5"),
        (lambda: BlockSums.of(noise(0, 400, 3), 22), "n_blocks: must be even"),
        (lambda: BlockSums.of(noise(0, 40, 3), 0), "n_blocks: must be even"),
        (lambda: BlockSums.of(noise(0, 15, 3), 8), "n_blocks: a block must have at least 2 sessions"),
        (lambda: BlockSums.of(noise(0, 15, 3)[:, 0], 2), "returns: must be a matrix"),
        (lambda: BlockSums.of(np.full((20, 2), np.nan), 2), "returns: must be finite"),
        (lambda: BlockSums(GOOD.counts, GOOD.sums[:3], GOOD.squares), "sums: must have a row for each of 4 blocks"),
        (lambda: BlockSums(GOOD.counts, GOOD.sums, GOOD.squares[:, :2]), "squares: must have the shape of sums"),
        (lambda: BlockSums(GOOD.counts // 4, GOOD.sums, GOOD.squares), "n_blocks: a block must have"),
        (lambda: cscv(BlockSums(GOOD.counts, GOOD.sums[:, :1], GOOD.squares[:, :1])), "n_trials: must be at least 2"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(wrong: object, rule: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=rule):
        wrong()
