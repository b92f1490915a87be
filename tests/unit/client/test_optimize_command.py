"""Words of `scizor optimize`, and the map it draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scizor.client.cli.heat_map import heat_map
from scizor.client.cli.optimization_request import constraint_of, objective_of, space_of
from scizor.client.cli.usage import CommandFailed
from scizor.domain.optimizations import Constraint, Objective
from scizor.domain.search_spaces import NumberRange


def test_ranges_and_values_are_read() -> None:
    assert space_of(["fast=2:27", "slow=28:62:2", "stop=0.01:0.1:log", "mode=a,b", "n=1,2", "on=true,false"]) == {
        "fast": NumberRange(2, 27),
        "slow": NumberRange(28, 62, 2),
        "stop": NumberRange(0.01, 0.1, log=True),
        "mode": ["a", "b"],
        "n": [1, 2],
        "on": [True, False],
    }


@pytest.mark.parametrize("word", ["fast", "fast=", "=2:3", "fast=a:b", "fast=1:2:3:4", "fast=1:"])
def test_what_is_no_range_is_refused(word: str) -> None:
    with pytest.raises(CommandFailed, match="--param"):
        space_of([word])


def test_a_parameter_named_twice_is_refused() -> None:
    with pytest.raises(CommandFailed, match="twice"):
        space_of(["fast=1,2", "fast=3,4"])


def test_objectives_and_constraints_are_read() -> None:
    assert objective_of("sharpe") == Objective("sharpe", maximize=True)
    assert objective_of("volatility") == Objective("volatility", maximize=False)
    assert objective_of("-n_trades") == Objective("n_trades", maximize=False)
    assert constraint_of("n_trades >= 30") == Constraint("n_trades", at_least=30.0)
    assert constraint_of("max_drawdown<=-0.1") == Constraint("max_drawdown", at_most=-0.1)
    for wrong in ("n_trades", "n_trades>30", "n_trades>=many"):
        with pytest.raises(CommandFailed):
            constraint_of(wrong)


def test_a_map_has_a_cell_for_each_pair_and_a_scale() -> None:
    values = np.array([[0.0, 0.5, math.nan], [1.0, 0.25, 0.75]])
    text = heat_map(values, ("slow", ["10", "20", "30"]), ("fast", ["2", "3"]), "sharpe", coloured=False).plain
    lines = text.splitlines()
    assert lines[1] == "   3 ██░░▓▓"
    assert lines[2] == "   2   ▒▒··"
    assert lines[3].endswith("slow")
    assert "sharpe 0.000" in lines[4]
    assert "1.000" in lines[4]


def test_a_map_in_colours_goes_from_dark_to_bright() -> None:
    values = np.array([[0.0, 1.0]])
    text = heat_map(values, ("x", ["1", "2"]), ("y", ["1"]), "sharpe", coloured=True)
    styles = [str(span.style) for span in text.spans]
    assert "on #440154" in styles
    assert "on #fde725" in styles


def test_a_map_of_nothing_is_empty_and_one_of_equal_values_is_not() -> None:
    assert not heat_map(np.full((1, 1), math.nan), ("x", ["1"]), ("y", ["1"]), "sharpe", coloured=True).plain
    assert heat_map(np.ones((2, 2)), ("x", ["1", "2"]), ("y", ["1", "2"]), "sharpe", coloured=False).plain
