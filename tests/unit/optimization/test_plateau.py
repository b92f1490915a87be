"""How much of its gain the best keeps one step aside: what counts as gain, and how far a step is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scizor.domain.optimizations import METRICS, Method, Objective
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.ports.optimizations import TrialColumns
from scizor.services.backtest.optimization.plateau import plateau_of
from tests.unit.optimization.build import spec_of

WINDOW = Axis("window", span=NumberRange(1, 5), whole=True)


def trials(codes: Any, metric: str, values: list[float]) -> TrialColumns:
    matrix = np.array(codes, np.float64).reshape(len(values), -1)
    figures = {name: np.full(len(values), np.nan) for name in METRICS} | {metric: np.array(values)}
    flags = np.ones(len(values), np.bool_)
    return TrialColumns(np.arange(1, len(values) + 1), matrix, figures, flags, ~flags, np.arange(len(values)))


def score(axis: Axis, metric: str, codes: list[float], values: list[float], **how: Any) -> float | None:
    objective = Objective.of(metric)
    spec = spec_of(Space((axis,)), how.get("method", Method.GRID), objectives=(how.get("objective", objective),))
    return plateau_of(spec, trials(codes, metric, values))


def test_money_gains_from_what_there_was_at_first() -> None:
    equity = [98_000.0, 104_000.0, 110_000.0, 106_000.0, 99_000.0]
    assert score(WINDOW, "final_equity", [1, 2, 3, 4, 5], equity) == pytest.approx(0.5)
    assert score(WINDOW, "total_return", [1, 2, 3, 4, 5], [v / 1e5 - 1 for v in equity]) == pytest.approx(0.5)


def test_where_less_is_better_the_gain_is_over_the_middle_one() -> None:
    volatility = [0.30, 0.20, 0.10, 0.15, 0.40]
    assert score(WINDOW, "volatility", [1, 2, 3, 4, 5], volatility) == pytest.approx((0.20 - 0.175) / (0.20 - 0.10))
    commissions = [900.0, 500.0, 100.0, 300.0, 700.0]
    assert score(WINDOW, "commissions", [1, 2, 3, 4, 5], commissions) == pytest.approx((500 - 400) / (500 - 100))


def test_a_drawdown_is_negative_and_has_a_plateau_all_the_same() -> None:
    drawdown = [-0.5, -0.2, -0.1, -0.15, -0.4]
    assert score(WINDOW, "max_drawdown", [1, 2, 3, 4, 5], drawdown) == pytest.approx((0.20 - 0.175) / (0.20 - 0.10))


def test_a_search_that_only_lost_has_no_plateau() -> None:
    assert score(WINDOW, "sharpe", [1, 2, 3], [-1.0, -0.5, -0.7]) is None
    assert score(WINDOW, "final_equity", [1, 2, 3], [90_000.0, 99_000.0, 98_000.0]) is None


@pytest.mark.parametrize("method", [Method.RANDOM, Method.TPE, Method.CMA_ES])
def test_whole_numbers_one_step_apart_are_neighbours_of_any_search(method: Method) -> None:
    assert score(WINDOW, "sharpe", [1, 2, 3, 4, 5], [0.0, 1.0, 2.0, 1.0, 0.0], method=method) == pytest.approx(0.5)
    stepped = Axis("window", span=NumberRange(0.0, 0.4, step=0.2))
    assert score(stepped, "sharpe", [0.0, 0.2, 0.4], [1.0, 2.0, 0.0], method=method) == pytest.approx(0.25)


def test_a_search_that_closed_in_is_held_against_the_range_it_searched() -> None:
    wide = Axis("exit", span=NumberRange(0.0, 100.0))
    closed_in = [50.0, 51.0, 52.0, 58.0]
    assert score(wide, "sharpe", closed_in, [2.0, 1.0, 1.5, 0.5], method=Method.CMA_ES) == pytest.approx(0.5)
    factors = Axis("exit", span=NumberRange(1.0, 1e6, log=True))
    assert score(factors, "sharpe", [100.0, 300.0, 1_000.0], [2.0, 1.0, 0.0], method=Method.TPE) == pytest.approx(0.5)


def test_values_that_were_listed_are_a_step_apart_however_far_they_are() -> None:
    listed = Axis("window", (200, 5, 10, 50))
    assert score(listed, "sharpe", [5, 10, 50, 200], [0.0, 1.0, 2.0, 1.5], method=Method.RANDOM) == pytest.approx(0.625)
    words = Axis("side", ("long", "short"))
    assert score(words, "sharpe", [0, 1], [2.0, 1.9], method=Method.RANDOM) is None


def test_nothing_that_counts_has_no_plateau() -> None:
    assert score(WINDOW, "sharpe", [1, 2], [float("nan")] * 2) is None
