"""How fast the engine is, beside a bare kernel that only keeps equity, trades and drawdown.

Each function measures once what it names and returns bars per second (a bar is one symbol-session); the caller repeats
and takes the median. Signals, simulation and result are all inside the clock; compilation is not.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from statistics import median

import numba
import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.engine import Prices, Settings, Simulation
from scizor.strategy import get, resolve

_FAST, _SLOW = 10, 20


def made_up_prices(n_sessions: int, n_symbols: int) -> Prices:
    """A random walk rounded to cents, the same every time."""
    steps = np.random.default_rng(20).normal(0, 0.001, (n_sessions, n_symbols))
    close = np.round(100 * np.exp(np.cumsum(steps, axis=0)), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    sessions = np.datetime64("1970-01-01") + np.arange(n_sessions)
    symbols = tuple(f"S{index}" for index in range(n_symbols))
    return Prices(symbols, sessions, open_, np.maximum(open_, close), np.minimum(open_, close), close)


def sma_run(prices: Prices) -> float:
    """One SMA 10/20 cross over all symbols in one account, bars/s."""
    strategy = get("sma_cross")
    params = resolve(strategy, {"fast": _FAST, "slow": _SLOW})
    started = time.perf_counter()
    Simulation(prices, strategy.targets(prices, params), Settings(1e7, sizing=Sizing.AT_FILL)).run()
    return prices.close.size / (time.perf_counter() - started)


def kernel_run(prices: Prices) -> float:
    """The simulation kernel alone, with the weights given and the memory laid out, bars/s."""
    strategy = get("sma_cross")
    targets = strategy.targets(prices, resolve(strategy, {"fast": _FAST, "slow": _SLOW}))
    simulation = Simulation(prices, targets, Settings(1e7, sizing=Sizing.AT_FILL))
    started = time.perf_counter()
    simulation.advance(simulation.sessions_total)
    return prices.close.size / (time.perf_counter() - started)


def bare_run(prices: Prices) -> float:
    """The limit: a loop of nothing but the arithmetic, symbol after symbol, bars/s."""
    columns = [(prices.open[:, index].copy(), prices.close[:, index].copy()) for index in range(prices.n_symbols)]
    started = time.perf_counter()
    for open_, close in columns:
        _bare_nb(open_, close, _FAST, _SLOW)
    return prices.close.size / (time.perf_counter() - started)


@numba.njit(nogil=True)
def _bare_nb(open_: FloatArray, close: FloatArray, fast: int, slow: int) -> tuple[float, int, float]:
    cash, shares, peak, worst, n_trades, above = 1e7, 0.0, 1e7, 0.0, 0, False
    fast_sum, slow_sum, equity = 0.0, 0.0, 1e7
    for t in range(len(close)):
        if above and shares == 0.0:
            shares = math.floor(cash / open_[t])
            cash -= shares * open_[t]
        elif not above and shares > 0.0:
            cash, shares, n_trades = cash + shares * open_[t], 0.0, n_trades + 1
        fast_sum += close[t] - (close[t - fast] if t >= fast else 0.0)
        slow_sum += close[t] - (close[t - slow] if t >= slow else 0.0)
        equity = cash + shares * close[t]
        peak = max(peak, equity)
        worst = min(worst, equity / peak - 1.0)
        above = t >= slow and fast_sum * slow > slow_sum * fast
    return equity, n_trades, worst


def measure(repeats: int = 7) -> dict[str, float]:
    """Medians, bars/s, of one symbol over a million minutes and of 309 symbols over ten years."""
    figures = {}
    work: tuple[Callable[[Prices], float], ...] = (sma_run, kernel_run, bare_run)
    for shape, prices in (("1x1M", made_up_prices(1_000_000, 1)), ("309x2520", made_up_prices(2_520, 309))):
        for one in work:
            one(prices)
            figures[f"{one.__name__}_{shape}"] = median(one(prices) for _ in range(repeats))
    return figures


if __name__ == "__main__":
    for name, bars_per_second in measure().items():
        sys.stdout.write(f"{name:22} {bars_per_second / 1e6:8.1f} M bars/s\n")
