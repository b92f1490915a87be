"""What is drawn of a backtest, worked out from what is stored of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.outcomes import EquityCurve
from scizor.engine.analytics.curve import SessionCurve
from scizor.engine.analytics.drawdowns import DrawdownSpan, depths, drawdown_table
from scizor.engine.analytics.rolling import rolling_sharpe, rolling_volatility
from scizor.engine.analytics.tables import Distribution, MonthlyTable, monthly_table
from scizor.engine.arrays import DateArray, IndexArray
from scizor.services.backtest.downsample import kept_rows
from scizor.services.backtest.tearsheet.material import Material

MAX_POINTS: Final = 1_000
"""Points of one line: more than a page has pixels across."""

_HALF_YEAR: Final = 126
_LEAST_WINDOW: Final = 20
_MOST_BINS: Final = 60
_NO_WIDTH: Final = 0.001
_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Values by date, both of shape (n,)."""

    days: DateArray
    values: FloatArray

    @property
    def thinned(self) -> Line:
        """The line with at most MAX_POINTS points, its extremes among them."""
        if len(self.values) <= MAX_POINTS:
            return self
        rows = kept_rows(np.nan_to_num(self.values), MAX_POINTS)
        return Line(self.days[rows], self.values[rows])


class View:
    """A backtest as it is looked at. `curve` is that from which the run's figures were taken."""

    def __init__(self, material: Material) -> None:
        self.material = material
        points = material.metric("final_equity")
        self.curve = session_curve_of(material.curve, material.results.initial_capital, points.n if points else None)

    @cached_property
    def returns(self) -> FloatArray:
        """Of each session, shape (n_points - 1,) or, for an account that was wiped out, fewer."""
        return self.curve.returns

    @cached_property
    def equity(self) -> Line:
        """Account value by session."""
        return Line(self.curve.days, self.curve.values)

    @cached_property
    def held(self) -> Line | None:
        """What the account would be worth, had it been put into the benchmark; None without one."""
        if self.material.benchmark is None:
            return None
        theirs = self.material.benchmark.returns_between(self.curve.days)
        known = np.flatnonzero(~np.isnan(theirs))
        if not len(known):
            return None
        growth = np.concatenate([[1.0], np.cumprod(1.0 + theirs[known[0] :])])
        # It begins where its bars do, at what the account was worth then.
        return Line(self.curve.days[known[0] :], self.curve.values[known[0]] * growth)

    @cached_property
    def underwater(self) -> Line:
        """Fall from the highest value so far, fractions <= 0."""
        return Line(self.curve.days, depths(self.curve.values))

    @cached_property
    def drawdowns(self) -> tuple[DrawdownSpan, ...]:
        """The five deepest, deepest first."""
        return drawdown_table(self.curve)

    @cached_property
    def months(self) -> MonthlyTable:
        """Returns by year and month."""
        return monthly_table(self.curve)

    @cached_property
    def spread(self) -> Distribution | None:
        """Session returns by size, in bins of which zero is an edge; None without any."""
        if not len(self.returns):
            return None
        low, high = min(float(self.returns.min()), 0.0), max(float(self.returns.max()), 0.0)
        width = (high - low) / int(np.clip(np.sqrt(len(self.returns)) * 1.5, 5, _MOST_BINS)) or _NO_WIDTH
        edges = width * np.arange(np.floor(low / width), max(np.ceil(high / width), 1.0) + 1)
        # What was rounded out of the outermost bin belongs into it.
        counts, _ = np.histogram(np.clip(self.returns, edges[0], edges[-1]), edges)
        return Distribution(edges, counts)

    @cached_property
    def window(self) -> int:
        """Sessions that rolling figures look back over: half a year, less for a short run; 0 for one too short."""
        window = min(_HALF_YEAR, len(self.returns) // 3)
        return window if window >= _LEAST_WINDOW else 0

    @cached_property
    def rolling_sharpe(self) -> Line:
        """Annualised, over `window`."""
        return self._rolled(rolling_sharpe(self.returns, self.window))

    @cached_property
    def rolling_volatility(self) -> Line:
        """Annualised, over `window`."""
        return self._rolled(rolling_volatility(self.returns, self.window))

    def _rolled(self, values: FloatArray) -> Line:
        days = self.curve.days[1 : len(values) + 1]
        return Line(days[self.window - 1 :], values[self.window - 1 :])


def session_curve_of(curve: EquityCurve, initial_capital: float, n_points: int | None) -> SessionCurve:
    """The stored curve by session, from where the run's figures begin: its last `n_points`; all when None.

    A point more than there are sessions is what the account began with.
    """
    days, rows = curve.days.astype("datetime64[D]"), _last_rows(curve)
    n_points = len(rows) if n_points is None else max(n_points, 1)
    kept = rows[max(len(rows) - n_points, 0) :]
    values = curve.equity[kept]
    if n_points <= len(rows):
        return SessionCurve(days[kept], values, kept)
    return SessionCurve(
        np.concatenate([days[kept[:1]] - _DAY, days[kept]]),
        np.concatenate([[initial_capital], values]),
        np.concatenate([[-1], kept]),
    )


def _last_rows(curve: EquityCurve) -> IndexArray:
    """The last bar of each date, in the order of the bars."""
    _, from_the_end = np.unique(curve.days[::-1], return_index=True)
    return np.sort(len(curve.days) - 1 - from_the_end)
