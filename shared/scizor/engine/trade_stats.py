"""Figures over closed round trips, None where undefined.

A win has net P&L (commissions paid) above zero, a loss below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.arrays import Records
from scizor.engine.returns import finite, ratio


@dataclass(frozen=True, slots=True, eq=False)
class TradeStats:
    """`trades`: records of `engine.arrays.TRADE`."""

    trades: Records

    @property
    def n(self) -> int:
        """How many trades were closed."""
        return len(self.trades)

    @property
    def _pnl(self) -> FloatArray:
        return self.trades["net_pnl"]

    def win_rate(self) -> float | None:
        """Winning trades over all trades (not days)."""
        return finite(float(np.mean(self._pnl > 0))) if self.n else None

    def profit_factor(self, *, by_return: bool = False) -> float | None:
        """Sum of the wins over the sum of the losses, in net P&L or in trade returns."""
        outcomes = self.trades["return_fraction"] if by_return else self._pnl
        return ratio(float(np.sum(outcomes[outcomes > 0])), -float(np.sum(outcomes[outcomes < 0])))

    def expectancy(self) -> float | None:
        """Mean net P&L of a trade, quote currency."""
        return finite(float(np.mean(self._pnl))) if self.n else None

    def mean_return(self) -> float | None:
        """Mean return of a trade, a fraction of its entry value."""
        return finite(float(np.mean(self.trades["return_fraction"]))) if self.n else None

    def best(self) -> float | None:
        """The highest trade return."""
        return finite(float(np.max(self.trades["return_fraction"]))) if self.n else None

    def worst(self) -> float | None:
        """The lowest trade return."""
        return finite(float(np.min(self.trades["return_fraction"]))) if self.n else None

    def sqn(self) -> float | None:
        """System quality number: sqrt(n) x mean / sd (ddof 1) of net P&L. Tharp 2006."""
        if self.n < 2:
            return None
        return ratio(math.sqrt(self.n) * float(np.mean(self._pnl)), float(np.std(self._pnl, ddof=1)))

    def kelly(self) -> float | None:
        """Win rate less loss rate over mean win / mean loss, in net P&L. Kelly 1956; None without a win and a loss."""
        wins, losses, rate = self._pnl[self._pnl > 0], self._pnl[self._pnl < 0], self.win_rate()
        if rate is None or not len(wins) or not len(losses):
            return None
        return finite(rate - (1.0 - rate) / (float(np.mean(wins)) / -float(np.mean(losses))))
