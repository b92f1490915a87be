"""Which sets are tried, and that they are the same ones again."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from scizor.adapters.search import search_for
from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import Method, Objective, OptimizationSpec
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.engine.arrays import BoolArray
from scizor.ports.search import Told
from tests.unit.optimization.build import CROSSES, DIRECTION, FAST, SLOW, spec_of

HILL = Space((Axis("x", span=NumberRange(-4.0, 4.0)), Axis("y", span=NumberRange(0.01, 100.0, log=True))))
OTHERS = [Method.RANDOM, Method.TPE, Method.CMA_ES]


def crosses(codes: FloatArray) -> BoolArray:
    kept: BoolArray = codes[:, 0] < codes[:, 1]
    return kept


def anything(codes: FloatArray) -> BoolArray:
    return np.ones(len(codes), np.bool_)


def hill(codes: FloatArray) -> FloatArray:
    """Highest, 0, at x = 1 and y = 10."""
    values: FloatArray = -((codes[:, 0] - 1.0) ** 2) - np.log10(codes[:, 1] / 10.0) ** 2
    return values[:, np.newaxis]


def told(spec: OptimizationSpec, generation: FloatArray, score: Any = hill) -> Told:
    values = np.repeat(score(generation), len(spec.objectives), axis=1)
    return Told(generation, values, np.zeros(len(generation)))


def led(spec: OptimizationSpec, allowed: Any, history: list[Told], score: Any = hill) -> list[Told]:
    """All generations, those of the history being from an earlier life."""
    search, done = search_for(spec, allowed), list(history)
    for generation in history:
        search.recall(generation)
    while len(asked := search.ask()):
        assert not search.adaptive or search.total <= spec.max_trials
        done.append(told(spec, asked, score))
        search.tell(done[-1])
    return done


def all_codes(generations: list[Told]) -> FloatArray:
    return np.concatenate([one.codes for one in generations])


def test_a_grid_is_every_combination_that_keeps_the_rules_the_last_running_fastest() -> None:
    search = search_for(spec_of(Space((FAST, SLOW, DIRECTION))), crosses)
    found = search.ask()
    expected = [(fast, slow, side) for fast, slow, side in product(range(2, 10), range(6, 31), range(2)) if fast < slow]
    assert [tuple(map(int, codes)) for codes in found] == expected
    assert len(search.ask()) == 0
    assert (search.total, search.left_out) == (len(expected), 8 * 25 * 2 - len(expected))


def test_a_grid_needs_values_that_can_be_listed_and_are_not_too_many() -> None:
    with pytest.raises(InvalidInput, match=r"space\.x"):
        search_for(spec_of(HILL), anything)
    with pytest.raises(InvalidInput, match="max_trials"):
        search_for(spec_of(CROSSES, max_trials=10), anything)


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("space", [CROSSES, HILL], ids=["whole", "real"])
def test_a_seed_says_all(method: Method, space: Space) -> None:
    allowed = crosses if space is CROSSES else anything
    first, again = (led(spec_of(space, method, max_trials=40, seed=5), allowed, []) for _ in range(2))
    assert np.array_equal(all_codes(first), all_codes(again))
    other = led(spec_of(space, method, max_trials=40, seed=6), allowed, [])
    assert not np.array_equal(all_codes(first), all_codes(other))
    assert len(all_codes(first)) == 40
    assert allowed(all_codes(first)).all()


@pytest.mark.parametrize("method", OTHERS)
@pytest.mark.parametrize("kept", [1, 3])
def test_a_search_that_was_broken_off_goes_on_as_if_it_had_not_been(method: Method, kept: int) -> None:
    spec = spec_of(HILL, method, max_trials=40, seed=1)
    whole = led(spec, anything, [])
    assert np.array_equal(all_codes(whole), all_codes(led(spec, anything, whole[:kept])))


@pytest.mark.parametrize("method", [Method.TPE, Method.CMA_ES])
def test_an_adaptive_search_climbs_further_than_chance(method: Method) -> None:
    def best(by: Method) -> float:
        runs = [led(spec_of(HILL, by, max_trials=100, seed=seed), anything, []) for seed in range(3)]
        return float(np.median([max(generation.values.max() for generation in run) for run in runs]))

    assert best(method) > best(Method.RANDOM)


def test_values_that_can_be_listed_are_drawn_once_each() -> None:
    space = Space((Axis("x", (1, 2, 3)), Axis("y", ("a", "b"))))
    search = search_for(spec_of(space, Method.RANDOM, max_trials=100), anything)
    found = search.ask()
    assert len({tuple(codes) for codes in found.tolist()}) == len(found) == 6
    assert len(search.ask()) == 0
    assert search.total == 6, "it says that there are no more"


def test_tpe_takes_constraints_several_objectives_and_words() -> None:
    space = Space((FAST, SLOW, DIRECTION))
    objectives = (Objective("sharpe"), Objective("max_drawdown"))
    spec = spec_of(space, Method.TPE, max_trials=30, objectives=objectives)
    search = search_for(spec, crosses)
    while len(asked := search.ask()):
        values = np.stack([asked[:, 0], np.where(asked[:, 2] == 1.0, np.nan, -asked[:, 1])], axis=1)
        search.tell(Told(asked, values, np.maximum(asked[:, 1] - 20.0, 0.0)))
    assert search.next_size == 0


def test_cma_es_wants_numbers_and_one_objective() -> None:
    with pytest.raises(InvalidInput, match=r"space\.direction"):
        search_for(spec_of(Space((FAST, DIRECTION)), Method.CMA_ES, max_trials=9), anything)
    two = (Objective("sharpe"), Objective("calmar"))
    with pytest.raises(InvalidInput, match="objectives"):
        search_for(spec_of(CROSSES, Method.CMA_ES, max_trials=9, objectives=two), anything)


def test_cma_es_leaves_what_fails_and_breaks_constraints_behind() -> None:
    spec = spec_of(HILL, Method.CMA_ES, max_trials=200, seed=3)
    search = search_for(spec, anything)
    last = np.empty((0, 2))
    while len(asked := search.ask()):
        values = np.where(asked[:, :1] > 2.0, np.nan, hill(asked))
        search.tell(Told(asked, values, np.maximum(-asked[:, 0], 0.0)))
        last = asked
    assert abs(float(np.median(last[:, 0])) - 1.0) < 0.5
