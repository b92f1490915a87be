"""bt: portfolios of weights by date; it trades at the close it decides at, so its equity is not that of the others."""

from __future__ import annotations

import bt as peer
import pandas as pd

from benchmarks.peers.common import CASH, FAST, FEE, SLOW, Bars, Outcome, Run, Work, answer

ROWS = 20_000


def sma(bars: Bars) -> Run:
    return prepared(bars, 1.0)


def portfolio(bars: Bars) -> Run:
    return prepared(bars, 1.0 / bars.close.shape[1])


def prepared(bars: Bars, share: float) -> Run:
    close = pd.DataFrame(bars.close, pd.to_datetime(bars.close_ns), [f"S{one}" for one in range(bars.close.shape[1])])

    def run() -> Outcome:
        above = close.rolling(FAST).mean() > close.rolling(SLOW).mean()
        changed = (above != above.shift(fill_value=False)).any(axis=1)
        weights = above[changed].astype(float) * share
        algos = [peer.algos.WeighTarget(weights), peer.algos.Rebalance()]
        test = peer.Backtest(
            peer.Strategy("cross", algos),
            close,
            initial_capital=CASH,
            commissions=lambda quantity, price: abs(quantity) * price * FEE,
            progress_bar=False,
        )
        found = peer.run(test, progress_bar=False)
        return Outcome(-1, float(found.backtests["cross"].strategy.values.iloc[-1]))

    return run


answer({"sma": Work(sma, ROWS), "portfolio": Work(portfolio, 252)})
