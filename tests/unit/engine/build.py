"""Small price matrices for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine import Prices, Result, Settings, Simulation

NAN = float("nan")


def prices_of(opens: Sequence[object], closes: Sequence[object]) -> Prices:
    """Prices of one symbol (numbers) or several (rows of numbers); NaN in both where there is no bar."""
    open_, close = _matrix(opens), _matrix(closes)
    sessions = np.datetime64("2020-01-01") + np.arange(len(close))
    symbols = tuple(f"S{index}" for index in range(close.shape[1]))
    return Prices(symbols, sessions, open_, np.maximum(open_, close), np.minimum(open_, close), close)


def weights_of(weights: Sequence[object]) -> FloatArray:
    return _matrix(weights)


def run(prices: Prices, weights: Sequence[object], settings: Settings | None = None) -> Result:
    return Simulation(prices, _matrix(weights), settings or Settings(initial_cash=1_000)).run()


def _matrix(rows: Sequence[object]) -> FloatArray:
    matrix = np.array(rows, np.float64)
    return matrix.reshape(len(matrix), -1)
