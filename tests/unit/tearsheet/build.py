"""Backtests as storage knows them, computed for tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import numpy as np

from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.backtests import BacktestJob, BacktestSpec, BacktestState, Progress
from scizor.domain.bars import BarArray, BarSeries
from scizor.domain.metrics import Metric
from scizor.engine.analytics.benchmark import Benchmark
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.tearsheet.material import Material
from scizor.services.history.load import History, SymbolHistory
from scizor.strategy.registry import get
from tests.unit.backtest.build import HandClock, bars_of, spec_of

ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11"
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>&\u202e\x00'


def job_of(spec: BacktestSpec) -> BacktestJob:
    return BacktestJob(ID, spec, Progress(9, BacktestState.SUCCEEDED), create_time=NOW, start_time=NOW, end_time=NOW)


def material_of(bars: BarArray, spec: BacktestSpec | None = None, benchmark: BarArray | None = None) -> Material:
    """A run of the spec's strategy over these bars, held against those."""
    spec = spec or spec_of(commission_bps=5, slippage_bps=2)
    symbols = [SymbolHistory(BarSeries(name, "USD", bars, ("test",))) for name in spec.symbols]
    held = None if benchmark is None else BarSeries("SPY.ARCA", "USD", benchmark, ("test",))
    strategy = get(spec.strategy_id)(**spec.parameters)
    outcome = Computation(spec, strategy, History(symbols, held), ExchangeSessions(HandClock())).run()
    closes = None
    if held is not None:
        spec = replace(spec, benchmark=held.symbol)
        closes = Benchmark(held.bars["day"].astype("datetime64[D]"), held.bars["close"].astype(np.float64))
    return Material(job_of(spec), outcome.results, outcome.trades, outcome.curve, closes)


def walk(n_bars: int, seed: int = 1, first: date = date(2004, 1, 5)) -> BarArray:
    """Prices that wander upwards."""
    steps = np.random.default_rng(seed).normal(0.0004, 0.012, n_bars)
    closes = 100 * np.exp(np.cumsum(steps))
    opens = np.concatenate([[100.0], closes[:-1]])
    return bars_of(opens.tolist(), closes.tolist(), first)


@cache
def usual() -> Material:
    """A run of three years of sessions with trades, costs and a benchmark."""
    return material_of(walk(760), benchmark=walk(760, seed=2))


def with_metric(material: Material, name: str, **changes: Any) -> Material:
    metrics = tuple(replace(one, **changes) if one.name == name else one for one in material.results.metrics)
    return replace(material, results=replace(material.results, metrics=metrics))


def undefined(metric: Metric) -> Metric:
    return replace(metric, value=None, ci_low=None, ci_high=None, undefined_reason="no return")
