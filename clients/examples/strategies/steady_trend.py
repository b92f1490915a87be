"""A vector strategy: all weights of a run at once, by array operations.

Each symbol is held while it closes above its long mean, the smaller the more it moves: every position then contributes
about the same movement to the account. Weights change once a month, so that trading costs little.
"""

from __future__ import annotations

import numpy as np

from scizor.strategy import Bars, Float, FloatArray, Int, VectorStrategy, broken_rule
from scizor.strategy import indicators as ta


class SteadyTrend(VectorStrategy):
    """Holds what is above its long mean, each position sized to the same volatility, looked at once a month."""

    trend = Int(200, 2, 1_000, "Window of the mean that tells a rising symbol, bars")
    window = Int(60, 10, 500, "Window over which volatility is measured, bars; at most trend")
    daily_move = Float(1.0, 0.1, 10.0, "Movement that a whole position is to contribute, percent of it a bar")

    mean = ta.sma("close", window=trend)
    volatility = ta.std(ta.roc("close", window=1), window=window)

    def check(self) -> None:
        """Parameters that are valid one by one must also be so together."""
        if self.window > self.trend:
            raise broken_rule("window", f"must be at most trend ({self.trend})")

    def targets(self, bars: Bars) -> FloatArray:
        """Row t of every indicator follows from rows 0..t, and so must row t of the weights."""
        share = np.minimum(self.daily_move / self.volatility.matrix, 1.0) / bars.n_symbols
        weights = np.where(bars.close > self.mean.matrix, share, 0.0)
        # NaN keeps what was decided before: decide in the first row of each month, and where a value is missing never.
        months = bars.sessions.astype("datetime64[M]")
        first_of_month = np.append(False, months[1:] != months[:-1])
        known = ~np.isnan(self.mean.matrix) & ~np.isnan(self.volatility.matrix)
        return np.where(first_of_month[:, np.newaxis] & known, weights, np.nan)
