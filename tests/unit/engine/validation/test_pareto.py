"""Fronts against the definition of dominance, trial by trial."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.validation import pareto_front, pareto_ranks

NAN = np.nan
LEVELS = st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0, -1.0, np.inf, -np.inf, NAN])


def ranks_by_the_book(values: FloatArray, maximize: list[bool]) -> list[int]:
    signs = np.where(maximize, 1.0, -1.0)
    left = {place: values[place] * signs for place in range(len(values)) if not np.isnan(values[place]).any()}
    ranks, rank = [-1] * len(values), 0
    while left:
        front = [
            place
            for place, own in left.items()
            if not any((other >= own).all() and (other > own).any() for other in left.values())
        ]
        for place in front:
            ranks[place] = rank
            del left[place]
        rank += 1
    return ranks


@given(st.data(), st.integers(1, 4), st.integers(0, 25))
@settings(max_examples=120, deadline=None)
def test_fronts_are_those_of_the_definition(data: st.DataObject, n_objectives: int, n_trials: int) -> None:
    values = data.draw(arrays(np.float64, (n_trials, n_objectives), elements=LEVELS))
    maximize = data.draw(st.lists(st.booleans(), min_size=n_objectives, max_size=n_objectives))
    book = ranks_by_the_book(values, maximize)
    assert pareto_ranks(values, maximize).tolist() == book
    assert pareto_front(values, maximize).tolist() == [rank == 0 for rank in book]


def test_return_against_drawdown_by_hand() -> None:
    # Return, more is better; volatility, less is.
    values = np.array([[0.10, 0.20], [0.12, 0.20], [0.08, 0.10], [0.12, 0.25], [0.30, NAN], [0.12, 0.20]])
    assert pareto_front(values, [True, False]).tolist() == [False, True, True, False, False, True]
    assert pareto_ranks(values, [True, False]).tolist() == [1, 0, 0, 1, -1, 0]


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_many_random_trials_agree_with_one_another(n_objectives: int) -> None:
    values = np.random.default_rng(1).normal(size=(3_000, n_objectives))
    ranks = pareto_ranks(values, [True] * n_objectives)
    np.testing.assert_array_equal(pareto_front(values, [True] * n_objectives), ranks == 0)
    # Whoever is on a later front is beaten by someone on the one before, and by nobody on his own.
    for place in range(0, 3_000, 37):
        beaten_by = (values >= values[place]).all(axis=1) & (values > values[place]).any(axis=1)
        assert ranks[place] == (ranks[beaten_by].max() + 1 if beaten_by.any() else 0)


@pytest.mark.parametrize(
    ("values", "maximize", "rule"),
    [
        (np.zeros(3), [True], "values: must have a row for each trial"),
        (np.zeros((3, 0)), [], "values: must have a row for each trial"),
        (np.zeros((3, 2)), [True], "maximize: must be one for each of 2 objectives"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(values: FloatArray, maximize: list[bool], rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        pareto_front(values, maximize)
    with pytest.raises(InvalidInput, match=rule):
        pareto_ranks(values, maximize)
