"""Combinations whose curves are kept: what a sweep throws away, where parts of the sessions are to be looked at too.

The kernels are those of a sweep, and so are the figures. A curve is kept as the return of each session, which sets of
sessions are then cut out of and put together again.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.analytics.conventions import Terms
from scizor.engine.arrays import IndexArray, Records
from scizor.engine.market import Market
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.sweep.bench import Bench, Lane
from scizor.engine.sweep.figures import (
    COMMISSION,
    FIGURES,
    N_HELD,
    N_RAW,
    N_TRADES,
    N_WINS,
    RUINED,
    fill_figures,
    last_rows,
    sums_of_curve_nb,
)
from scizor.engine.sweep.lane import DecisionArrays, run_lanes_nb
from scizor.engine.sweep.plans import Decisions


class Stage:
    """One market under one account's settings, on which runs are made one after the other, on one thread.

    `rows`: the last row of each session; `sessions`: their dates.
    """

    def __init__(self, market: Market, settings: Settings, terms: Terms | None = None) -> None:
        self.market, self.settings, self.terms = market, settings, terms or Terms()
        panel = market.panel
        self.rows = last_rows(panel.sessions, 0)
        self.sessions = panel.sessions[self.rows]
        self._lane = Lane(market, settings, 0, self.rows, self.terms.target)
        self.bench = _CurveBench(self._lane)
        self._scratch = np.empty((2, panel.n_rows + 1))

    def new_raw(self, n: int) -> FloatArray:
        """Room for what n runs leave."""
        return np.full((n, N_RAW), np.nan)

    def new_returns(self, n: int) -> FloatArray:
        """Room for the returns of n runs, by session."""
        return np.zeros((n, len(self.rows)))

    def run(self, decisions: Decisions, raw: FloatArray, returns: FloatArray) -> None:
        """What comes of each of n combinations goes to `raw` and `returns`. Raises as `Simulation`."""
        self.bench.curves = returns
        self.bench.run(decisions, raw)
        _to_returns(returns, self.settings.initial_cash)

    def keep(self, result: Result, raw: FloatArray, returns: FloatArray) -> None:
        """The same of a run that is done: one row of each."""
        at_once = len(result.fills) > 0 and result.fills["row"][0] == 0
        begun = self.settings.initial_cash if at_once or self.rows[0] > 0 else math.nan
        sums_of_curve_nb(result.equity, self.rows, begun, self.terms.target, self._scratch, raw[0])
        raw[0, N_TRADES], raw[0, N_WINS] = len(result.trades), np.count_nonzero(result.trades["net_pnl"] > 0.0)
        raw[0, N_HELD], raw[0, RUINED] = np.count_nonzero(result.in_market), result.ruined
        raw[0, COMMISSION] = 0.0 - result.costs.commission
        returns[0] = result.equity[self.rows]
        _to_returns(returns, self.settings.initial_cash)

    def figures(self, raw: FloatArray) -> Records:
        """The fields of `FIGURES`, shape (n,), NaN where one is undefined; rows of NaN stay rows of NaN."""
        records = np.zeros(len(raw), np.dtype(FIGURES))
        done = ~np.isnan(raw[:, 0])
        found = records[done]
        days = int((self.sessions[-1] - self.sessions[0]).astype(int))
        fill_figures(raw[done], self.market.panel.n_rows, replace(self.terms, days=days), found)
        records[done] = found
        for name, kind in FIGURES:
            if kind == "f8":
                records[name][~done] = np.nan
        return records


class _CurveBench(Bench):
    """A bench that copies the curve of each combination before the next one is run over it."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(lane)
        self.curves = np.empty((0, 0))

    def _run_lanes(self, decisions: Decisions, raw: FloatArray, first: int) -> int:
        lane = self._lane
        return _lanes_with_curves_nb(
            lane.sims,
            self._records,
            lane.settings.initial_cash,
            lane.columns,
            decisions.of(0),
            lane.bounds,
            self._equity,
            lane.rows,
            lane.target,
            self._scratch,
            raw,
            first,
            self.curves,
        )

    def _run(self, decisions: Decisions, raw: FloatArray, first: int, last: int) -> int:
        done = super()._run(decisions, raw, first, first + 1)
        if done > first and self._memory is not None:
            self.curves[first] = self._memory.buffers.equity[self._lane.rows]
        return done


@njit
def _lanes_with_curves_nb(
    sims: Records,
    lanes: Records,
    initial_cash: float,
    columns: FloatArray,
    decisions: DecisionArrays,
    bounds: FloatArray,
    equity: FloatArray,
    rows: IndexArray,
    target: float,
    scratch: FloatArray,
    raw: FloatArray,
    first: int,
    curves: FloatArray,
) -> int:
    for one in range(first, len(raw)):
        so_far = raw[: one + 1]
        done = run_lanes_nb(
            sims, lanes, initial_cash, columns, decisions, bounds, equity, rows, target, scratch, so_far, one
        )
        if done == one:
            return one
        for at in range(len(rows)):
            curves[one, at] = equity[rows[at]]
    return len(raw)


def _to_returns(curves: FloatArray, begun: float) -> None:
    """Account values at the end of each session, (n, n_sessions), to returns; 0 from the first that leaves nothing."""
    before = np.empty_like(curves)
    before[:, 0], before[:, 1:] = begun, curves[:, :-1]
    for one in np.flatnonzero(curves.min(axis=1) <= 0.0):
        gone = int(np.argmax(curves[one] <= 0.0))
        curves[one, gone], curves[one, gone + 1 :], before[one, gone + 1 :] = 0.0, 1.0, 1.0
    np.divide(curves, before, out=curves)
    curves -= 1.0
