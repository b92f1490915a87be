"""The limits: loops of nothing but the arithmetic, compiled. What an engine adds to them is what it offers beside."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from benchmarks.peers.common import CASH, FAST, FEE, PAIRS, SLOW, Bars, Outcome, Run, Work, answer
from scizor.domain.arrays import FloatArray


@njit(nogil=True)
def sma_nb(open_: FloatArray, close: FloatArray, fast: int, slow: int) -> tuple[float, int, float]:
    """Final equity, trades, the worst drawdown."""
    cash, shares, peak, worst, n_trades, above = CASH, 0.0, CASH, 0.0, 0, False
    fast_sum, slow_sum, equity = 0.0, 0.0, CASH
    for t in range(len(close)):
        if above and shares == 0.0:
            shares = math.floor(cash / (open_[t] * (1.0 + FEE)))
            cash -= shares * open_[t] * (1.0 + FEE)
        elif not above and shares > 0.0:
            cash, shares, n_trades = cash + shares * open_[t] * (1.0 - FEE), 0.0, n_trades + 1
        fast_sum += close[t] - (close[t - fast] if t >= fast else 0.0)
        slow_sum += close[t] - (close[t - slow] if t >= slow else 0.0)
        equity = cash + shares * close[t]
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
        above = t >= slow - 1 and fast_sum * slow > slow_sum * fast
    return equity, n_trades, worst


@njit(nogil=True)
def pair_nb(
    open_: FloatArray, close: FloatArray, fast: FloatArray, slow: FloatArray
) -> tuple[float, int, float, float]:
    """Final equity, trades, the worst drawdown and Sharpe, over means that were taken before."""
    cash, shares, peak, worst, n_trades, above = CASH, 0.0, CASH, 0.0, 0, False
    equity, total, squares = CASH, 0.0, 0.0
    for t in range(len(close)):
        if above and shares == 0.0:
            shares = math.floor(cash / (open_[t] * (1.0 + FEE)))
            cash -= shares * open_[t] * (1.0 + FEE)
        elif not above and shares > 0.0:
            cash, shares, n_trades = cash + shares * open_[t] * (1.0 - FEE), 0.0, n_trades + 1
        before, equity = equity, cash + shares * close[t]
        change = equity / before - 1.0
        total += change
        squares += change * change
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
        above = fast[t] > slow[t]
    mean = total / len(close)
    return equity, n_trades, worst, mean / math.sqrt(squares / len(close) - mean * mean) * math.sqrt(252.0)


@njit(nogil=True)
def portfolio_nb(open_: FloatArray, close: FloatArray, fast: int, slow: int) -> tuple[float, int, float]:
    """As `sma_nb`, of many symbols out of one account: sells before buys, each buy an equal part of the equity."""
    n = close.shape[1]
    shares, above = np.zeros(n), np.zeros(n, np.bool_)
    fast_sum, slow_sum = np.zeros(n), np.zeros(n)
    cash, peak, worst, n_trades, equity, changed = CASH, CASH, 0.0, 0, CASH, False
    for t in range(len(close)):
        if changed:
            part = cash
            for i in range(n):
                part += shares[i] * open_[t, i]
                if shares[i] > 0.0 and not above[i]:
                    cash, shares[i], n_trades = cash + shares[i] * open_[t, i] * (1.0 - FEE), 0.0, n_trades + 1
            for i in range(n):
                if shares[i] == 0.0 and above[i]:
                    price = open_[t, i] * (1.0 + FEE)
                    shares[i] = math.floor(min(part / n, cash) / price)
                    cash -= shares[i] * price
        equity, changed = cash, False
        for i in range(n):
            fast_sum[i] += close[t, i] - (close[t - fast, i] if t >= fast else 0.0)
            slow_sum[i] += close[t, i] - (close[t - slow, i] if t >= slow else 0.0)
            equity += shares[i] * close[t, i]
            now = t >= slow - 1 and fast_sum[i] * slow > slow_sum[i] * fast
            changed |= now != above[i]
            above[i] = now
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
    return equity, n_trades, worst


@njit(nogil=True)
def mean_nb(close: FloatArray, window: int) -> FloatArray:
    found, total = np.full(len(close), np.nan), 0.0
    for t in range(len(close)):
        total += close[t] - (close[t - window] if t >= window else 0.0)
        if t >= window - 1:
            found[t] = total / window
    return found


def sma(bars: Bars) -> Run:
    one = bars.only(0)

    def run() -> Outcome:
        equity, n_trades, _ = sma_nb(one.open, one.close, FAST, SLOW)
        return Outcome(n_trades, equity)

    return run


def portfolio(bars: Bars) -> Run:
    def run() -> Outcome:
        equity, n_trades, _ = portfolio_nb(bars.open, bars.close, FAST, SLOW)
        return Outcome(n_trades, equity)

    return run


@njit(nogil=True)
def pairs_nb(open_: FloatArray, close: FloatArray, means: FloatArray, picks: FloatArray, found: FloatArray) -> None:
    for at in range(len(picks)):
        equity, n_trades, worst, sharpe = pair_nb(open_, close, means[picks[at, 0]], means[picks[at, 1]])
        found[at, 0], found[at, 1], found[at, 2], found[at, 3] = equity, n_trades, worst, sharpe


def sweep(bars: Bars) -> Run:
    one = bars.only(0)
    windows = sorted({window for pair in PAIRS for window in pair})
    picks = np.array([[windows.index(window) for window in pair] for pair in PAIRS])
    n_threads = os.cpu_count() or 1
    parts = np.array_split(np.arange(len(PAIRS)), n_threads)

    def run() -> Outcome:
        means = np.stack([mean_nb(one.close, window) for window in windows])
        found = np.empty((len(PAIRS), 4))
        with ThreadPoolExecutor(n_threads) as pool:
            slices = [slice(part[0], part[-1] + 1) for part in parts]
            list(pool.map(lambda part: pairs_nb(one.open, one.close, means, picks[part], found[part]), slices))
        return Outcome(int(found[:, 1].sum()), float(found[:, 0].sum()))

    return run


if __name__ == "__main__":
    answer({"sma": Work(sma), "sweep": Work(sweep), "portfolio": Work(portfolio)})
