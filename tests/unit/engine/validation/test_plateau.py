"""How flat it is around the best: cases by hand, and neighbourhoods written out trial by trial."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray
from scizor.engine.validation import grid_plateau, sampled_plateau

NAN = np.nan


def grid(*lengths: int) -> IndexArray:
    return np.array(list(product(*map(range, lengths))), np.int64)


def smoothed_by_the_book(places: IndexArray, values: FloatArray, ordered: list[bool]) -> list[float]:
    found = []
    for own, value in zip(places, values, strict=True):
        near = [
            other
            for place, other in zip(places, values, strict=True)
            if not np.isnan(other)
            and (place != own).any()
            and all(abs(a - b) <= (1 if steps else 0) for a, b, steps in zip(place, own, ordered, strict=True))
        ]
        found.append(NAN if np.isnan(value) or not near else float(np.mean([value, *near])))
    return found


def test_a_peak_and_a_plateau_by_hand() -> None:
    # A peak of 4 in a corner, a plateau of 3 in the middle of the rest.
    heights = np.array([[4, 0, 0, 0, 0], [0, 3, 3, 3, 0], [0, 3, 3, 3, 0], [0, 3, 3, 3, 0], [0, 0, 0, 0, 0]], float)
    found = grid_plateau(grid(5, 5), heights.ravel())
    assert found.best == 0
    assert found.n_neighbours == 3
    assert found.score == pytest.approx((0 + 0 + 3) / 3 / 4)
    assert found.smoothed_best == 2 * 5 + 2
    assert found.smoothed_rank == 2


def test_flat_ground_scores_one() -> None:
    found = grid_plateau(grid(4, 3, 2), np.full(24, 0.1))
    assert (found.best, found.smoothed_best, found.smoothed_rank) == (0, 0, 1)
    assert found.score == pytest.approx(1.0)


def test_the_floor_is_what_gains_nothing() -> None:
    equity = np.array([10_200.0, 11_000.0, 10_600.0])
    assert grid_plateau(grid(3), equity).score == pytest.approx(10_400 / 11_000)
    assert grid_plateau(grid(3), equity, floor=10_000).score == pytest.approx(0.4)
    assert grid_plateau(grid(3), equity, floor=11_000).score is None
    assert grid_plateau(grid(3), equity, floor=10_500).score == 0.0


def test_where_less_is_better_the_lowest_is_the_best() -> None:
    found = grid_plateau(grid(4), np.array([0.5, 0.2, 0.1, 0.3]), maximize=False, floor=0.5)
    assert (found.best, found.smoothed_best) == (2, 2)
    assert found.score == pytest.approx((0.5 - 0.25) / (0.5 - 0.1))


def test_words_have_no_neighbours_but_themselves() -> None:
    places = grid(3, 2)  # a number, then a word
    values = np.array([1.0, 9.0, 2.0, 5.0, 3.0, 9.0])
    assert grid_plateau(places, values, ordered=[True, False]).score == pytest.approx(5 / 9)
    assert grid_plateau(places, values).score == pytest.approx((1 + 2 + 5) / 3 / 9)


def test_a_failed_trial_is_nobodys_neighbour_and_a_lonely_best_has_no_score() -> None:
    found = grid_plateau(grid(5), np.array([7.0, NAN, 3.0, 4.0, 2.0]))
    assert (found.best, found.score, found.n_neighbours) == (0, None, 0)
    assert (found.smoothed_best, found.smoothed_rank) == (2, 3)  # (3 + 4) / 2 is above (3 + 4 + 2) / 3
    alone = grid_plateau(grid(1), np.array([2.0]))
    assert (alone.best, alone.score, alone.smoothed_best, alone.smoothed_rank) == (0, None, 0, 1)


def test_a_set_tried_twice_is_one_neighbour_and_not_its_own() -> None:
    places = np.array([[0], [0], [1], [2]])
    found = grid_plateau(places, np.array([5.0, 5.0, 2.0, 2.0]))
    assert found.n_neighbours == 1
    assert found.score == pytest.approx(0.4)
    assert found.smoothed_best == 0


@given(st.data(), st.lists(st.integers(1, 4), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_the_smoothed_optimum_is_that_of_the_definition(data: st.DataObject, lengths: list[int]) -> None:
    places = grid(*lengths)
    levels = st.sampled_from([NAN, *map(float, range(10))])
    values = np.array(data.draw(st.lists(levels, min_size=len(places), max_size=len(places))))
    ordered = data.draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    if np.isnan(values).all():
        return
    found = grid_plateau(places, values, ordered=ordered)
    book = smoothed_by_the_book(places, values, ordered)
    if np.isnan(book).all():
        assert found.smoothed_best == found.best
    else:
        assert book[found.smoothed_best] == pytest.approx(np.nanmax(book))
    assert found.smoothed_rank == 1 + sum(value > values[found.smoothed_best] for value in values)
    points = sampled_plateau(
        places.astype(np.float64), values, radius=1.0, widths=np.ones(len(lengths)), ordered=ordered
    )
    assert points == found


def test_points_are_near_within_a_radius_of_each_axis() -> None:
    points = np.array([[0.0, 0.0], [1.0, 50.0], [1.0, 100.0], [5.0, 0.0], [10.0, 1000.0]])
    found = sampled_plateau(points, np.array([8.0, 4.0, 2.0, 100.0, 0.0]) - 100 * np.eye(5)[3])
    assert found.best == 0
    assert found.n_neighbours == 2
    assert found.score == pytest.approx(3 / 8)
    narrow = sampled_plateau(points, np.array([8.0, 4.0, 2.0, 0.0, 0.0]), widths=np.array([10.0, 600.0]))
    assert narrow.n_neighbours == 1
    assert narrow.score == pytest.approx(0.5)


def test_a_neighbourhood_reaches_the_next_value_where_values_are_apart() -> None:
    points = np.array([[1.0], [2.0], [3.0], [4.0]])
    values = np.array([0.0, 1.0, 2.0, 0.0])
    assert sampled_plateau(points, values, widths=np.array([3.0])).score is None
    found = sampled_plateau(points, values, widths=np.array([3.0]), pitches=np.array([1.0]))
    assert found.n_neighbours == 2
    assert found.score == pytest.approx(0.25)


def test_an_axis_that_was_never_moved_is_no_distance() -> None:
    points = np.column_stack([np.linspace(0, 1, 11), np.full(11, 3.0)])
    found = sampled_plateau(points, -np.abs(np.arange(11) - 4.0), floor=-10.0)
    assert (found.best, found.n_neighbours) == (4, 2)
    assert found.score == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda: grid_plateau(grid(3), np.zeros(2)), "places: must have a row for each of 2 trials"),
        (lambda: grid_plateau(grid(3) - 1, np.zeros(3)), "places: must not be negative"),
        (lambda: grid_plateau(grid(2, 2) * 9_999, np.zeros(4)), "places: make a grid of 100,000,000 places"),
        (lambda: grid_plateau(grid(3), np.full(3, NAN)), "objective: must be a column with at least one defined"),
        (lambda: grid_plateau(grid(3), np.array([1, np.inf, 2])), "objective: must be finite, or NaN"),
        (lambda: grid_plateau(grid(3), np.zeros(3), ordered=[True] * 2), "ordered: must be one for each of 1 axes"),
        (lambda: sampled_plateau(np.full((3, 1), NAN), np.zeros(3)), "points: must be finite"),
        (lambda: sampled_plateau(np.zeros((3, 1)), np.zeros(3), radius=0.0), "radius: must be above 0"),
        (
            lambda: sampled_plateau(np.zeros((3, 1)), np.zeros(3), widths=np.ones(2)),
            "widths: must be one for each axis",
        ),
        (
            lambda: sampled_plateau(np.zeros((3, 1)), np.zeros(3), pitches=-np.ones(1)),
            "pitches: must be one for each axis, finite and not negative",
        ),
    ],
)
def test_bad_input_names_the_field_and_the_rule(wrong: object, rule: str) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput, match=rule):
        wrong()
