from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.sweep import Grid
from scizor.engine.sweep.grid import Value


def test_combinations_are_numbered_with_the_last_axis_running_fastest() -> None:
    axes = {"fast": (1, 2, 3), "width": (0.5, 1.5), "direction": ("long", "short"), "hedged": (False, True)}
    grid = Grid(axes)
    assert len(grid) == 24
    values = grid.values(grid.places(0, 24))
    assert list(zip(*(column.tolist() for column in values.values()), strict=True)) == list(product(*axes.values()))


def test_a_part_of_the_combinations_is_that_part_of_all() -> None:
    grid = Grid({"fast": range(10), "slow": range(100)})
    values = grid.values(grid.places(437, 440))
    assert values["fast"].tolist() == [4, 4, 4]
    assert values["slow"].tolist() == [37, 38, 39]


def test_a_billion_combinations_take_no_memory() -> None:
    grid = Grid({name: range(1_000) for name in "abc"})
    assert len(grid) == 10**9
    assert grid.values(grid.places(10**9 - 1, 10**9))["a"].tolist() == [999]


def test_each_parameter_is_a_field_of_its_own_kind() -> None:
    grid = Grid({"fast": [1, 2], "width": [1, 0.5], "direction": ["long"], "hedged": [True]})
    assert [np.dtype(kind).kind for _, kind in grid.dtype] == ["i", "f", "U", "b"]


@pytest.mark.parametrize(
    ("axes", "rule"),
    [
        ({}, "grid: at least one parameter"),
        ({"fast": []}, "grid.fast: at least one value"),
        ({"fast": [1, 2, 1]}, "grid.fast: each value may be there once"),
        ({"fast": [1, "two"]}, "grid.fast: values must be all numbers"),
    ],
)
def test_a_bad_axis_is_named_with_its_rule(axes: dict[str, list[Value]], rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        Grid(axes)
