"""A metric is a number and the convention it was computed under.

| convention | samples | annual return | CAGR | volatility | Sharpe | Sortino |
|---|---|---|---|---|---|---|
| TRADING_DAY_252 | sessions | mean x P | growth ^ (P/n) - 1 | sd x sqrt(P) | (mean - f) / sd x sqrt(P) | (mean - f) / dd x sqrt(P) |
| EMPYRICAL | sessions | its CAGR | growth ^ (P/N) - 1 | as above | as above | as above |
| R_PERFORMANCEANALYTICS | sessions | its CAGR | growth ^ (P/n) - 1 | as above | (annual - F) / volatility | (mean - f) / dd |
| GEOMETRIC_252 | sessions | (1+g)^P - 1 | growth ^ (365.25/D) - 1 | compounded | (annual - F) / volatility | (annual - F) / dd / sqrt(P) |
| LEAN_CALENDAR_252 | calendar days | (1+mean)^P - 1 | growth ^ (365/d) - 1 | sd x sqrt(P) | (annual - F) / volatility | (annual - F) / sn / sqrt(P) |

P: periods a year (252 unless told); n: returns that exist; N: all samples, missing ones too; sd: ddof 1; g: geometric
mean return; D: days from the first session to the last; annual: annual return; compounded: sqrt((sd^2 + (1+g)^2)^P -
(1+g)^(2P)).

F: the risk-free rate of a year, f: that of a period, F/P under TRADING_DAY_252, else (1+F)^(1/P) - 1. dd: root mean
square, over all n, of how far returns fall below the target: f, under GEOMETRIC_252 and LEAN_CALENDAR_252 zero; the
target is Omega's threshold too.

LEAN_CALENDAR_252 has a sample for each calendar day from the first session to the last, those without a session being
zero; the first and the last are left out, unless told otherwise. sn: sd of the returns below zero alone; d: days, with their fraction, from the
start of the run to its last close.

Calmar is compound growth (CAGR; under GEOMETRIC_252 the annual return) over the maximum drawdown. Profit factor is over
net P&L, under GEOMETRIC_252 over trade returns. The probabilistic Sharpe ratio wants raw kurtosis and a hurdle of zero;
under LEAN_CALENDAR_252 it has, as that engine does, unbiased excess kurtosis and a hurdle of one a year. Figures
against a benchmark: see `analytics.benchmark`.

Sources: empyrical (`stats.py`), R's PerformanceAnalytics (`Return.annualized`, `SharpeRatio.annualized`,
`SortinoRatio`), for GEOMETRIC_252 the moments of compounded returns (doi 10.2139/ssrn.3054517), and LEAN
(`PortfolioStatistics.cs`, `Statistics.cs`).
"""  # noqa: E501  one row of a table is one line

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Convention(StrEnum):
    """How returns are sampled and annualised and ratios built; see the table of this module."""

    TRADING_DAY_252 = "TRADING_DAY_252"
    EMPYRICAL = "EMPYRICAL"
    R_PERFORMANCEANALYTICS = "R_PERFORMANCEANALYTICS"
    GEOMETRIC_252 = "GEOMETRIC_252"
    LEAN_CALENDAR_252 = "LEAN_CALENDAR_252"


def label(convention: Convention, periods_per_year: float) -> str:
    """The convention's name; other than 252 periods a year are said."""
    return str(convention) if periods_per_year == 252 else f"{convention}@{periods_per_year:g}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a formula needs beside the returns. Letters are those of this module's table.

    `risk_free`: F. `days`: D, None when unknown. `years`: from the start to the last close, in years of 365 days.
    `n_missing`: N - n. `growth_outside`: growth of the run in what the samples leave out.
    """

    convention: Convention = Convention.TRADING_DAY_252
    periods_per_year: float = 252.0
    risk_free: float = 0.0
    days: int | None = None
    years: float | None = None
    n_missing: int = 0
    growth_outside: float = 1.0

    @property
    def period_rate(self) -> float:
        """f: the risk-free rate of one period."""
        if self.convention is Convention.TRADING_DAY_252:
            return self.risk_free / self.periods_per_year
        return math.pow(1.0 + self.risk_free, 1.0 / self.periods_per_year) - 1.0

    @property
    def target(self) -> float:
        """What a return must reach not to count as a fall short."""
        by_zero = self.convention in {Convention.GEOMETRIC_252, Convention.LEAN_CALENDAR_252}
        return 0.0 if by_zero else self.period_rate
