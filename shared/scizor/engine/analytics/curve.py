"""The account's value by session: what returns, drawdowns and tables are taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.ratios import simple_returns
from scizor.engine.arrays import DateArray, IndexArray, Records
from scizor.engine.panel import Panel
from scizor.engine.result import Result

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class SessionCurve:
    """Account value at the end of each session, shape (n_points,), and the row and the day of each point.

    The first point is what the account began with. Where an order could have filled in the first session it is a point
    before that session (row -1, the day before), so that the session has a return; in bars of whole days it is the
    first session itself, at whose close the first decision is taken.
    """

    days: DateArray
    values: FloatArray
    rows: IndexArray

    @property
    def n_sessions(self) -> int:
        """Sessions that the run traded in or could decide in."""
        return len(self.rows) - int(self.rows[0] < 0)

    @property
    def sessions(self) -> DateArray:
        """Their dates."""
        return self.days[len(self.days) - self.n_sessions :]

    @property
    def returns(self) -> FloatArray:
        """Return of each session, up to and including the one that wiped the account out; shape (n_points - 1,)."""
        return simple_returns(self.values)

    @property
    def n_days(self) -> int:
        """Days from the first session to the last."""
        return int((self.days[-1] - self.sessions[0]).astype(int))


def session_curve(result: Result, panel: Panel) -> SessionCurve:
    """From the first row that was traded on. A session's value is that at the close of its last row."""
    first = result.first_row
    rows = _last_rows(panel, first)
    days, values = panel.sessions[rows], result.equity[rows]
    if rows[0] > first or len(_first_fills(result)):
        days, rows = np.concatenate([[days[0] - _DAY], days]), np.concatenate([[-1], rows])
        values = np.concatenate([[initial_cash(result)], values])
    return SessionCurve(days, values, rows)


def initial_cash(result: Result) -> float:
    """What the account began with: the cash at the first close, less what the fills before it moved."""
    fills = _first_fills(result)
    paid = fills["side"] * fills["quantity"] * fills["price"] * fills["rate"] + fills["commission"] + fills["fx_cost"]
    return float(result.cash[result.first_row]) + float(np.sum(paid))


def calendar_returns(curve: SessionCurve, skip: tuple[int, int] = (1, 1)) -> tuple[FloatArray, float]:
    """A return for each calendar day of the run but the first and last `skip`, and the growth in what is left out.

    A day without a session has a return of zero. The first day's is that since the account began.
    """
    sessions, values = curve.sessions, curve.values[len(curve.values) - curve.n_sessions :]
    days = (sessions - sessions[0]).astype(np.int64)
    by_day = values[np.searchsorted(days, np.arange(days[-1] + 1), side="right") - 1]
    returns = simple_returns(np.concatenate([curve.values[:1], by_day]))
    begin, end = min(skip[0], len(returns)), max(len(returns) - skip[1], skip[0])
    outside = np.prod(1.0 + returns[:begin]) * np.prod(1.0 + returns[end:])
    return returns[begin:end], float(outside)


def _last_rows(panel: Panel, first: int) -> IndexArray:
    """The last row of each session from row `first` on, in the order of the rows."""
    ends = panel.session_ends[np.searchsorted(panel.session_ends, first) :]
    dates = panel.sessions[ends].view(np.int64)
    if bool(np.all(np.diff(dates) > 0)):
        return ends
    # Sessions of exchanges that overlap: a date may come back.
    _, from_the_end = np.unique(dates[::-1], return_index=True)
    return np.sort(ends[len(dates) - 1 - from_the_end])


def _first_fills(result: Result) -> Records:
    return result.fills[result.fills["row"] <= result.first_row]
