"""Compiling the engine ahead of the first job. What was compiled once is kept on disk, so this is mostly reading it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import VALUE_COLUMNS, BarSeries, empty_bars
from scizor.domain.sessions import SessionRange
from scizor.ports.calendar import SessionCalendar
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.load import History, SymbolHistory
from scizor.strategy.base import Strategy
from scizor.strategy.registry import all_strategies


def warm_up(calendar: SessionCalendar, strategies: Iterable[type[Strategy]] = all_strategies()) -> None:
    """Run strategies over a few bars. Blocks; a job that comes meanwhile waits for the same compiler."""
    bars = empty_bars(3)
    bars["day"] = np.arange(len(bars))
    for column in VALUE_COLUMNS:
        bars[column] = 1.0
    history = History([SymbolHistory(BarSeries("WARM.UP", "USD", bars, ("",)))])
    for strategy in strategies:
        spec = BacktestSpec(strategy.id, {}, ("WARM.UP",), SessionRange(), Decimal(1), "USD")
        Computation(spec, strategy(), history, calendar).run()
