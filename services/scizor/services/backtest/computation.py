"""One backtest's computing, from bars to figures. Everything here blocks, and is called in a worker thread."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import BarSeries
from scizor.engine import ENGINE_VERSION
from scizor.engine.analytics.benchmark import Benchmark
from scizor.engine.analytics.excursions import excursions
from scizor.engine.panel import Panel
from scizor.ports.backtests import BacktestResults
from scizor.ports.calendar import SessionCalendar
from scizor.services.backtest.caveats import caveats
from scizor.services.backtest.outcome import Outcome, ambiguity_of, costs_of, counts_of, curve_of, trades_of
from scizor.services.backtest.terms import settings_of
from scizor.services.history.load import History
from scizor.services.history.market import market_of
from scizor.strategy.base import Strategy
from scizor.strategy.run import Run, run


class Computation:
    """A strategy and the market it is to be run over."""

    def __init__(self, spec: BacktestSpec, strategy: Strategy, history: History, calendar: SessionCalendar) -> None:
        started = time.perf_counter()
        self._spec, self._strategy, self._history = spec, strategy, history
        self.market = market_of(history, calendar)
        self.settings = settings_of(spec)
        self.bars_total = int(np.count_nonzero(~np.isnan(self.market.panel.close)))
        """Bars to go through, over all symbols."""
        self._seconds = time.perf_counter() - started

    def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
        """Go through them all; `on_bars` is told how many are done, many times, and may raise to end it.

        Raises StrategyError with the bar and the line where the strategy fails.
        """
        started = time.perf_counter()

        finished = run(
            self._strategy,
            self.market,
            self.settings,
            benchmark=benchmark_of(self._history.benchmark) if self._history.benchmark else None,
            intervals=True,
            on_progress=lambda done, _total: on_bars(done),
        )
        went = excursions(finished.result, self.market)
        self._seconds += time.perf_counter() - started
        panel = self.market.panel
        trades = trades_of(finished.result, panel, went.adverse, went.favourable)
        return Outcome(self._results(finished, panel, len(trades)), trades, curve_of(finished.result, panel))

    def _results(self, finished: Run, panel: Panel, n_trades: int) -> BacktestResults:
        result = finished.result
        return BacktestResults(
            metrics=finished.metrics,
            warnings=caveats(self._spec, self._history, panel, finished.warnings),
            fingerprint=finished.fingerprint,
            engine_version=ENGINE_VERSION,
            first_session=str(panel.sessions[0]),
            last_session=str(panel.sessions[-1]),
            sessions=len(np.unique(panel.sessions)),
            bars=self.bars_total,
            currency=self._spec.currency,
            initial_capital=self.settings.initial_cash,
            final_equity=float(result.equity[-1]),
            commission_paid=float(np.sum(result.fills["commission"])),
            slippage_paid=float(np.sum(result.fills["slippage"])),
            trades=n_trades,
            compute_seconds=self._seconds,
            costs=costs_of(result),
            ambiguity=ambiguity_of(result),
            counts=counts_of(result),
        )


def benchmark_of(series: BarSeries) -> Benchmark:
    """Closes by session, as figures are taken from."""
    bars = series.bars
    return Benchmark(bars["day"].astype("datetime64[D]"), bars["close"].astype(np.float64))
