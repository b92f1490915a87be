"""A run in text: what hangs where."""

from __future__ import annotations

import numpy as np

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.client.cli.chart import Curve
from scizor.client.cli.following import Outcome
from scizor.client.cli.plot import plot
from scizor.client.values import Equity
from scizor.domain.outcomes import held_value

N = 400


def outcome_of(values: np.ndarray) -> Outcome:
    dates = np.datetime64("2020-01-01") + np.arange(len(values))
    numbers = np.array([str(date).replace("-", "") for date in dates], np.int32)
    drawdown = values / np.maximum.accumulate(values) - 1.0
    equity = Equity("USD", numbers, values, values, drawdown, values, np.empty(0, np.int64))
    return Outcome(bt.Backtest(strategy_id="mine"), bt.BacktestResults(), equity)


def trade(entry: str, left: str) -> bt.BacktestTrade:
    return bt.BacktestTrade(entry_session=entry, exit_session=left)


def test_trades_and_drawdowns_are_below_the_curve() -> None:
    values = np.r_[np.linspace(100, 200, N // 2), np.linspace(200, 150, N // 2)]
    trades = [trade("2020-01-02", "2020-06-01"), trade("2020-06-01", "2021-02-03")]
    lines = plot(outcome_of(values), trades, Curve("buy and hold", values * 0.9)).plain.splitlines()
    (marks,) = [line for line in lines if line.startswith("       trades ")]
    assert [mark for mark in marks[14:] if mark.strip()] == ["▲", "◆", "▼"]
    assert marks[14] == "▲"
    assert any("buy and hold" in line for line in lines)
    assert any("-25.0%" in line for line in lines)
    deepest = next(line for line in lines if "-25.0%" in line)
    assert deepest[15:60].strip() == ""
    assert deepest[-1] != " "


def test_a_run_without_trades_or_losses_is_drawn_too() -> None:
    lines = plot(outcome_of(np.full(3, 100.0)), [], None).plain.splitlines()
    assert any("0.0%" in line for line in lines)


def test_a_run_without_bars_is_nothing() -> None:
    assert plot(outcome_of(np.empty(0)), [], None).plain == ""


def test_money_spread_over_symbols_follows_each_from_its_first_close() -> None:
    one = (np.array([1, 2, 3]), np.array([10.0, 20.0, 40.0]))
    late = (np.array([2]), np.array([5.0]))
    np.testing.assert_array_equal(held_value([one, late], np.array([0, 1, 2, 3])), [1.0, 1.0, 1.5, 2.5])
