"""Compiling the engine ahead of the first job. What was compiled once is kept on disk, so this is mostly reading it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from scizor import strategy as strategies
from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import VALUE_COLUMNS, BarSeries, empty_bars
from scizor.domain.sessions import SessionRange
from scizor.services.backtest.computation import Computation


def warm_up() -> None:
    """Run every strategy over a few bars. Blocks; a job that comes meanwhile waits for the same compiler."""
    bars = empty_bars(3)
    bars["day"] = np.arange(len(bars))
    for column in VALUE_COLUMNS:
        bars[column] = 1.0
    series = [BarSeries("WARM.UP", "USD", bars, ("",))]
    for strategy in strategies.all_strategies():
        spec = BacktestSpec(strategy.id, {}, ("WARM.UP",), SessionRange(), Decimal(1), "USD")
        computation = Computation(spec, series)
        computation.advance(len(bars))
        computation.outcome()
