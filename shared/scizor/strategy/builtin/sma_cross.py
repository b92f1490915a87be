"""Two moving means crossing each other."""

from __future__ import annotations

from scizor.domain.arrays import FloatArray
from scizor.engine.indicators.cross import sma_cross
from scizor.engine.sweep.crosses import sma_cross_plan
from scizor.engine.sweep.plans import Compiled
from scizor.strategy import indicators as ta
from scizor.strategy.bars import Bars
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.context import Context
from scizor.strategy.parameters import Choice, Int, ParameterValue, broken_rule

LONG_ONLY = "long_only"
LONG_SHORT = "long_short"
LONGEST_WINDOW_BARS = 10_000
_BELOW: dict[ParameterValue, float] = {LONG_ONLY: 0.0, LONG_SHORT: -1.0}  # times the weight above


class _Cross(Strategy):
    fast = Int(10, 1, LONGEST_WINDOW_BARS, "Window of the fast moving average, bars; below slow")
    slow = Int(30, 2, LONGEST_WINDOW_BARS, "Window of the slow moving average, bars")
    direction = Choice(LONG_ONLY, (LONG_ONLY, LONG_SHORT), "While the fast average is below: in cash, or short")

    side = ta.sma_cross(fast=fast, slow=slow)

    def check(self) -> None:
        """`fast` must be below `slow`."""
        if not self.fast < self.slow:
            raise broken_rule("fast", f"must be below slow ({self.slow})")


class SmaCross(_Cross, VectorStrategy):
    """Holds a symbol while its fast moving average is above its slow one, from their first cross on"""

    def targets(self, bars: Bars) -> FloatArray:
        """+1/N above, -1/N or 0 below, NaN until the first cross and at missing bars."""
        share = 1.0 / bars.n_symbols
        # What `side` says, already as weights: over a million bars the passes saved are half the time.
        return sma_cross(bars.matrix("close"), self.fast, self.slow, share, share * _BELOW[self.direction])

    @classmethod
    def compiled(cls, n_symbols: int) -> Compiled:
        """The same weights, as a sweep makes them."""
        return sma_cross_plan(1.0 / n_symbols, _BELOW)


class SmaCrossEvent(_Cross, EventStrategy):
    """Holds a symbol while its fast moving average is above its slow one, from their first cross on"""

    def on_start(self, ctx: Context) -> None:
        """No means have crossed."""
        self._sides = dict.fromkeys(ctx.symbols, 0.0)

    def on_bar(self, ctx: Context) -> None:
        """Decide where the side has changed."""
        for symbol, before in self._sides.items():
            side = self.side[symbol]
            if side in {1.0, -1.0} and side != before:
                self._sides[symbol] = side
                share = 1.0 / len(ctx.symbols)
                ctx.target(symbol, share if side > 0.0 else share * _BELOW[self.direction])
