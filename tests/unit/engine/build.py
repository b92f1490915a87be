"""Small panels for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.costs import Financing
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation

NAN = float("nan")
DAY_NS = 86_400_000_000_000
FREE = Settings(initial_cash=1_000, financing=Financing.none())
"""An account of 1,000 in which time costs nothing."""


def settings(**changes: Any) -> Settings:
    return replace(FREE, **changes)


def panel_of(opens: Sequence[object], closes: Sequence[object]) -> Panel:
    """Days of one symbol (numbers) or several (rows of numbers), extremes at open and close; NaN: no bar."""
    open_, close = matrix(opens), matrix(closes)
    return days(open_, np.maximum(open_, close), np.minimum(open_, close), close, np.full(open_.shape, NAN))


def bars(rows: Sequence[tuple[float, ...]]) -> Panel:
    """Days of one symbol: (open, high, low, close) and, where it matters, volume."""
    columns = [matrix([row[place] for row in rows]) for place in range(4)]
    volumes = [row[4] if len(row) > 4 else NAN for row in rows]
    open_, high, low, close = columns
    return days(open_, high, low, close, matrix(volumes))


def days(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> Panel:
    n_rows, n_symbols = close.shape
    sessions = np.datetime64("2020-01-01") + np.arange(n_rows)
    open_ns = sessions.astype("datetime64[D]").astype(np.int64) * DAY_NS
    symbols = tuple(f"S{index}" for index in range(n_symbols))
    return Panel(symbols, sessions, open_ns, open_ns + DAY_NS, open_, high, low, close, volume)


def run(market: Market | Panel, weights: Sequence[object], how: Settings | None = None) -> Result:
    return Simulation(market, how or FREE, matrix(weights)).run()


def matrix(rows: Sequence[object]) -> FloatArray:
    found = np.array(rows, np.float64)
    return found.reshape(len(found), -1)
