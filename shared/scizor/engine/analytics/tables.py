"""Returns laid out for reading: by month, and by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.curve import SessionCurve
from scizor.engine.arrays import IndexArray

_MONTHS = 12


@dataclass(frozen=True, slots=True, eq=False)
class MonthlyTable:
    """Returns by year (rows) and month (columns 0 to 11), fractions, NaN where the run has no session.

    `totals`: of each year. The months of a year compound to its total, and the totals to the run's.
    """

    years: IndexArray
    returns: FloatArray
    totals: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """How many returns fall into each bin: `edges` (n_bins + 1,), `counts` (n_bins,); the last bin holds its end."""

    edges: FloatArray
    counts: IndexArray


def month_returns(curve: SessionCurve) -> FloatArray:
    """The return of each month that has a session, in order."""
    return _between(curve, "datetime64[M]")[1]


def monthly_table(curve: SessionCurve) -> MonthlyTable:
    """Months and years by the date of the session; the first counts from what the account began with."""
    months, month_growth = _between(curve, "datetime64[M]")
    years, totals = _between(curve, "datetime64[Y]")
    every = np.arange(years[0], years[-1] + 1)
    returns, by_year = np.full((len(every), _MONTHS), np.nan), np.full(len(every), np.nan)
    returns[months // _MONTHS - every[0], months % _MONTHS] = month_growth
    by_year[years - every[0]] = totals
    return MonthlyTable(every + 1970, returns, by_year)


def distribution(returns: FloatArray, n_bins: int = 40) -> Distribution:
    """Returns in bins of equal width from the lowest to the highest. Raises InvalidInput for n_bins below 1."""
    if n_bins < 1:
        raise InvalidInput.of_field("n_bins", "must be at least 1")
    counts, edges = np.histogram(returns, n_bins)
    return Distribution(edges, counts.astype(np.int64))


def _between(curve: SessionCurve, unit: str) -> tuple[IndexArray, FloatArray]:
    """The periods (since 1970) that have a session, and what was earned in each."""
    sessions = curve.sessions
    periods = sessions.astype(unit).astype(np.int64)
    lasts = np.append(np.flatnonzero(periods[1:] != periods[:-1]), len(periods) - 1)
    values = curve.values[len(curve.values) - len(sessions) :][lasts]
    before = np.concatenate([curve.values[:1], values[:-1]])
    return periods[lasts], np.where(before > 0, values / np.where(before > 0, before, 1.0) - 1.0, np.nan)
