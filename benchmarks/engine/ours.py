"""This engine at the work all engines are measured at, as a user writes it: signals, equity, trades and all metrics."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.common import CASH, FAST, FASTS, FEE, SHARES, SLOW, SLOWS, Bars, Outcome, Run, Work, answer
from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray
from scizor.engine.costs import Commission, Financing
from scizor.engine.panel import Panel
from scizor.engine.settings import Settings
from scizor.engine.sweep import Compiled, Grid, Shared, sweep
from scizor.strategy import Bars as SeenBars
from scizor.strategy import Context, EventStrategy, Strategy, VectorStrategy, indicators
from scizor.strategy.run import run

SETTINGS = Settings(
    initial_cash=CASH, sizing=Sizing.AT_FILL, commission=Commission(value_bps=FEE * 1e4), financing=Financing.none()
)


class Above(VectorStrategy):
    """Holds a symbol while its fast mean is strictly above its slow one."""

    fast_mean = indicators.sma("close", window=FAST)
    slow_mean = indicators.sma("close", window=SLOW)

    def targets(self, bars: SeenBars) -> FloatArray:
        return (self.fast_mean.matrix > self.slow_mean.matrix) / bars.n_symbols


class Empty(EventStrategy):
    """Does nothing."""

    def on_bar(self, ctx: Context) -> None:
        pass


class AboveEvent(EventStrategy):
    """Buys 100 shares when the fast mean comes to be strictly above the slow one, sells them when it is no more."""

    fast_mean = indicators.sma("close", window=FAST)
    slow_mean = indicators.sma("close", window=SLOW)

    def on_start(self, ctx: Context) -> None:
        (self.symbol,) = ctx.symbols
        self.held = False

    def on_bar(self, ctx: Context) -> None:
        above = self.fast_mean[self.symbol] > self.slow_mean[self.symbol]
        if above != self.held:
            (ctx.buy if above else ctx.sell)(self.symbol, SHARES)
            self.held = above


def panel(bars: Bars) -> Panel:
    sessions = bars.open_ns.astype("datetime64[ns]").astype("datetime64[D]")
    return Panel(tuple(f"S{one}" for one in range(bars.close.shape[1])), sessions, *bars)


def one_run(strategy: Strategy) -> Work:
    def prepare(bars: Bars) -> Run:
        market = panel(bars)

        def work() -> Outcome:
            found = run(strategy, market, SETTINGS)
            return Outcome(len(found.result.trades), float(found.result.equity[-1]))

        return work

    return Work(prepare)


@njit
def above_nb(
    series: FloatArray,
    picks: IndexArray,
    numbers: FloatArray,
    rows: IndexArray,
    weights: FloatArray,
    counts: IndexArray,
    first_row: int,
) -> None:
    """All of the equity from where the fast mean comes to be above the slow one, none from where it is no more."""
    for one in range(len(counts)):
        fast, slow, held, n = series[picks[one, 0]], series[picks[one, 1]], False, 0
        for t in range(first_row, len(fast)):
            if (fast[t] > slow[t]) != held:
                held = not held
                rows[one, n], weights[one, n] = t, 1.0 if held else 0.0
                n += 1
        counts[one] = n


def sweep_pairs(bars: Bars) -> Run:
    market = panel(Bars(bars.open_ns, bars.close_ns, *(column[:, :1] for column in bars[2:])))
    shared = tuple(Shared("sma", ("close",), {"window": name}) for name in ("fast", "slow"))
    plan, grid = Compiled(above_nb, shared), Grid({"fast": FASTS, "slow": SLOWS})

    def work() -> Outcome:
        records = np.concatenate([batch.records for batch in sweep(market, plan, grid, SETTINGS)])
        return Outcome(int(records["n_trades"].sum()), float(records["final_equity"].sum()))

    return work


if __name__ == "__main__":
    answer(
        {
            "sma": one_run(Above()),
            "sweep": Work(sweep_pairs),
            "portfolio": one_run(Above()),
            "callback": one_run(Empty()),
            "orders": one_run(AboveEvent()),
        }
    )
