"""A strategy's run, as the answer to the question for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.codec import backtests as codec
from scizor.codec.frames import Frame
from scizor.codec.results import results_to_proto, trade_to_proto
from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import BacktestSpec
from scizor.domain.outcomes import held_value
from scizor.domain.sessions import days_to_yyyymmdd
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.history.load import History
from scizor.strategy.base import Strategy
from scizor.strategy.scale import on_one_scale, split_factors

CALENDAR = ExchangeSessions(SystemClock())
"""Loaded only where symbols keep different hours."""


def computation_of(spec: BacktestSpec, strategy: Strategy, history: History) -> Computation:
    """The strategy and its market."""
    return Computation(spec, strategy, history, CALENDAR)


def run_frame(asked: pb.Backtest, spec: BacktestSpec, strategy: Strategy, history: History) -> Frame:
    """What the run came to, with the curve of what it is held against. Raises StrategyError, InvalidInput."""
    computation = computation_of(spec, strategy, history)
    outcome = computation.run()
    told = pb.Backtest()
    told.CopyFrom(asked)
    told.strategy_id, told.state = strategy.id, pb.BACKTEST_STATE_SUCCEEDED
    del told.symbols[:]
    told.symbols.extend(one.series.symbol for one in history.symbols)
    told.parameters.CopyFrom(codec.parameters_to_proto(strategy.params))
    document: dict[str, Any] = {
        "backtest": MessageToDict(told),
        "results": MessageToDict(results_to_proto("", outcome.results)),
        "trades": [MessageToDict(trade_to_proto(one)) for one in outcome.trades],
    }
    return Frame(document, _curve(outcome) | {"held": _held(computation, history)})


def _curve(outcome: Outcome) -> dict[str, Any]:
    curve = outcome.curve
    named = {name: getattr(curve, name) for name in ("equity", "cash", "drawdown", "exposure")}
    return {"session_date": days_to_yyyymmdd(curve.days), "time_ns": curve.close_ns, **named}


def _held(computation: Computation, history: History) -> FloatArray:
    """The account's capital in the benchmark or, without one, evenly in all symbols from their first close on."""
    market = computation.market
    panel = on_one_scale(market.panel, split_factors(market))
    if history.benchmark is not None:
        bars = history.benchmark.bars
        days = panel.sessions.astype(np.int64)
        return held_value([(bars["day"].astype(np.int64), bars["close"])], days) * computation.settings.initial_cash
    series = []
    for column in panel.close.T:
        rows = np.flatnonzero(~np.isnan(column))
        series.append((rows, column[rows]))
    return held_value(series, np.arange(panel.n_rows)) * computation.settings.initial_cash
