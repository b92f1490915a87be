"""One backtest's computing, from bars to figures. Everything here blocks, and is called in a worker thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scizor import strategy as strategies
from scizor.domain.backtests import BacktestSpec, Direction, EquityCurve, Trade
from scizor.domain.bars import BarSeries
from scizor.engine import ENGINE_VERSION, Prices, Result, Settings, Simulation, evaluate, fingerprint
from scizor.ports.backtests import BacktestResults
from scizor.services.backtest.caveats import caveats
from scizor.services.backtest.matrix import to_prices


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backtest came to, as storage takes it."""

    results: BacktestResults
    trades: tuple[Trade, ...]
    curve: EquityCurve


class Computation:
    """A simulation that is advanced piece by piece, then summed up."""

    def __init__(self, spec: BacktestSpec, series: Sequence[BarSeries]) -> None:
        started = time.perf_counter()
        self._spec = spec
        self._strategy = strategies.get(spec.strategy_id)
        self._params = strategies.resolve(self._strategy, spec.parameters)
        self._prices = to_prices(series)
        self._synthetic = [one.symbol for one in series if one.synthetic]
        self._settings = _settings(spec)
        self._simulation = Simulation(self._prices, self._strategy.targets(self._prices, self._params), self._settings)
        self._seconds = time.perf_counter() - started

    @property
    def bars_done(self) -> int:
        """Bars gone through, over all symbols."""
        return self._simulation.bars_done

    @property
    def bars_total(self) -> int:
        """Bars to go through."""
        return self._simulation.bars_total

    def advance(self, n_bars: int) -> bool:
        """Go through about `n_bars` more, one session at least. Returns whether that was the last of them."""
        started = time.perf_counter()
        done = self._simulation.advance(max(n_bars // self._prices.n_symbols, 1))
        self._seconds += time.perf_counter() - started
        return done

    def outcome(self) -> Outcome:
        """Figures, trades and curve of a simulation that is done."""
        result, prices = self._simulation.result(), self._prices
        metrics = evaluate(result, prices)
        trades = _trades(result, prices)
        results = BacktestResults(
            metrics=metrics,
            warnings=caveats(self._spec, prices, result, self._synthetic),
            fingerprint=fingerprint(
                ENGINE_VERSION, self._strategy.id, self._strategy.version, self._params, self._settings, prices
            ),
            engine_version=ENGINE_VERSION,
            first_session=str(prices.sessions[0]),
            last_session=str(prices.sessions[-1]),
            sessions=prices.n_sessions,
            bars=self.bars_total,
            currency=self._spec.currency,
            initial_capital=self._settings.initial_cash,
            final_equity=float(result.equity[-1]),
            commission_paid=float(np.sum(result.fills["commission"])),
            slippage_paid=float(np.sum(result.fills["slippage"])),
            trades=len(trades),
            compute_seconds=self._seconds,
        )
        return Outcome(results, trades, _curve(result, prices))


def _settings(spec: BacktestSpec) -> Settings:
    return Settings(
        initial_cash=float(spec.initial_capital),
        commission_bps=spec.commission_bps,
        slippage_bps=spec.slippage_bps,
        sizing=spec.sizing,
        close_open_at_end=not spec.keep_open_at_end,
    )


def _trades(result: Result, prices: Prices) -> tuple[Trade, ...]:
    dates = prices.sessions.tolist()
    return tuple(
        Trade(
            number=number,
            symbol=prices.symbols[row["symbol"]],
            direction=Direction.LONG if row["direction"] > 0 else Direction.SHORT,
            quantity=float(row["quantity"]),
            entry_session=dates[row["entry_session"]],
            exit_session=dates[row["exit_session"]],
            entry_price=float(row["entry_price"]),
            exit_price=float(row["exit_price"]),
            commission=float(row["commission"]),
            gross_pnl=float(row["gross_pnl"]),
            net_pnl=float(row["net_pnl"]),
            return_fraction=float(row["return_fraction"]),
            sessions_held=int(row["exit_session"] - row["entry_session"]),
            closed_at_end=bool(row["open_at_end"]),
        )
        for number, row in enumerate(result.trades, start=1)
    )


def _curve(result: Result, prices: Prices) -> EquityCurve:
    return EquityCurve(
        days=prices.sessions.astype(np.int32),
        equity=result.equity,
        cash=result.cash,
        drawdown=result.equity / np.maximum.accumulate(result.equity) - 1.0,
        exposure=result.gross_exposure,
    )
