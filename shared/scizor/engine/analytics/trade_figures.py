"""Figures over closed round trips. A win has net P&L (costs paid) above zero, a loss below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.figures import Formula
from scizor.engine.analytics.moments import deviation, least_deviation, squares_about_mean
from scizor.engine.analytics.ratios import ratio
from scizor.engine.analytics.resampling import resample_sums_nb
from scizor.engine.arrays import Records

# A resample of a million trades says no more than one of so many groups of them.
_MOST_GROUPS = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class TradeSums:
    """Of one or many sets of trades, every array of shape (n_sets,). Losses are amounts >= 0."""

    n: FloatArray
    n_wins: FloatArray
    n_losses: FloatArray
    won: FloatArray
    lost: FloatArray
    pnl: FloatArray
    squares: FloatArray
    returns: FloatArray
    return_won: FloatArray
    return_lost: FloatArray


class TradeSample:
    """`trades`: n >= 1 records of `engine.arrays.TRADE`. Beyond thousands, neighbours are resampled as one."""

    def __init__(self, trades: Records) -> None:
        pnl, returns = trades["net_pnl"], trades["return_fraction"]
        self._center = float(np.mean(pnl))
        self._floor = least_deviation(pnl)
        columns = [np.ones(len(pnl)), pnl > 0, pnl < 0, np.maximum(pnl, 0.0), np.maximum(-pnl, 0.0), pnl - self._center]
        columns += [columns[-1] ** 2, returns, np.maximum(returns, 0.0), np.maximum(-returns, 0.0)]
        self._columns = _grouped(np.stack(columns, axis=1, dtype=np.float64))
        self._sums = self._columns.sum(axis=0)

    def moments(self) -> TradeSums:
        """Of the sample, shape (1,)."""
        return self._of(self._sums[np.newaxis])

    def resampled(self, n_resamples: int, seed: np.uint64, restart: np.uint64) -> TradeSums:
        """Of each resample, shape (n_resamples,)."""
        return self._of(resample_sums_nb(self._columns, n_resamples, seed, restart))

    def left_out(self) -> TradeSums:
        """Of the sample without each trade (or group) in turn, shape (n,)."""
        return self._of(self._sums - self._columns)

    def _of(self, sums: FloatArray) -> TradeSums:
        n, n_wins, n_losses, won, lost, pnl, squares, *returns = sums.T
        rest = squares_about_mean(squares, pnl**2 / n, n * self._floor**2)
        return TradeSums(n, n_wins, n_losses, won, lost, pnl + n * self._center, rest, *returns)


def _grouped(columns: FloatArray) -> FloatArray:
    """The columns, summed over as few neighbours as leave no more than `_MOST_GROUPS` rows."""
    size = -(-len(columns) // _MOST_GROUPS)
    return columns if size == 1 else np.add.reduceat(columns, np.arange(0, len(columns), size))


def win_rate(s: TradeSums, _: Terms) -> FloatArray:
    """Winning trades over all trades (not days)."""
    return s.n_wins / s.n


def profit_factor(s: TradeSums, t: Terms) -> FloatArray:
    """Sum of the wins over the sum of the losses, in net P&L; under GEOMETRIC_252 in trade returns."""
    if t.convention is Convention.GEOMETRIC_252:
        return ratio(s.return_won, s.return_lost)
    return ratio(s.won, s.lost)


def expectancy(s: TradeSums, _: Terms) -> FloatArray:
    """Mean net P&L of a trade, account currency."""
    return s.pnl / s.n


def payoff_ratio(s: TradeSums, _: Terms) -> FloatArray:
    """Mean win over mean loss, in net P&L; undefined without a win and a loss."""
    return ratio(ratio(s.won, s.n_wins), ratio(s.lost, s.n_losses))


def mean_trade_return(s: TradeSums, _: Terms) -> FloatArray:
    """Mean return of a trade, a fraction of its entry value."""
    return s.returns / s.n


def sqn(s: TradeSums, _: Terms) -> FloatArray:
    """System quality number: sqrt(n) x mean / sd (ddof 1) of net P&L. Tharp 2006."""
    return ratio(s.pnl / np.sqrt(s.n), deviation(s.squares, s.n))


def kelly(s: TradeSums, t: Terms) -> FloatArray:
    """Win rate less loss rate over payoff ratio: the fraction of capital to bet. Kelly 1956."""
    rate = win_rate(s, t)
    return rate - (1.0 - rate) / payoff_ratio(s, t)


_ONE_SIDED = "no winning or no losing trade"

TRADE_FORMULAS: Final[tuple[Formula[TradeSums], ...]] = (
    Formula("win_rate", "fraction", win_rate, 1, ""),
    Formula("profit_factor", "ratio", profit_factor, 1, "no losing trade"),
    Formula("expectancy", "currency", expectancy, 1, "beyond what a number can hold"),
    Formula("payoff_ratio", "ratio", payoff_ratio, 1, _ONE_SIDED),
    Formula("mean_trade_return", "fraction", mean_trade_return, 1, "beyond what a number can hold"),
    Formula("sqn", "ratio", sqn, 2, "all trades ended alike"),
    Formula("kelly", "fraction", kelly, 1, _ONE_SIDED),
)
