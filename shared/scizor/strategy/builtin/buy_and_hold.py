"""Buying every symbol after its first bar."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy.bars import Bars
from scizor.strategy.base import EventStrategy, VectorStrategy
from scizor.strategy.context import Context


class BuyAndHold(VectorStrategy):
    """Buys every symbol after its first bar and holds it"""

    def targets(self, bars: Bars) -> FloatArray:
        """1/N wherever there is a bar."""
        return np.where(np.isnan(bars.close), np.nan, 1.0 / bars.n_symbols)


class BuyAndHoldEvent(EventStrategy):
    """Buys every symbol after its first bar and holds it"""

    def on_start(self, ctx: Context) -> None:
        """No symbol has been bought."""
        self._waiting = list(ctx.symbols)

    def on_bar(self, ctx: Context) -> None:
        """Buy the symbols whose first bar this is."""
        if not self._waiting:
            return
        for symbol in [symbol for symbol in self._waiting if ctx.bar(symbol) is not None]:
            ctx.target(symbol, 1.0 / len(ctx.symbols))
            self._waiting.remove(symbol)
