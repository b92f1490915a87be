"""Figures over trades, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.metrics import evaluate
from tests.unit.engine.analytics.build import by_name, panel_of, result_of, trades_of, values


def figures(
    pnls: list[float], convention: Convention = Convention.TRADING_DAY_252, **columns: object
) -> dict[str, float | None]:
    result = result_of([1_000, 1_000 + sum(pnls)], trades=trades_of(pnls, **columns))
    return values(evaluate(result, panel_of([10, 10]), convention))


def test_wins_are_weighed_against_losses() -> None:
    found = figures([1_000, -500], return_fraction=[1.0, -0.25])
    assert found["win_rate"] == 0.5
    assert found["profit_factor"] == 2
    assert found["payoff_ratio"] == 2
    assert found["kelly"] == pytest.approx(0.5 - 0.5 / 2)
    assert found["expectancy"] == 250
    assert found["mean_trade_return"] == pytest.approx(0.375)
    assert (found["best_trade"], found["worst_trade"]) == (1.0, -0.25)
    assert found["sqn"] == pytest.approx(math.sqrt(2) * 250 / float(np.std([1_000, -500], ddof=1)))


def test_under_the_geometric_convention_the_profit_factor_is_over_trade_returns() -> None:
    found = figures([1_000, -500], Convention.GEOMETRIC_252, return_fraction=[1.0, -0.25])
    assert found["profit_factor"] == 4


def test_trades_of_one_side_have_no_factor_and_trades_that_end_alike_no_quality() -> None:
    result = result_of([1_000, 1_300], trades=trades_of([100.1, 100.1, 100.1]))
    found = by_name(evaluate(result, panel_of([10, 10])))
    assert found["win_rate"].value == 1
    reasons = {name: found[name].undefined_reason for name in ("profit_factor", "payoff_ratio", "kelly", "sqn")}
    one_sided = "no winning or no losing trade"
    assert reasons == {
        "profit_factor": "no losing trade",
        "payoff_ratio": one_sided,
        "kelly": one_sided,
        "sqn": "all trades ended alike",
    }


def test_without_trades_there_is_only_their_number() -> None:
    found = by_name(evaluate(result_of([1_000, 1_000]), panel_of([10, 10])))
    assert found["n_trades"].value == 0
    for name in ("win_rate", "profit_factor", "expectancy", "payoff_ratio", "best_trade", "worst_trade", "kelly"):
        assert (found[name].value, found[name].undefined_reason) == (None, "no closed trade"), name
    assert found["sqn"].undefined_reason == "no closed trade"
