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
from scizor.services.backtest.optimization import warm as trials
from scizor.services.history.load import History, SymbolHistory
from scizor.services.history.market import market_of
from scizor.strategy.base import Strategy
from scizor.strategy.registry import all_strategies
from scizor.strategy.study import N_BLOCKS


def warm_up(calendar: SessionCalendar, strategies: Iterable[type[Strategy]] = all_strategies()) -> None:
    """Run strategies over a few bars. Blocks; a job that comes meanwhile waits for the same compiler."""
    history = _a_few_bars()
    for strategy in strategies:
        spec = BacktestSpec(strategy.id, {}, ("WARM.UP",), SessionRange(), Decimal(1), "USD")
        Computation(spec, strategy(), history, calendar).run()


def warm_up_searches(calendar: SessionCalendar) -> None:
    """Try a set of each strategy that kernels run. Blocks."""
    trials.warm_up(market_of(_a_few_bars(), calendar), all_strategies())


def _a_few_bars() -> History:
    bars = empty_bars(2 * N_BLOCKS)
    bars["day"] = np.arange(len(bars))
    for column in VALUE_COLUMNS:
        bars[column] = 1.0
    return History([SymbolHistory(BarSeries("WARM.UP", "USD", bars, ("",)))])
