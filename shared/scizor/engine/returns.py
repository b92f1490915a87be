"""Figures of a series of returns (fractions, shape (n,), NaN where a sample is missing). None where undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.conventions import Convention

# A deviation this small beside the returns it is of is the rounding of equal returns, not a risk.
_NO_DEVIATION = 1e-13
_DAYS_PER_YEAR = 365.25


def simple_returns(equity: FloatArray) -> FloatArray:
    """Session-to-session returns up to and including the first session whose equity is not positive."""
    wiped_out = np.flatnonzero(equity <= 0)
    solvent = equity[: wiped_out[0] + 1] if len(wiped_out) else equity
    return solvent[1:] / solvent[:-1] - 1.0


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """`numerator / denominator`, or None where that is no number."""
    if numerator is None or not denominator:
        return None
    return finite(numerator / denominator)


def finite(value: float) -> float | None:
    """The value as a float, or None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None


def power_growth(growth: float, exponent: float) -> float | None:
    """growth ^ exponent - 1; None for a growth below zero or beyond a float."""
    if growth < 0:
        return None
    try:
        return finite(math.pow(growth, exponent) - 1.0)
    except (OverflowError, ValueError):
        return None


@dataclass(frozen=True, slots=True, eq=False)
class ReturnStats:
    """The figures of `samples` under one convention. `days`: calendar days they span, None when unknown."""

    samples: FloatArray
    convention: Convention = Convention.TRADING_DAY_252
    periods_per_year: float = 252.0
    days: int | None = None

    @property
    def returns(self) -> FloatArray:
        """The samples that exist."""
        return self.samples[~np.isnan(self.samples)]

    @property
    def growth(self) -> float:
        """What one unit of currency became."""
        return float(np.prod(1.0 + self.returns))

    def cagr(self) -> float | None:
        """Compound annual growth rate, a fraction."""
        if self.convention is Convention.GEOMETRIC_252:
            return power_growth(self.growth, _DAYS_PER_YEAR / self.days) if self.days else None
        n = len(self.samples) if self.convention is Convention.EMPYRICAL else len(self.returns)
        return power_growth(self.growth, self.periods_per_year / n) if n else None

    def annual_return(self) -> float | None:
        """Annualised return, a fraction."""
        if not len(self.returns):
            return None
        if self.convention is Convention.TRADING_DAY_252:
            return finite(float(np.mean(self.returns)) * self.periods_per_year)
        if self.convention is Convention.GEOMETRIC_252:
            return power_growth(1.0 + self._geometric_mean(), self.periods_per_year)
        return self.cagr()

    def compound_return(self) -> float | None:
        """The growth rate that Calmar sets against the drawdown."""
        return self.annual_return() if self.convention is Convention.GEOMETRIC_252 else self.cagr()

    def volatility(self) -> float | None:
        """Annualised volatility, a fraction."""
        deviation = self._deviation()
        if deviation is None or self.convention is not Convention.GEOMETRIC_252:
            return None if deviation is None else deviation * math.sqrt(self.periods_per_year)
        square, periods = (1.0 + self._geometric_mean()) ** 2, self.periods_per_year
        try:
            # The difference of two nearly equal powers may round below zero.
            return math.sqrt(max((deviation**2 + square) ** periods - square**periods, 0.0))
        except OverflowError:
            return None

    def sharpe(self) -> float | None:
        """Return for its volatility, a ratio."""
        if self.convention in {Convention.R_PERFORMANCEANALYTICS, Convention.GEOMETRIC_252}:
            return ratio(self.annual_return(), self.volatility())
        per_period = ratio(float(np.mean(self.returns)), self._deviation()) if len(self.returns) else None
        return None if per_period is None else per_period * math.sqrt(self.periods_per_year)

    def sortino(self) -> float | None:
        """Return for its downside deviation, a ratio."""
        if self.convention is Convention.GEOMETRIC_252:
            return ratio(self.annual_return(), self.downside_deviation())
        if not len(self.returns):
            return None
        per_period = ratio(float(np.mean(self.returns)), self._downside())
        if per_period is None or self.convention is Convention.R_PERFORMANCEANALYTICS:
            return per_period
        return per_period * math.sqrt(self.periods_per_year)

    def downside_deviation(self) -> float | None:
        """Annualised root mean square of the returns below zero, over all of them."""
        downside = self._downside()
        return None if downside is None else downside * math.sqrt(self.periods_per_year)

    def var_95_historical(self) -> float | None:
        """The 5 % quantile of the returns, interpolated between order statistics."""
        return finite(float(np.quantile(self.returns, 0.05))) if len(self.returns) else None

    def es_95_historical(self) -> float | None:
        """The mean of the returns at or below the historical value at risk."""
        cutoff = self.var_95_historical()
        return None if cutoff is None else finite(float(np.mean(self.returns[self.returns <= cutoff])))

    def var_95_gaussian(self) -> float | None:
        """The 5 % quantile of a normal distribution with the returns' mean and deviation."""
        deviation = self._deviation()
        return (
            None if deviation is None else finite(float(np.mean(self.returns)) + NormalDist().inv_cdf(0.05) * deviation)
        )

    def es_95_gaussian(self) -> float | None:
        """The mean of that distribution below its 5 % quantile."""
        deviation = self._deviation()
        tail = NormalDist().pdf(NormalDist().inv_cdf(0.05)) / 0.05
        return None if deviation is None else finite(float(np.mean(self.returns)) - tail * deviation)

    def omega(self) -> float | None:
        """Sum of the gains over the sum of the losses, a ratio."""
        gains, losses = np.maximum(self.returns, 0.0), np.minimum(self.returns, 0.0)
        return ratio(float(np.sum(gains)), -float(np.sum(losses)))

    def _geometric_mean(self) -> float:
        # A total loss has no geometric mean; GEOMETRIC_252 counts it as none.
        if bool(np.any(self.returns <= -1.0)):
            return 0.0
        return math.expm1(float(np.mean(np.log1p(self.returns))))

    def _deviation(self) -> float | None:
        if len(self.returns) < 2:
            return None
        deviation = float(np.std(self.returns, ddof=1))
        return 0.0 if deviation <= _NO_DEVIATION * float(np.max(np.abs(self.returns))) else finite(deviation)

    def _downside(self) -> float | None:
        if not len(self.returns):
            return None
        return finite(math.sqrt(float(np.mean(np.minimum(self.returns, 0.0) ** 2))))
