"""vectorbt: arrays in, arrays out; everything compiled by numba, or by its Rust kernels where those are installed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import vectorbt as peer

from benchmarks.peers.common import CASH, FAST, FEE, PAIRS, SLOW, Bars, Outcome, Run, Work, answer

peer.settings.array_wrapper["freq"] = "1min"


def series(bars: Bars) -> tuple[pd.Series, pd.Series]:
    one = bars.only(0)
    index = pd.to_datetime(one.close_ns)
    return pd.Series(one.open, index), pd.Series(one.close, index)


def simulate(close: pd.Series, open_: pd.Series, above: pd.DataFrame) -> peer.Portfolio:
    # Entries while it is in and exits while it is out are ignored, so the signals need no cleaning.
    entries = above.vbt.signals.fshift(1)
    rules = {"price": open_, "fees": FEE, "init_cash": CASH, "size_granularity": 1}
    return peer.Portfolio.from_signals(close, entries, ~entries, **rules)


def sma(bars: Bars, *, metrics: bool = True) -> Run:
    open_, close = series(bars)

    def run() -> Outcome:
        above = peer.MA.run(close, FAST).ma > peer.MA.run(close, SLOW).ma
        found = simulate(close, open_, above)
        found.stats() if metrics else found.value()
        return Outcome(int(found.trades.closed.count()), float(found.final_value()))

    return run


def sma_no_metrics(bars: Bars) -> Run:
    return sma(bars, metrics=False)


def sweep(bars: Bars) -> Run:
    open_, close = series(bars)
    fasts, slows = ([pair[at] for pair in PAIRS] for at in (0, 1))

    def run() -> Outcome:
        fast = peer.MA.run(close, fasts, short_name="fast", run_unique=True)
        slow = peer.MA.run(close, slows, short_name="slow", run_unique=True)
        found = simulate(close, open_, fast.ma_above(slow))
        found.sharpe_ratio()
        found.max_drawdown()
        return Outcome(int(found.trades.closed.count().sum()), float(found.final_value().sum()))

    return run


def portfolio(bars: Bars) -> Run:
    index = pd.to_datetime(bars.close_ns)
    open_, close = pd.DataFrame(bars.open, index), pd.DataFrame(bars.close, index)
    share = 1.0 / close.shape[1]

    def run() -> Outcome:
        above = (peer.MA.run(close, FAST).ma.to_numpy() > peer.MA.run(close, SLOW).ma.to_numpy()).astype(np.float64)
        changed = np.diff(above, axis=0, prepend=0.0) != 0.0
        weights = np.full(close.shape, np.nan)
        weights[1:] = np.where(changed, above * share, np.nan)[:-1]
        found = peer.Portfolio.from_orders(
            close,
            weights,
            size_type="targetpercent",
            price=open_,
            val_price=open_,
            fees=FEE,
            init_cash=CASH,
            size_granularity=1,
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
        )
        found.stats()
        return Outcome(int(found.trades.closed.count()), float(found.final_value()))

    return run


answer({"sma": Work(sma), "sma_no_metrics": Work(sma_no_metrics), "sweep": Work(sweep), "portfolio": Work(portfolio)})
