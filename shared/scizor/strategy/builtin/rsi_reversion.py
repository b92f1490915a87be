"""Buying what has fallen too fast."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy import indicators as ta
from scizor.strategy.bars import Bars
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.context import Context
from scizor.strategy.parameters import Float, Int, broken_rule


class _Reversion(Strategy):
    window = Int(14, 2, 1_000, "Window of the index, bars")
    buy_below = Float(30.0, 0.0, 100.0, "Buy below this index; below sell_above")
    sell_above = Float(60.0, 0.0, 100.0, "Sell above this index")
    index = ta.rsi("close", window=window)

    def check(self) -> None:
        """`buy_below` must be below `sell_above`."""
        if not self.buy_below < self.sell_above:
            raise broken_rule("buy_below", f"must be below sell_above ({self.sell_above:g})")


class RsiReversion(_Reversion, VectorStrategy):
    """Buys a symbol whose relative strength index falls below a low mark, and sells it above a high one"""

    def targets(self, bars: Bars) -> FloatArray:
        """1/N below the low mark, 0 above the high one, NaN between them."""
        index = self.index.matrix
        weights = np.where(index > self.sell_above, 0.0, np.nan)
        weights[index < self.buy_below] = 1.0 / bars.n_symbols
        return weights


class RsiReversionEvent(_Reversion, EventStrategy):
    """Buys a symbol whose relative strength index falls below a low mark, and sells it above a high one"""

    def on_start(self, ctx: Context) -> None:
        """Nothing is held."""
        self._holds = dict.fromkeys(ctx.symbols, False)

    def on_bar(self, ctx: Context) -> None:
        """Decide where a mark is passed."""
        for symbol, holds in self._holds.items():
            index = self.index[symbol]
            if index > self.sell_above if holds else index < self.buy_below:
                self._holds[symbol] = not holds
                ctx.target(symbol, 0.0 if holds else 1.0 / len(ctx.symbols))
