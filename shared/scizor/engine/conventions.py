"""A metric is a number and the convention it was computed under.

The service reports TRADING_DAY_252. The others are here for proof: published figures exist under each of them, so the
formulas are held to numbers that other people computed.

| convention | annual return | CAGR | volatility | Sharpe | Sortino |
|---|---|---|---|---|---|
| TRADING_DAY_252 | mean x P | growth ^ (P/n) - 1 | sd x sqrt(P) | mean / sd x sqrt(P) | mean / dd x sqrt(P) |
| EMPYRICAL | its CAGR | growth ^ (P/N) - 1 | as above | as above | as above |
| R_PERFORMANCEANALYTICS | its CAGR | growth ^ (P/n) - 1 | as above | annual / volatility | mean / dd |
| GEOMETRIC_252 | (1+g)^P - 1 | growth ^ (365.25/D) - 1 | compounded | annual / volatility | annual / dd / sqrt(P) |

P: periods a year (252 unless told); n: returns that exist; N: all samples, missing ones too; sd: ddof 1; dd: root mean
square of the returns below zero over all n; g: geometric mean return; D: calendar days of the run; annual: annual
return; compounded: sqrt((sd^2 + (1+g)^2)^P - (1+g)^(2P)). The risk-free rate is zero. Calmar is compound growth (CAGR;
under GEOMETRIC_252 the annual return) over the maximum drawdown. Profit factor is over net P&L, under GEOMETRIC_252
over trade returns.

Sources: empyrical (`stats.py`), R's PerformanceAnalytics (`Return.annualized`, `SharpeRatio.annualized`,
`SortinoRatio`), and for GEOMETRIC_252 the moments of compounded returns (doi 10.2139/ssrn.3054517).
"""

from __future__ import annotations

from enum import StrEnum


class Convention(StrEnum):
    """How returns are annualised and ratios built; see the table of this module."""

    TRADING_DAY_252 = "TRADING_DAY_252"
    EMPYRICAL = "EMPYRICAL"
    R_PERFORMANCEANALYTICS = "R_PERFORMANCEANALYTICS"
    GEOMETRIC_252 = "GEOMETRIC_252"


def label(convention: Convention, periods_per_year: float) -> str:
    """The convention's name; other than 252 periods a year are said."""
    return str(convention) if periods_per_year == 252 else f"{convention}@{periods_per_year:g}"
