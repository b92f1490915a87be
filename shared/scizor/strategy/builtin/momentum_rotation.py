"""Holding the strongest of many symbols."""

from __future__ import annotations

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.strategy import indicators as ta
from scizor.strategy.bars import Bars
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.context import Context
from scizor.strategy.parameters import Int


class _Rotation(Strategy):
    lookback = Int(126, 1, 1_000, "Bars over which the price's change is measured")
    hold = Int(5, 1, 1_000, "How many symbols are held, each at the same weight")
    change = ta.roc("close", window=lookback)


class MomentumRotation(_Rotation, VectorStrategy):
    """At each month's first close turns to the symbols that rose most, of those that have a bar in that row"""

    def targets(self, bars: Bars) -> FloatArray:
        """1/hold for the strongest and 0 for the others in the first row of a month, NaN in all other rows."""
        weights = np.full(bars.close.shape, np.nan)
        months = bars.sessions.astype("datetime64[M]")
        for row in np.flatnonzero(months[1:] != months[:-1]) + 1:
            change = self.change.matrix[row]
            strongest = np.argsort(-change, kind="stable")[: min(self.hold, np.count_nonzero(~np.isnan(change)))]
            weights[row] = 0.0
            weights[row, strongest] = 1.0 / self.hold
        return weights


class MomentumRotationEvent(_Rotation, EventStrategy):
    """At each month's first close turns to the symbols that rose most, of those that have a bar in that row"""

    def on_start(self, ctx: Context) -> None:
        """No month has begun yet, and nothing is held."""
        self._month: tuple[int, int] | None = None
        self._held: list[str] = []

    def on_bar(self, ctx: Context) -> None:
        """Turn to the strongest in the first row of a month."""
        month = (ctx.session.year, ctx.session.month)
        last, self._month = self._month, month
        if last is None or month == last:
            return
        changes = {symbol: self.change[symbol] for symbol in ctx.symbols}
        known = [symbol for symbol in ctx.symbols if changes[symbol] == changes[symbol]]  # NaN differs from itself
        strongest = sorted(known, key=lambda symbol: -changes[symbol])[: self.hold]
        for symbol in ctx.symbols:
            if symbol in strongest:
                ctx.target(symbol, 1.0 / self.hold)
            elif symbol in self._held:
                ctx.target(symbol, 0.0)
        self._held = strongest
