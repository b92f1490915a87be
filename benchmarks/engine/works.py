"""What is measured, on whom, and what is asked of this engine."""

from __future__ import annotations

from typing import NamedTuple


class Work(NamedTuple):
    """`marks`: how many times faster than a peer this engine is to be. `of_limit`: the part of the limit aimed at."""

    name: str
    title: str
    unit: str
    peers: tuple[str, ...]
    marks: dict[str, float]
    of_limit: float | None = None
    n_symbols: int = 1


WORKS = (
    Work(
        "sma",
        "One SMA 10/20 cross, 1,000,000 minute bars: signals, equity, trades, all metrics",
        "bars/s",
        ("vectorbt", "raptorbt", "backtesting", "backtrader", "pybroker", "bt"),
        {"vectorbt": 10, "raptorbt": 4},
        1 / 3,
    ),
    Work(
        "sweep",
        "Sweep of 910 pairs of windows over 2,520 bars, Sharpe and drawdown for each, all cores",
        "pairs/s",
        ("vectorbt", "raptorbt", "backtesting"),
        {"vectorbt": 30, "raptorbt": 4},
        1 / 2,
    ),
    Work(
        "portfolio",
        "The same cross on 309 symbols x 2,520 bars, one cash account",
        "symbol-bars/s",
        ("vectorbt", "raptorbt", "backtrader", "nautilus", "pybroker", "bt"),
        {"vectorbt": 15},
        1 / 3,
        309,
    ),
    Work(
        "callback",
        "An event strategy that does nothing, minute bars",
        "bars/s",
        ("raptorbt", "backtesting", "zipline", "nautilus", "pybroker", "backtrader"),
        {"raptorbt": 2, "backtesting": 2},
    ),
    Work(
        "orders",
        "An event strategy with an SMA 10/20 cross and orders of 100 shares, minute bars",
        "bars/s",
        ("raptorbt", "backtesting", "zipline", "nautilus", "pybroker", "backtrader"),
        {"backtesting": 5, "nautilus": 20},
    ),
)

# Why a peer's trades or equity are not those of this engine, where it does the same work otherwise.
DIFFERS = {
    ("sma", "backtrader"): "99.9 % of the equity at the close: all of it is refused when the open is higher",
    ("sma", "pybroker"): "sized at the close",
    ("sma", "bt"): "fills at the deciding close",
    ("portfolio", "vectorbt"): "sizes a buy from the equity left after the sells before it",
    ("portfolio", "raptorbt"): "a fixed part of the cash for each symbol, kept apart",
    ("portfolio", "backtrader"): "sized at the close",
    ("portfolio", "nautilus"): "30 shares an order; fills at the deciding close",
    ("portfolio", "pybroker"): "sized at the close",
    ("portfolio", "bt"): "every position is brought back to its weight at each change of one",
    ("orders", "raptorbt"): "all of the equity: orders of so many shares slow it down by the number of orders before",
    ("orders", "nautilus"): "fills at the deciding close, fees in whole cents",
    ("orders", "zipline"): "fills at the next close, after a flat session",
}
