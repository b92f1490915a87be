"""The figures of each combination: sums taken in a kernel, and the formulas of `analytics` over whole batches of them.

So a sweep's Sharpe ratio is the one that the analytics of the same run print, but for the order of additions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.analytics import ratios
from scizor.engine.analytics.conventions import Terms
from scizor.engine.analytics.moments import Moments
from scizor.engine.arrays import DateArray, IndexArray, Records

# What the kernel leaves of a combination, a row of floats.
N_RETURNS, FIRST, LAST, MEAN, M2, SHORTFALL, DEPTH = range(7)
N_TRADES, N_WINS, N_HELD, COMMISSION, RUINED = range(7, 12)
N_RAW = 12

# As in `analytics.moments`: a deviation this small beside the returns it is of is the rounding of equal returns.
_NO_DEVIATION = 1e-13

FIGURES = [
    *((name, "f8") for name in ("final_equity", "total_return", "cagr", "volatility", "sharpe", "sortino", "calmar")),
    *(("max_drawdown", "f8"), ("n_trades", "i8"), ("win_rate", "f8"), ("time_in_market", "f8"), ("commissions", "f8")),
    *(("n_returns", "i8"), ("ruined", "?")),
]


def last_rows(sessions: DateArray, first_row: int) -> IndexArray:
    """The last row of each session from `first_row` on: the points of the curve, as in `analytics.curve`."""
    _, from_the_end = np.unique(sessions[first_row:][::-1], return_index=True)
    return np.sort(len(sessions) - 1 - from_the_end)


@njit
def sums_of_curve_nb(
    equity: FloatArray, rows: IndexArray, begun: float, target: float, scratch: FloatArray, raw: FloatArray
) -> None:
    """The curve's part of `raw` (N_RAW,). `rows`: the last row of each session.

    `begun`: what the account began with where that is a point of the curve, else NaN. `scratch`: (2, at least one more
    than there are rows). Returns end with the first session that leaves nothing.
    """
    values, returns = scratch[0], scratch[1]
    shift = 0 if math.isnan(begun) else 1
    if shift > 0:
        values[0] = begun
    n = len(rows) + shift
    if len(rows) == len(equity) - rows[0]:
        values[shift:n] = equity[rows[0] :]
    else:
        for at in range(len(rows)):
            values[at + shift] = equity[rows[at]]
    n_returns = n - 1
    peak, least = values[0], 1.0
    for at in range(1, n):
        value = values[at]
        peak = max(peak, value)
        if value < least * peak:
            least = value / peak
            if value <= 0.0:
                n_returns = min(n_returns, at)
    raw[N_RETURNS], raw[FIRST], raw[LAST], raw[DEPTH] = n_returns, values[0], values[n - 1], least - 1.0
    raw[MEAN], raw[M2], raw[SHORTFALL] = np.nan, 0.0, 0.0
    if n_returns > 0:
        # One division of arrays, not many of floats: those are each looked at for a zero, and take five times as long.
        np.divide(values[1 : n_returns + 1], values[:n_returns], returns[:n_returns])
        _sums_nb(returns[:n_returns], target, raw)


@njit
def _sums_nb(returns: FloatArray, target: float, raw: FloatArray) -> None:
    """Mean and sums of squares of `returns` (n,), given as growths."""
    n = len(returns)
    for at in range(n):
        returns[at] -= 1.0
    mean = _sum_nb(returns) / n
    m2 = _squares_nb(returns, mean)
    for at in range(n):
        returns[at] = min(returns[at] - target, 0.0)
    # No return is further from zero than the mean and the root of m2 together.
    all_but_equal = m2 <= n * (_NO_DEVIATION * (abs(mean) + math.sqrt(m2))) ** 2
    raw[MEAN], raw[M2], raw[SHORTFALL] = mean, 0.0 if all_but_equal else m2, _squares_nb(returns, 0.0)


@njit
def _sum_nb(values: FloatArray) -> float:
    # In four lanes that do not wait for each other's additions.
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    whole = len(values) // 4 * 4
    for at in range(0, whole, 4):
        one += values[at]
        two += values[at + 1]
        three += values[at + 2]
        four += values[at + 3]
    for at in range(whole, len(values)):
        one += values[at]
    return (one + two) + (three + four)


@njit
def _squares_nb(values: FloatArray, centre: float) -> float:
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    whole = len(values) // 4 * 4
    for at in range(0, whole, 4):
        a, b, c, d = values[at] - centre, values[at + 1] - centre, values[at + 2] - centre, values[at + 3] - centre
        one += a * a
        two += b * b
        three += c * c
        four += d * d
    for at in range(whole, len(values)):
        rest = values[at] - centre
        one += rest * rest
    return (one + two) + (three + four)


def fill_figures(raw: FloatArray, n_rows: int, terms: Terms, out: Records) -> None:
    """The fields of `FIGURES` in `out` (n,) from `raw` (n, N_RAW); NaN where one is undefined."""
    out["final_equity"], out["n_trades"], out["n_returns"] = raw[:, LAST], raw[:, N_TRADES], raw[:, N_RETURNS]
    out["max_drawdown"], out["commissions"], out["ruined"] = raw[:, DEPTH], raw[:, COMMISSION], raw[:, RUINED]
    out["time_in_market"] = raw[:, N_HELD] / n_rows
    with np.errstate(all="ignore"):
        out["total_return"] = raw[:, LAST] / raw[:, FIRST] - 1.0
        out["win_rate"] = raw[:, N_WINS] / raw[:, N_TRADES]
        for n in np.unique(raw[:, N_RETURNS]):
            same = raw[:, N_RETURNS] == n
            moments = _moments(raw[same], int(n))
            for name, formula, at_least in _FORMULAS:
                enough = n >= at_least
                values = formula(moments, terms) if enough else np.nan
                out[name][same] = np.where(np.isfinite(values), values, np.nan)


_FORMULAS: Any = (
    ("cagr", ratios.cagr, 1),
    ("volatility", ratios.volatility, 2),
    ("sharpe", ratios.sharpe, 2),
    ("sortino", ratios.sortino, 1),
    ("calmar", ratios.calmar, 1),
)


def _moments(raw: FloatArray, n: int) -> Moments:
    unknown = np.full(len(raw), np.nan)
    growth = raw[:, LAST] / raw[:, FIRST]
    return Moments(
        n=n,
        mean=raw[:, MEAN],
        m2=raw[:, M2],
        m3=unknown,
        m4=unknown,
        shortfall_squares=raw[:, SHORTFALL],
        gains=unknown,
        losses=unknown,
        n_negative=unknown,
        m2_negative=unknown,
        growth=growth,
        depth=raw[:, DEPTH],
        low=unknown,
        high=unknown,
        shortfall=unknown,
    )
