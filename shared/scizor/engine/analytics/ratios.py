"""The figures of a series of returns: what was earned, how much it swung, and the one for the other.

Each is a formula of `Moments`, so that values and intervals come from the same line. Letters and what a convention
changes: see `analytics.conventions`. NaN where a figure is undefined.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.conventions import Convention, Terms
from scizor.engine.analytics.figures import Formula
from scizor.engine.analytics.moments import Moments, deviation

_DAYS_PER_YEAR = 365.25
_Z05: Final = NormalDist().inv_cdf(0.05)
_TAIL_MEAN: Final = NormalDist().pdf(_Z05) / 0.05

_GEOMETRIC = {Convention.R_PERFORMANCEANALYTICS, Convention.GEOMETRIC_252, Convention.LEAN_CALENDAR_252}


def simple_returns(equity: FloatArray) -> FloatArray:
    """Sample-to-sample returns up to and including the first sample that is not positive."""
    wiped_out = np.flatnonzero(equity <= 0)
    solvent = equity[: wiped_out[0] + 1] if len(wiped_out) else equity
    return solvent[1:] / solvent[:-1] - 1.0


def cagr(m: Moments, t: Terms) -> FloatArray:
    """Compound annual growth rate, a fraction."""
    if t.convention is Convention.GEOMETRIC_252:
        return _power(m.growth, _DAYS_PER_YEAR / t.days if t.days else math.nan)
    if t.convention is Convention.LEAN_CALENDAR_252:
        return _power(m.growth * t.growth_outside, 1.0 / t.years if t.years else math.nan)
    n = m.n + (t.n_missing if t.convention is Convention.EMPYRICAL else 0)
    return _power(m.growth, t.periods_per_year / n if n else math.nan)


def annual_return(m: Moments, t: Terms) -> FloatArray:
    """Return of a year, a fraction."""
    if t.convention is Convention.TRADING_DAY_252:
        return m.mean * t.periods_per_year
    if t.convention is Convention.LEAN_CALENDAR_252:
        return _power(1.0 + m.mean, t.periods_per_year)
    if t.convention is Convention.GEOMETRIC_252:
        return _power(_mean_growth(m), t.periods_per_year)
    return cagr(m, t)


def volatility(m: Moments, t: Terms) -> FloatArray:
    """Annualised standard deviation of the returns, a fraction."""
    if t.convention is not Convention.GEOMETRIC_252:
        return m.deviation * math.sqrt(t.periods_per_year)
    square, periods = _mean_growth(m) ** 2, t.periods_per_year
    # The difference of two nearly equal powers may round below zero.
    return np.sqrt(np.maximum((m.deviation**2 + square) ** periods - square**periods, 0.0))


def downside_deviation(m: Moments, t: Terms) -> FloatArray:
    """Annualised root mean square of the shortfalls below the target, over all returns. Sortino & Price 1994.

    Under LEAN_CALENDAR_252 the annualised standard deviation of the returns below zero.
    """
    if t.convention is Convention.LEAN_CALENDAR_252:
        return deviation(m.m2_negative, m.n_negative) * math.sqrt(t.periods_per_year)
    return np.sqrt(m.shortfall_squares / m.n) * math.sqrt(t.periods_per_year)


def sharpe(m: Moments, t: Terms) -> FloatArray:
    """Return beyond the risk-free rate for its volatility. Sharpe 1994."""
    if t.convention in _GEOMETRIC:
        return ratio(annual_return(m, t) - t.risk_free, volatility(m, t))
    return ratio(m.mean - t.period_rate, m.deviation) * math.sqrt(t.periods_per_year)


def sortino(m: Moments, t: Terms) -> FloatArray:
    """Return beyond the risk-free rate for its downside deviation. Sortino & Price 1994."""
    downside = downside_deviation(m, t)
    if t.convention in {Convention.GEOMETRIC_252, Convention.LEAN_CALENDAR_252}:
        return ratio(annual_return(m, t) - t.risk_free, downside)
    if t.convention is Convention.R_PERFORMANCEANALYTICS:
        return ratio(m.mean - t.period_rate, downside / math.sqrt(t.periods_per_year))
    return ratio((m.mean - t.period_rate) * t.periods_per_year, downside)


def calmar(m: Moments, t: Terms) -> FloatArray:
    """Compound growth over the deepest drawdown of the same returns. Young 1991."""
    compound = annual_return(m, t) if t.convention is Convention.GEOMETRIC_252 else cagr(m, t)
    return ratio(compound, -m.depth)


def omega(m: Moments, _: Terms) -> FloatArray:
    """Sum of the returns above the target over that of the returns below. Keating & Shadwick 2002."""
    return ratio(m.gains, m.losses)


def var_95_historical(m: Moments, _: Terms) -> FloatArray:
    """Value at risk: the 5 % quantile of the returns, interpolated between order statistics."""
    return m.low


def es_95_historical(m: Moments, _: Terms) -> FloatArray:
    """Expected shortfall: the mean of the returns at or below the historical value at risk."""
    return m.shortfall


def var_95_gaussian(m: Moments, _: Terms) -> FloatArray:
    """The 5 % quantile of a normal distribution with the returns' mean and deviation."""
    return m.mean + _Z05 * m.deviation


def es_95_gaussian(m: Moments, _: Terms) -> FloatArray:
    """The mean of that distribution below its 5 % quantile."""
    return m.mean - _TAIL_MEAN * m.deviation


def skewness(m: Moments, _: Terms) -> FloatArray:
    """Third moment over the cube of the deviation, both over n; 0 for a normal distribution."""
    return ratio(m.m3 / m.n, (m.m2 / m.n) ** 1.5)


def kurtosis(m: Moments, _: Terms) -> FloatArray:
    """Fourth moment over the square of the variance, both over n: raw, so 3 for a normal distribution."""
    return ratio(m.m4 / m.n, (m.m2 / m.n) ** 2)


def tail_ratio(m: Moments, _: Terms) -> FloatArray:
    """Size of the 95 % quantile over that of the 5 % quantile."""
    return ratio(np.abs(m.high), np.abs(m.low))


def max_drawdown(m: Moments, _: Terms) -> FloatArray:
    """Deepest fall from a peak of what one unit became, a fraction <= 0."""
    return m.depth


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """`numerator / denominator`, NaN where that is no number."""
    return np.divide(numerator, np.where(denominator == 0.0, np.nan, denominator))


def _power(growth: FloatArray, exponent: float) -> FloatArray:
    return np.where(growth < 0.0, np.nan, np.abs(growth) ** exponent) - 1.0


def _mean_growth(m: Moments) -> FloatArray:
    # A total loss has no geometric mean; GEOMETRIC_252 counts it as none.
    return np.where(m.growth > 0.0, np.abs(m.growth) ** (1.0 / m.n), 1.0)


_NO_GROWTH = "wiped out, or no time, or beyond what a number can hold"
_NO_MOVEMENT = "no movement"

RETURN_FORMULAS: Final[tuple[Formula[Moments], ...]] = (
    Formula("cagr", "fraction", cagr, 1, _NO_GROWTH),
    Formula("annual_return", "fraction", annual_return, 1, _NO_GROWTH),
    Formula("volatility", "fraction", volatility, 2, _NO_GROWTH),
    Formula("downside_deviation", "fraction", downside_deviation, 1, "less than two returns below zero"),
    Formula("sharpe", "ratio", sharpe, 2, _NO_MOVEMENT),
    Formula("sortino", "ratio", sortino, 1, "no downside deviation"),
    Formula("calmar", "ratio", calmar, 1, "no drawdown"),
    Formula("omega", "ratio", omega, 1, "no return below the target"),
    Formula("var_95_historical", "fraction", var_95_historical, 1, _NO_MOVEMENT),
    Formula("es_95_historical", "fraction", es_95_historical, 1, _NO_MOVEMENT),
    Formula("var_95_gaussian", "fraction", var_95_gaussian, 2, _NO_MOVEMENT),
    Formula("es_95_gaussian", "fraction", es_95_gaussian, 2, _NO_MOVEMENT),
    Formula("skewness", "ratio", skewness, 2, _NO_MOVEMENT),
    Formula("kurtosis", "ratio", kurtosis, 2, _NO_MOVEMENT),
    Formula("tail_ratio", "ratio", tail_ratio, 1, "no loss in the tail"),
)
DEPTH_FORMULA: Final = Formula("max_drawdown", "fraction", max_drawdown, 0, _NO_MOVEMENT)
