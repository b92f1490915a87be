"""Searches and markets for tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from scizor.domain.backtests import BacktestSpec
from scizor.domain.optimizations import Method, Objective, OptimizationSpec
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.domain.sessions import SessionRange
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Settings
from scizor.strategy.study import Study

FAST = Axis("fast", span=NumberRange(2, 9), whole=True)
SLOW = Axis("slow", span=NumberRange(6, 30), whole=True)
DIRECTION = Axis("direction", ("long_only", "long_short"))
CROSSES = Space((FAST, SLOW))


def market(n_sessions: int = 300, symbols: tuple[str, ...] = ("AAPL.NASDAQ",)) -> Market:
    """Prices that wander."""
    series = {}
    for number, symbol in enumerate(symbols):
        closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(number).normal(0.0, 0.01, n_sessions)))
        opens = np.concatenate([[100.0], closes[:-1]])
        sessions = np.datetime64("2020-01-01", "D") + np.arange(n_sessions)
        high, low = np.maximum(opens, closes), np.minimum(opens, closes)
        series[symbol] = Series(sessions, opens, high, low, closes, np.full(n_sessions, 1e6))
    return Market(Panel.align(series))


def spec_of(space: Space = CROSSES, method: Method = Method.GRID, **others: Any) -> OptimizationSpec:
    template = BacktestSpec("sma_cross", {}, ("AAPL.NASDAQ",), SessionRange(), Decimal(100_000), "USD")
    return OptimizationSpec(template, space, method, **{"objectives": (Objective("sharpe"),), **others})


def study(space: Space = CROSSES, strategy_id: str = "sma_cross", of: Market | None = None, **others: Any) -> Study:
    return Study(of or market(), Settings(), strategy_id, space, {}, "sharpe", **others)
