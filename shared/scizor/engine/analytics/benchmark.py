"""Figures against a benchmark, over the sessions that have a return of both.

| convention | alpha | information ratio | Treynor | capture |
|---|---|---|---|---|
| TRADING_DAY_252 | a x P | mean(r - b) / sd(r - b) x sqrt(P) | (mean x P - F) / beta | sum of r over sum of b |
| EMPYRICAL | (1+a)^P - 1 | mean(r - b) / sd(r - b) | (CAGR - F) / beta | annual r over annual b |
| R_PERFORMANCEANALYTICS | (1+a)^P - 1 | (CAGR of r - of b) / TE | (CAGR - F) / beta | annual r over annual b |
| GEOMETRIC_252 | as above | as above | as above | as above |
| LEAN_CALENDAR_252 | A - F - beta (B - F) | (A - B) / TE | (A - F) / beta | sum of r over sum of b |

r, b: returns of account and benchmark; a: mean(r) - f - beta (mean(b) - f), Jensen 1968; CAGR: compounded over n/P
years; TE: tracking error; A, B: (1 + mean)^P - 1. Capture is over the samples in which the benchmark rose (fell). Other
letters: see `analytics.conventions`. Sources as there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.figures import Formula
from scizor.engine.analytics.moments import deviation, squares_about_mean
from scizor.engine.analytics.ratios import ratio
from scizor.engine.analytics.resampling import resample_sums_nb
from scizor.engine.arrays import DateArray

_SUMMED = {Convention.TRADING_DAY_252, Convention.LEAN_CALENDAR_252}


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """Closes by session, shape (n,): dates rising, closes positive. Raises InvalidInput otherwise."""

    sessions: DateArray
    closes: FloatArray

    def __post_init__(self) -> None:
        if self.closes.shape != self.sessions.shape or self.closes.ndim != 1 or not len(self.closes):
            raise InvalidInput.of_field("benchmark", "one close for each of one or more sessions is needed")
        if bool(np.any(np.diff(self.sessions.astype("datetime64[D]")).astype(np.int64) <= 0)):
            raise InvalidInput.of_field("benchmark.sessions", "must rise, each date once")
        if not bool(np.all(np.isfinite(self.closes) & (self.closes > 0))):
            raise InvalidInput.of_field("benchmark.closes", "must be positive and finite")

    @classmethod
    def of_returns(cls, sessions: DateArray, returns: FloatArray) -> Benchmark:
        """From the return of each session, a fraction above -1."""
        if returns.shape != sessions.shape or returns.ndim != 1 or not len(returns):
            raise InvalidInput.of_field("benchmark", "one return for each of one or more sessions is needed")
        days = sessions.astype("datetime64[D]")
        before = days[:1] - np.timedelta64(1, "D")
        return cls(np.concatenate([before, days]), np.cumprod(np.concatenate([[1.0], 1.0 + returns])))

    def returns_between(self, days: DateArray) -> FloatArray:
        """From each day to the next, by the last close known at each; NaN before the first. Shape (n_days - 1,)."""
        places = np.searchsorted(self.sessions, days, side="right") - 1
        levels = np.where(places < 0, np.nan, self.closes[np.maximum(places, 0)])
        return levels[1:] / levels[:-1] - 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Of one or many sets of `n` pairs of returns (r: account, b: benchmark), every array of shape (n_sets,).

    `r2`, `b2`, `rb`: sums of products of the distances from the means. `r_all`, `b_all`: sums of the returns or, under
    a geometric convention, of the logs of growth; `r_up`, `b_up`, `r_down`, `b_down`: of the pairs whose b rose, fell.
    """

    n: int
    r_mean: FloatArray
    b_mean: FloatArray
    r2: FloatArray
    b2: FloatArray
    rb: FloatArray
    r_all: FloatArray
    b_all: FloatArray
    n_up: FloatArray
    r_up: FloatArray
    b_up: FloatArray
    n_down: FloatArray
    r_down: FloatArray
    b_down: FloatArray


class PairSample:
    """n >= 1 pairs of returns."""

    def __init__(self, r: FloatArray, b: FloatArray, convention: Convention) -> None:
        self._centers = float(np.mean(r)), float(np.mean(b))
        x, y = r - self._centers[0], b - self._centers[1]
        r_part, b_part = (r, b) if convention in _SUMMED else (np.log1p(r), np.log1p(b))
        columns = [x, y, x**2, y**2, x * y, r_part, b_part]
        for side in (b > 0, b < 0):
            columns += [side, np.where(side, r_part, 0.0), np.where(side, b_part, 0.0)]
        self._columns = np.stack(columns, axis=1, dtype=np.float64)
        self._sums = self._columns.sum(axis=0)

    def moments(self) -> PairSums:
        """Of the sample, shape (1,)."""
        return self._of(self._sums[np.newaxis], len(self._columns))

    def resampled(self, n_resamples: int, seed: np.uint64, restart: np.uint64) -> PairSums:
        """Of each resample, shape (n_resamples,)."""
        return self._of(resample_sums_nb(self._columns, n_resamples, seed, restart), len(self._columns))

    def left_out(self) -> PairSums:
        """Of the sample without each pair in turn, shape (n,)."""
        return self._of(self._sums - self._columns, len(self._columns) - 1)

    def _of(self, sums: FloatArray, n: int) -> PairSums:
        x, y, xx, yy, xy, *rest = sums.T
        r2, b2 = squares_about_mean(xx, x**2 / n), squares_about_mean(yy, y**2 / n)
        means = self._centers[0] + x / n, self._centers[1] + y / n
        return PairSums(n, *means, r2, b2, xy - x * y / n, *rest)


def alpha(s: PairSums, t: Terms) -> FloatArray:
    """What the account earned in a year beyond what its beta would have. Jensen 1968."""
    slope = beta(s, t)
    if t.convention is Convention.LEAN_CALENDAR_252:
        ours, theirs = _compounded(s.r_mean, t), _compounded(s.b_mean, t)
        return ours - t.risk_free - slope * (theirs - t.risk_free)
    excess = s.r_mean - t.period_rate - slope * (s.b_mean - t.period_rate)
    return excess * t.periods_per_year if t.convention is Convention.TRADING_DAY_252 else _compounded(excess, t)


def beta(s: PairSums, _: Terms) -> FloatArray:
    """Covariance with the benchmark over its variance. Sharpe 1964."""
    return ratio(s.rb, s.b2)


def correlation(s: PairSums, _: Terms) -> FloatArray:
    """Pearson's."""
    return np.clip(ratio(s.rb, np.sqrt(s.r2 * s.b2)), -1.0, 1.0)


def tracking_error(s: PairSums, t: Terms) -> FloatArray:
    """Annualised standard deviation of r - b, ddof 1."""
    return deviation(squares_about_mean(s.r2 + s.b2, 2.0 * s.rb), s.n) * math.sqrt(t.periods_per_year)


def information_ratio(s: PairSums, t: Terms) -> FloatArray:
    """Return beyond the benchmark's for the tracking error. Treynor & Black 1973."""
    error = tracking_error(s, t)
    if t.convention is Convention.LEAN_CALENDAR_252:
        return ratio(_compounded(s.r_mean, t) - _compounded(s.b_mean, t), error)
    if t.convention in {Convention.R_PERFORMANCEANALYTICS, Convention.GEOMETRIC_252}:
        return ratio(_cagr(s.r_all, s.n, t) - _cagr(s.b_all, s.n, t), error)
    per_period = ratio((s.r_mean - s.b_mean) * math.sqrt(t.periods_per_year), error)
    return per_period if t.convention is Convention.EMPYRICAL else per_period * math.sqrt(t.periods_per_year)


def treynor(s: PairSums, t: Terms) -> FloatArray:
    """Return of a year beyond the risk-free rate for each unit of beta. Treynor 1965."""
    if t.convention is Convention.TRADING_DAY_252:
        annual = s.r_mean * t.periods_per_year
    elif t.convention is Convention.LEAN_CALENDAR_252:
        annual = _compounded(s.r_mean, t)
    else:
        annual = _cagr(s.r_all, s.n, t)
    return ratio(annual - t.risk_free, beta(s, t))


def up_capture(s: PairSums, t: Terms) -> FloatArray:
    """The account's return over the benchmark's, where the benchmark rose."""
    return _capture(s.r_up, s.b_up, s.n_up, t)


def down_capture(s: PairSums, t: Terms) -> FloatArray:
    """The account's return over the benchmark's, where the benchmark fell."""
    return _capture(s.r_down, s.b_down, s.n_down, t)


def _capture(ours: FloatArray, theirs: FloatArray, n: FloatArray, t: Terms) -> FloatArray:
    if t.convention in _SUMMED:
        return ratio(ours, theirs)
    return ratio(_cagr(ours, n, t), _cagr(theirs, n, t))


def _compounded(mean: FloatArray, t: Terms) -> FloatArray:
    return (1.0 + mean) ** t.periods_per_year - 1.0


def _cagr(log_growth: FloatArray, n: int | FloatArray, t: Terms) -> FloatArray:
    return np.expm1(np.divide(log_growth * t.periods_per_year, np.where(np.asarray(n) > 0, n, np.nan)))


_STILL = "the benchmark did not move"

BENCHMARK_FORMULAS: Final[tuple[Formula[PairSums], ...]] = (
    Formula("alpha", "fraction", alpha, 2, _STILL),
    Formula("beta", "ratio", beta, 2, _STILL),
    Formula("correlation", "ratio", correlation, 2, "no movement"),
    Formula("tracking_error", "fraction", tracking_error, 2, "no movement"),
    Formula("information_ratio", "ratio", information_ratio, 2, "no difference from the benchmark"),
    Formula("treynor", "ratio", treynor, 2, "no beta"),
    Formula("up_capture", "ratio", up_capture, 1, "the benchmark never rose"),
    Formula("down_capture", "ratio", down_capture, 1, "the benchmark never fell"),
)
