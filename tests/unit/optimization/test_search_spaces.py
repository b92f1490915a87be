"""Codes and what they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.search_spaces import Axis, NumberRange, Space, Value


def test_a_range_with_a_step_lists_what_a_person_would_write() -> None:
    listed = Axis("x", span=NumberRange(0.1, 0.75, 0.1)).listed()
    assert listed is not None
    assert listed.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


def test_whole_numbers_are_listed_without_a_step_and_all_numbers_are_not() -> None:
    whole = Axis("x", span=NumberRange(2, 5), whole=True).listed()
    assert whole is not None
    assert whole.tolist() == [2.0, 3.0, 4.0, 5.0]
    assert Axis("x", span=NumberRange(2, 5)).listed() is None


def test_a_set_comes_back_from_its_codes_with_its_kinds() -> None:
    space = Space(
        (
            Axis("window", span=NumberRange(2, 9), whole=True),
            Axis("stop", span=NumberRange(0.01, 0.1, log=True)),
            Axis("mode", ("a", "b")),
            Axis("on", (False, True)),
            Axis("steps", (3, 1, 2)),
        )
    )
    parameters: dict[str, Value] = {"window": 4, "stop": 0.05, "mode": "b", "on": True, "steps": 1}
    codes = space.codes(parameters)
    assert codes.tolist() == [4.0, 0.05, 1.0, 1.0, 1.0]
    assert space.parameters(codes) == parameters
    assert [type(value) for value in space.parameters(codes).values()] == [int, float, str, bool, int]
    assert np.array_equal(space.codes(space.parameters(codes)), codes)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: NumberRange(2, 1),
        lambda: NumberRange(0, 1, log=True),
        lambda: NumberRange(1, 2, 0.5, log=True),
        lambda: NumberRange(1, float("inf")),
        lambda: Axis("x"),
        lambda: Axis("x", (1, "a")),
        lambda: Axis("x", (1, True)),
        lambda: Axis("x", (1, 1.0)),
        lambda: Axis("x", (1,), NumberRange(1, 2)),
        lambda: Space(()),
        lambda: Space((Axis("x", (1,)), Axis("x", (2,)))),
        lambda: Axis("x", span=NumberRange(0, 1e9, 1)).listed(),
    ],
)
def test_what_is_no_space_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(InvalidInput):
        wrong()
