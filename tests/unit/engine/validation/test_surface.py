"""The heat map against cells gathered one by one."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.engine.validation import Aggregate, surface

NAN = np.nan
TRIAL = st.tuples(st.integers(0, 3), st.integers(5, 8), st.sampled_from([NAN, -1.0, 0.0, 0.5, 2.0]))


def test_a_map_by_hand() -> None:
    fast, slow = np.array([5.0, 5, 10, 10, 10, 5]), np.array([20.0, 20, 20, 30, 30, 20])
    sharpe = np.array([1.0, 3.0, 0.5, NAN, NAN, 2.5])
    found = surface(fast, slow, sharpe)
    assert (found.x.tolist(), found.y.tolist()) == ([5, 10], [20, 30])
    np.testing.assert_array_equal(found.values, [[3.0, 0.5], [NAN, NAN]])
    np.testing.assert_array_equal(found.counts, [[3, 1], [0, 0]])
    np.testing.assert_array_equal(found.best, [[1, 2], [-1, -1]])
    assert surface(fast, slow, sharpe, maximize=False).values[0, 0] == 1.0
    assert surface(fast, slow, sharpe, aggregate=Aggregate.MEAN).values[0, 0] == pytest.approx(6.5 / 3)
    assert surface(fast, slow, sharpe, aggregate=Aggregate.MEDIAN).values[0, 0] == 2.5


@given(st.lists(TRIAL, min_size=1, max_size=40), st.sampled_from(list(Aggregate)), st.booleans())
@settings(max_examples=80, deadline=None)
def test_each_cell_is_its_own_trials(
    trials: list[tuple[int, int, float]], aggregate: Aggregate, maximize: bool
) -> None:
    x, y, objective = (np.array(column, np.float64) for column in zip(*trials, strict=True))
    found = surface(x, y, objective, aggregate=aggregate, maximize=maximize)
    best = max if maximize else min
    folds: dict[Aggregate, Callable[[list[float]], float]] = {
        Aggregate.BEST: best,
        Aggregate.MEAN: fmean,
        Aggregate.MEDIAN: median,
    }
    assert found.x.tolist() == sorted(set(x.tolist()))
    assert found.y.tolist() == sorted(set(y.tolist()))
    for row, down in enumerate(found.y):
        for column, across in enumerate(found.x):
            mine = [at for at, t in enumerate(trials) if t[:2] == (across, down) and not np.isnan(t[2])]
            assert found.counts[row, column] == len(mine)
            if mine:
                values = [trials[at][2] for at in mine]
                assert found.values[row, column] == pytest.approx(folds[aggregate](values))
                assert found.best[row, column] == mine[values.index(best(values))]
            else:
                assert np.isnan(found.values[row, column])
                assert found.best[row, column] == -1


def test_an_axis_of_many_values_is_cut_into_equal_intervals() -> None:
    x = np.linspace(0.0, 1.0, 1_001)
    found = surface(x, np.ones(1_001), x, most_values=10)
    np.testing.assert_allclose(found.x, np.arange(10) / 10 + 0.05)
    assert found.counts.sum() == 1_001
    assert found.counts.min() >= 99
    np.testing.assert_allclose(found.values[0], np.arange(1, 11) / 10, atol=0.0011)


def test_where_every_trial_failed_the_map_is_empty_and_has_its_axes() -> None:
    found = surface(np.arange(3.0), np.arange(3.0), np.full(3, NAN), aggregate=Aggregate.MEAN)
    assert np.isnan(found.values).all()
    assert found.values.shape == (3, 3)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda: surface(np.zeros(0), np.zeros(0), np.zeros(0)), "objective: must be a column"),
        (lambda: surface(np.zeros(2), np.zeros(3), np.zeros(3)), "x: must be one finite value for each of 3 trials"),
        (lambda: surface(np.zeros(3), np.full(3, NAN), np.zeros(3)), "y: must be one finite value"),
        (lambda: surface(np.zeros(3), np.zeros(3), np.zeros(3), most_values=0), "most_values: must be at least 1"),
    ],
)
def test_bad_input_names_the_field_and_the_rule(wrong: object, rule: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=rule):
        wrong()
