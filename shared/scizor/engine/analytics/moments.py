"""What the figures of returns are made of: sums over the returns, and what hangs on their order and ranks.

The same formulas then give a figure of the sample, of every resample and of the sample without each return in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.resampling import TAIL, left_out_paths_nb, resample_paths_nb, resample_sums_nb
from scizor.engine.arrays import kernel_array

# A deviation this small beside the returns it is of is the rounding of equal returns, not a risk.
_NO_DEVIATION = 1e-13
_NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of one or many series of `n` returns each, every array of shape (n_series,).

    `m2`, `m3`, `m4`: sums of powers of the distances from the mean. `shortfall_squares`, `gains`, `losses`: of how far
    returns are below, above and below the target, >= 0. `n_negative`, `m2_negative`: of the returns below zero.
    `growth`: of one unit. `depth`: deepest drawdown, <= 0. `low`, `high`: quantiles at 5 % and 95 %, interpolated
    between order statistics. `shortfall`: mean of the returns at or below `low`.
    """

    n: int
    mean: FloatArray
    m2: FloatArray
    m3: FloatArray
    m4: FloatArray
    shortfall_squares: FloatArray
    gains: FloatArray
    losses: FloatArray
    n_negative: FloatArray
    m2_negative: FloatArray
    growth: FloatArray
    depth: FloatArray
    low: FloatArray
    high: FloatArray
    shortfall: FloatArray

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation, ddof 1."""
        return deviation(self.m2, self.n)


def least_deviation(values: FloatArray) -> float:
    """What is no deviation: the rounding of equal values, n >= 1."""
    return float(np.max(np.abs(values))) * _NO_DEVIATION


def squares_about_mean(squares: FloatArray, of_the_mean: FloatArray, floor: FloatArray | float = 0.0) -> FloatArray:
    """Squares about any point less those of the mean: 0 where the rest is rounding, or not above `floor`."""
    rest = squares - of_the_mean
    return np.where((rest <= _NO_VARIANCE * squares) | (rest <= floor), 0.0, rest)


def deviation(squares: FloatArray, n: int | FloatArray) -> FloatArray:
    """Standard deviation, ddof 1, from the squares of the distances; NaN for n < 2."""
    return np.sqrt(np.divide(squares, np.where(np.asarray(n) > 1, n - 1.0, np.nan)))


class ReturnSample:
    """Returns, shape (n,), n >= 1, and their moments. `target`: what the shortfalls are measured from."""

    def __init__(self, returns: FloatArray, target: float = 0.0) -> None:
        self.returns = kernel_array(returns)
        self._ordered = np.sort(self.returns)
        self._center = float(np.mean(self.returns))
        self._floor = least_deviation(self.returns)
        self._columns = _columns(self.returns, self._center, target)
        self._sums = self._columns.sum(axis=0)

    def moments(self) -> Moments:
        """Of the sample, shape (1,)."""
        return self._own_moments

    @cached_property
    def _own_moments(self) -> Moments:
        n, ordered = len(self.returns), self._ordered
        curve = np.cumprod(1.0 + self.returns)
        peaks = np.maximum(np.maximum.accumulate(curve), 1.0)
        low, high = (_quantile(ordered, level) for level in (TAIL, 1.0 - TAIL))
        shortfall = ordered[: np.searchsorted(ordered, low, side="right")].mean()
        path = np.array([[curve[-1], min(float(np.min(curve / peaks)) - 1.0, 0.0), low, high, shortfall]])
        return self._moments(self._sums[np.newaxis], path, n)

    def resampled(self, n_resamples: int, seed: np.uint64, restart: np.uint64) -> Moments:
        """Of each resample, shape (n_resamples,)."""
        sums = resample_sums_nb(self._columns, n_resamples, seed, restart)
        paths = resample_paths_nb(self.returns, self._ranks(), self._ordered, n_resamples, seed, restart)
        return self._moments(sums, paths, len(self.returns))

    def left_out(self) -> Moments:
        """Of the sample without each of its n >= 2 returns in turn, shape (n,)."""
        n = len(self.returns)
        tails = _left_out_tails(self._ordered)[self._ranks()]
        paths = np.concatenate([left_out_paths_nb(self.returns), tails], axis=1)
        return self._moments(self._sums - self._columns, paths, n - 1)

    def _ranks(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        ranks = np.empty(len(self.returns), np.int64)
        ranks[np.argsort(self.returns, kind="stable")] = np.arange(len(self.returns))
        return ranks

    def _moments(self, sums: FloatArray, paths: FloatArray, n: int) -> Moments:
        s1, s2, s3, s4, shortfalls, gains, losses, n_negative, negative, negative_squares = sums.T
        shift = s1 / n
        m2 = squares_about_mean(s2, n * shift**2, n * self._floor**2)
        m3 = s3 - shift * (3.0 * s2 - 2.0 * n * shift**2)
        m4 = s4 - shift * (4.0 * s3 - shift * (6.0 * s2 - 3.0 * n * shift**2))
        m2_negative = squares_about_mean(
            negative_squares, negative**2 / np.maximum(n_negative, 1.0), n * self._floor**2
        )
        head = (n, self._center + shift, m2, m3, m4, shortfalls, gains, losses, n_negative, m2_negative)
        return Moments(*head, *paths.T)


def _columns(returns: FloatArray, center: float, target: float) -> FloatArray:
    columns = np.empty((len(returns), 10))
    distance, excess = returns - center, returns - target
    columns[:, 0] = distance
    columns[:, 1] = distance**2
    columns[:, 2] = columns[:, 1] * distance
    columns[:, 3] = columns[:, 1] ** 2
    columns[:, 6] = np.maximum(-excess, 0.0)
    columns[:, 4] = columns[:, 6] ** 2
    columns[:, 5] = np.maximum(excess, 0.0)
    columns[:, 7] = returns < 0
    columns[:, 8] = columns[:, 7] * distance
    columns[:, 9] = columns[:, 8] * distance
    return columns


def _quantile(ordered: FloatArray, level: float) -> float:
    at = level * (len(ordered) - 1)
    below = int(at)
    low = float(ordered[below])
    return low + (at - below) * (float(ordered[min(below + 1, len(ordered) - 1)]) - low)


def _left_out_tails(ordered: FloatArray) -> FloatArray:
    """The quantiles at 5 % and 95 % and the shortfall without the return of each rank, shape (n, 3)."""
    n = len(ordered)
    ranks = np.arange(n)
    tails = np.empty((n, 3))
    for column, level in enumerate((TAIL, 1.0 - TAIL)):
        at = level * (n - 2)
        below = int(at)
        low = ordered[below + (ranks <= below)]
        next_up = min(below + 1, n - 2)
        tails[:, column] = low + (at - below) * (ordered[next_up + (ranks <= next_up)] - low)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    n_tail = np.searchsorted(ordered, tails[:, 0], side="right")
    inside = ranks < n_tail
    tails[:, 2] = (sums[n_tail] - inside * ordered) / np.maximum(n_tail - inside, 1)
    return tails
