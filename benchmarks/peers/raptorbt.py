"""raptorbt: a Rust engine; signals as arrays, or a class with a callback a bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import raptorbt as peer
from numpy.typing import NDArray

from benchmarks.peers.common import CASH, FAST, FEE, PAIRS, SLOW, Bars, Outcome, Run, Work, answer

CONFIG = peer.BacktestConfig(initial_capital=CASH, fees=FEE, fill_timing="next_bar_open")
WHOLE_SHARES = peer.InstrumentConfig(lot_size=1.0)


def crosses(close: NDArray[np.float64], fast: int, slow: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    above = peer.sma(close, fast) > peer.sma(close, slow)
    before = np.concatenate([[False], above[:-1]])
    return above & ~before, before & ~above


def columns(bars: Bars, symbol: int = 0) -> tuple[NDArray[Any], ...]:
    one = bars.only(symbol)
    return one.close_ns, one.open, one.high, one.low, one.close, one.volume


def sma(bars: Bars) -> Run:
    data = columns(bars)

    def run() -> Outcome:
        entries, exits = crosses(data[4], FAST, SLOW)
        found = peer.run_single_backtest(*data, entries, exits, 1, 1.0, "S", CONFIG, None, WHOLE_SHARES)
        found.equity_curve()
        return Outcome(found.metrics.total_closed_trades, found.metrics.end_value)

    return run


def sweep(bars: Bars) -> Run:
    data = columns(bars)
    windows = sorted({window for pair in PAIRS for window in pair})

    def run() -> Outcome:
        means = {window: peer.sma(data[4], window) for window in windows}
        items = []
        for fast, slow in PAIRS:
            above = means[fast] > means[slow]
            before = np.concatenate([[False], above[:-1]])
            name = f"{fast}/{slow}"
            items.append(peer.BatchSingleItem(name, above & ~before, before & ~above, instrument_config=WHOLE_SHARES))
        found = peer.batch_single_backtest(*data, items, CONFIG)
        finals = [one.metrics.end_value for _, one in found]
        return Outcome(sum(one.metrics.total_closed_trades for _, one in found), float(np.sum(finals)))

    return run


def portfolio(bars: Bars) -> Run:
    data = [columns(bars, symbol) for symbol in range(bars.close.shape[1])]

    def run() -> Outcome:
        instruments = [(*one, *crosses(one[4], FAST, SLOW), 1, 1.0, f"S{symbol}") for symbol, one in enumerate(data)]
        lots = {f"S{symbol}": WHOLE_SHARES for symbol in range(len(data))}
        found = peer.run_portfolio_backtest(instruments, CONFIG, "equal_weight", lots)
        return Outcome(found.metrics.total_closed_trades, found.metrics.end_value)

    return run


class Empty(peer.Strategy):
    def on_bar(self, ctx: peer.StrategyContext) -> None:
        pass


class Cross(peer.Strategy):
    """Means are taken once, as its documentation does; all of the equity, as typed orders (so many shares, or
    `enter_long`) make each bar look at all orders there ever were.
    """

    def on_start(self, ctx: peer.StrategyContext) -> None:
        self.fast = peer.sma(ctx.close, FAST).tolist()
        self.slow = peer.sma(ctx.close, SLOW).tolist()
        self.held = False

    def on_bar(self, ctx: peer.StrategyContext) -> None:
        above = self.fast[ctx.idx] > self.slow[ctx.idx]
        if above and not self.held:
            self.enter()
        elif self.held and not above:
            self.close_position()
        self.held = above


def event(strategy: type[peer.Strategy]) -> Work:
    def prepare(bars: Bars) -> Run:
        data = columns(bars)

        def run() -> Outcome:
            found = peer.run_strategy_backtest(strategy, *data, config=CONFIG)
            return Outcome(found.metrics.total_closed_trades, found.metrics.end_value)

        return run

    return Work(prepare, 250_000)


answer(
    {
        "sma": Work(sma),
        "sweep": Work(sweep),
        "portfolio": Work(portfolio),
        "callback": event(Empty),
        "orders": event(Cross),
    }
)
