from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scizor.domain.backtests import BacktestState
from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.ports.backtests import RunFigures
from scizor.services.backtest.review.performance import performance

STATES = {BacktestState.SUCCEEDED: 5, BacktestState.FAILED: 2}
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def run(number: int, **values: float | None) -> RunFigures:
    metrics = {name: Metric(name, value, "TRADING_DAY_252", 250, "ratio") for name, value in values.items()}
    return RunFigures(f"b{number}", NOW + timedelta(days=number), 0, metrics)


def test_a_figure_is_spread_over_the_runs_that_have_it() -> None:
    runs = [run(number, sharpe=float(number)) for number in (5, 4, 3, 2, 1)] + [run(0, sharpe=None)]
    (spread,) = performance("sma_cross", STATES, runs, "sharpe").spreads
    assert (spread.name, spread.unit, spread.n) == ("sharpe", "ratio", 5)
    assert (spread.minimum, spread.lower_quartile, spread.median) == (1.0, 2.0, 3.0)
    assert (spread.mean, spread.upper_quartile, spread.maximum) == (3.0, 4.0, 5.0)


def test_the_best_the_worst_and_the_newest_stand_out() -> None:
    runs = [run(4, sharpe=None), run(3, sharpe=1.0), run(2, sharpe=2.0), run(1, sharpe=2.0), run(0, sharpe=-1.0)]
    found = performance("sma_cross", STATES, runs, "sharpe")
    assert found.best is not None
    assert found.worst is not None
    assert found.latest is not None
    assert [found.best.backtest_id, found.worst.backtest_id, found.latest.backtest_id] == ["b2", "b0", "b4"]
    assert (found.runs, found.states) == (5, STATES)


def test_of_what_is_to_be_small_the_least_is_best() -> None:
    runs = [run(1, volatility=0.3, max_drawdown=-0.4), run(0, volatility=0.2, max_drawdown=-0.1)]
    calm = performance("sma_cross", STATES, runs, "volatility")
    assert calm.best is not None
    assert calm.best.backtest_id == "b0"
    shallow = performance("sma_cross", STATES, runs, "max_drawdown")
    assert shallow.best is not None
    assert shallow.best.backtest_id == "b0"


def test_a_strategy_without_runs_has_no_best() -> None:
    found = performance("sma_cross", {}, [], "sharpe")
    assert (found.best, found.worst, found.latest, found.spreads, found.runs) == (None, None, None, (), 0)


def test_what_is_not_told_is_no_rank() -> None:
    with pytest.raises(InvalidInput, match="rank_by: must be one of total_return"):
        performance("sma_cross", {}, [], "nope")
