from __future__ import annotations

import pytest

from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.strategy import EventStrategy, Strategy, VectorStrategy, all_strategies, get, resolve


def test_every_strategy_is_found_by_its_id() -> None:
    assert [get(strategy.id) for strategy in all_strategies()] == list(all_strategies())


def test_ids_and_descriptions_follow_from_the_class() -> None:
    assert [get("sma_cross").id, get("buy_and_hold").id] == ["sma_cross", "buy_and_hold"]
    assert all(strategy.description and strategy.version for strategy in all_strategies())


@pytest.mark.parametrize("vector", [one for one in all_strategies() if issubclass(one, VectorStrategy)])
def test_every_vector_strategy_has_a_twin_that_is_told_events(vector: type[Strategy]) -> None:
    twin = get(f"{vector.id}_event")
    assert issubclass(twin, EventStrategy)
    assert twin.parameters() == vector.parameters()


def test_an_unknown_strategy_is_not_found_and_the_known_ones_are_named() -> None:
    with pytest.raises(NotFound, match="sma_cross, buy_and_hold") as caught:
        get("moon")
    assert caught.value.reason is Reason.STRATEGY_NOT_FOUND
    assert caught.value.metadata["strategy"] == "moon"


def test_missing_parameters_take_their_defaults() -> None:
    assert resolve(get("sma_cross"), {}) == {"fast": 10, "slow": 30, "direction": "long_only"}


def test_a_whole_number_may_arrive_as_a_float() -> None:
    fast = resolve(get("sma_cross"), {"fast": 5.0})["fast"]
    assert (fast, type(fast)) == (5, int)


@pytest.mark.parametrize(
    ("raw", "field", "rule"),
    [
        ({"fast": 10.5}, "parameters.fast", "must be a whole number"),
        ({"fast": "10"}, "parameters.fast", "must be a whole number"),
        ({"fast": True}, "parameters.fast", "must be a whole number"),
        ({"fast": None}, "parameters.fast", "must be a whole number"),
        ({"fast": float("nan")}, "parameters.fast", "must be a whole number"),
        ({"fast": float("inf")}, "parameters.fast", "must be a whole number"),
        ({"fast": 10**400}, "parameters.fast", "must be between 1 and 10000"),
        ({"fast": 0}, "parameters.fast", "must be between 1 and 10000"),
        ({"slow": 10_001}, "parameters.slow", "must be between 2 and 10000"),
        ({"fast": 30, "slow": 30}, "parameters.fast", "must be below slow (30)"),
        ({"fast": 40}, "parameters.fast", "must be below slow (30)"),
        ({"direction": "sideways"}, "parameters.direction", "must be one of long_only, long_short"),
        ({"direction": 1}, "parameters.direction", "must be one of long_only, long_short"),
        ({"fats": 10}, "parameters.fats", "unknown to sma_cross; it has fast, slow, direction"),
    ],
)
def test_a_bad_parameter_is_refused_by_name_and_rule(raw: dict[str, object], field: str, rule: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(get("sma_cross"), raw)
    assert [(one.field, one.description) for one in caught.value.violations] == [(field, rule)]
    assert caught.value.reason is Reason.STRATEGY_PARAMETER_INVALID


def test_all_bad_parameters_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(get("sma_cross"), {"fast": 0.5, "nope": 1, "direction": ""})
    named = {violation.field for violation in caught.value.violations}
    assert named == {"parameters.fast", "parameters.nope", "parameters.direction"}
