"""backtesting.py: one symbol at a time, a position of whole units, a callback a bar."""

from __future__ import annotations

import backtesting as peer
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.peers.common import CASH, FAST, FEE, PAIRS, SHARES, SLOW, Bars, Outcome, Run, Work, answer


def sma(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    return pd.Series(values).rolling(window).mean().to_numpy()


class AllIn(peer.Strategy):
    fast, slow, shares = FAST, SLOW, 0

    def init(self) -> None:
        self.fast_mean = self.I(sma, self.data.Close, self.fast)
        self.slow_mean = self.I(sma, self.data.Close, self.slow)

    def next(self) -> None:
        # Its `crossover` takes a tie for no cross, where the others stay on the side they are on.
        above = self.fast_mean[-1] > self.slow_mean[-1]
        if above and not self.position:
            self.buy(size=self.shares) if self.shares else self.buy()
        elif self.position and not above:
            self.position.close()


class Fixed(AllIn):
    shares = SHARES


class Empty(peer.Strategy):
    def init(self) -> None:
        pass

    def next(self) -> None:
        pass


def backtest(bars: Bars, strategy: type[peer.Strategy]) -> peer.Backtest:
    one = bars.only(0)
    columns = {"Open": one.open, "High": one.high, "Low": one.low, "Close": one.close, "Volume": one.volume}
    frame = pd.DataFrame(columns, pd.to_datetime(one.close_ns))
    return peer.Backtest(frame, strategy, cash=CASH, commission=FEE)


def single(strategy: type[peer.Strategy]) -> Work:
    def prepare(bars: Bars) -> Run:
        ready = backtest(bars, strategy)

        def run() -> Outcome:
            found = ready.run()
            return Outcome(len(found["_trades"]), found["Equity Final [$]"])

        return run

    return Work(prepare, 100_000)


def sweep(bars: Bars) -> Run:
    """Every 91st of the pairs: a run each, as its `optimize` does in each of its processes."""
    ready = backtest(bars, AllIn)

    def run() -> Outcome:
        found = [ready.run(fast=fast, slow=slow) for fast, slow in PAIRS[::91]]
        trades = sum(len(one["_trades"]) for one in found)
        return Outcome(trades, sum(one["Equity Final [$]"] for one in found))

    return run


answer({"sma": single(AllIn), "orders": single(Fixed), "callback": single(Empty), "sweep": Work(sweep, pairs=10)})
