"""Following a price out of its channel."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy import indicators as ta
from scizor.strategy.bars import Bars
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.context import Context
from scizor.strategy.parameters import Int


class _Breakout(Strategy):
    entry_window = Int(20, 1, 1_000, "Window of the highest high, bars")
    exit_window = Int(10, 1, 1_000, "Window of the lowest low, bars")
    wide = ta.donchian(window=entry_window, present=False)
    narrow = ta.donchian(window=exit_window, present=False)


class DonchianBreakout(_Breakout, VectorStrategy):
    """Buys a symbol that closes above the highest high of the bars before, sells it below the lowest low of fewer"""

    def targets(self, bars: Bars) -> FloatArray:
        """1/N above the wide channel, 0 below the narrow one, NaN between them."""
        weights = np.where(bars.close < self.narrow.lower.matrix, 0.0, np.nan)
        weights[bars.close > self.wide.upper.matrix] = 1.0 / bars.n_symbols
        return weights


class DonchianBreakoutEvent(_Breakout, EventStrategy):
    """Buys a symbol that closes above the highest high of the bars before, sells it below the lowest low of fewer"""

    def on_start(self, ctx: Context) -> None:
        """Nothing is held."""
        self._holds = dict.fromkeys(ctx.symbols, False)

    def on_bar(self, ctx: Context) -> None:
        """Decide where the price leaves a channel."""
        for symbol, holds in self._holds.items():
            close = ctx.close(symbol)
            if close < self.narrow.lower[symbol] if holds else close > self.wide.upper[symbol]:
                self._holds[symbol] = not holds
                ctx.target(symbol, 0.0 if holds else 1.0 / len(ctx.symbols))
