"""One thread's scratch: the memory of one simulation, used again for one combination after the other.

Each combination begins from the records the first one began with, is looked through and run by the kernels that
`Simulation` uses, and leaves its sums; so it ends with the equity that `Simulation` ends with, bit for bit.
"""

from __future__ import annotations

import math

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.engine._jit import njit
from scizor.engine.arrays import BoolArray, IndexArray, Records, kernel_array
from scizor.engine.market import Market
from scizor.engine.portfolio.buffers import Buffers
from scizor.engine.portfolio.loop import run_nb
from scizor.engine.portfolio.memory import copy
from scizor.engine.portfolio.setup import decisions_of, weight_bounds
from scizor.engine.portfolio.state import ACTION, DECISION, account_at, fill_at, trade_at
from scizor.engine.portfolio.survey import survey_nb
from scizor.engine.settings import Settings
from scizor.engine.sweep.figures import COMMISSION, N_HELD, N_TRADES, N_WINS, RUINED, sums_of_curve_nb
from scizor.engine.sweep.lane import LANE, columns_of, run_lanes_nb
from scizor.engine.sweep.plans import Decisions

_FEW_DECISIONS = 1_024


class Lane:
    """What all threads share: the run, and what the fast lane reads.

    `rows`: the last row of each session. `target`: what the shortfalls of returns are measured from.
    """

    def __init__(self, market: Market, settings: Settings, first_row: int, rows: IndexArray, target: float) -> None:
        self.market, self.settings, self.first_row = market, settings, first_row
        self.rows, self.target = rows, target
        self._buffers = Buffers(market, settings, np.zeros(0, DECISION), first_row)
        self.sims, self.columns = self._buffers.sims, columns_of(self._buffers, market.panel)
        most, least = weight_bounds(settings)
        self.bounds = np.array([least, most, most])


class Bench:
    """Runs combinations; see `Simulation` for what it raises. One thread at a time."""

    def __init__(self, lane: Lane) -> None:
        self._lane, self._in_lane = lane, lane.columns.shape[1] > 0
        self._close = kernel_array(lane.market.panel.close)
        n_rows, n_symbols = self._close.shape
        self._records, self._equity, self._scratch = np.zeros(1, LANE), np.empty(n_rows), np.empty((2, n_rows + 1))
        self._room = Decisions.room(n_symbols, 0, n_rows)
        self._n_decisions = min(_FEW_DECISIONS, n_rows) * n_symbols
        self._memory: _Memory | None = None

    def room(self, n: int) -> Decisions:
        """Room for the decisions of n combinations, until it is asked for again."""
        n_symbols, had, n_rows = self._room.rows.shape
        if had != n:
            self._room = Decisions.room(n_symbols, n, n_rows)
        return self._room

    def run(self, decisions: Decisions, raw: FloatArray) -> None:
        """What comes of each of n combinations goes to `raw` (n, N_RAW)."""
        done = 0
        while done < len(raw):
            if self._in_lane:
                done = self._run_lanes(decisions, raw, done)
            if done < len(raw):
                done = self._run(decisions, raw, done, done + 1 if self._in_lane else len(raw))

    def _run_lanes(self, decisions: Decisions, raw: FloatArray, first: int) -> int:
        lane = self._lane
        return run_lanes_nb(
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
        )

    def _run(self, decisions: Decisions, raw: FloatArray, first: int, last: int) -> int:
        lane = self._lane
        if self._memory is None:
            self._memory = _Memory(lane, self._n_decisions)
        memory = self._memory
        done = _run_nb(
            memory.buffers.sims,
            memory.moves,
            (decisions.rows, decisions.weights, decisions.counts),
            memory.matrix,
            self._close,
            memory.known,
            lane.bounds,
            memory.decisions,
            memory.buffers.equity,
            memory.buffers.in_market,
            lane.rows,
            lane.target,
            lane.settings.initial_cash,
            self._scratch,
            raw,
            first,
            last,
        )
        if done < last:
            # It raises for weights that no account of the settings may hold; else the logs were too small for them.
            found = decisions_of(memory.matrix, lane.market, lane.settings, lane.first_row)
            self._n_decisions = 2 * max(len(found), self._n_decisions)
            self._memory = None
        return done


class _Memory:
    """The arrays of a simulation with room for `n_decisions`, and what they were at its beginning."""

    def __init__(self, lane: Lane, n_decisions: int) -> None:
        self.decisions = np.zeros(n_decisions, DECISION)
        self.matrix = np.empty(lane.market.panel.close.shape)
        self.buffers = Buffers(lane.market, lane.settings, self.decisions, lane.first_row)
        self.known = (self.buffers.holdings["last_close"] > 0.0).astype(np.float64)
        sim = self.buffers.sims[0]
        sizes = {name: getattr(self.buffers, name).nbytes for name in ("account", "holdings", "books")}
        sizes["actions"] = int(sim["n_actions"]) * ACTION.itemsize
        self._kept = {name: np.empty(size, np.uint8) for name, size in sizes.items()}
        moves = [(sim[f"at_{name}"], kept.ctypes.data, kept.nbytes) for name, kept in self._kept.items()]
        self.moves = np.array(moves, np.int64)
        _move_nb(self.moves[:, [1, 0, 2]].copy())


@njit
def _move_nb(moves: IndexArray) -> None:
    for place in range(len(moves)):
        copy(moves[place, 0], moves[place, 1], moves[place, 2])


@njit
def _run_nb(
    sims: Records,
    moves: IndexArray,
    decisions: tuple[IndexArray, FloatArray, IndexArray],
    matrix: FloatArray,
    close: FloatArray,
    known: FloatArray,
    bounds: FloatArray,
    found: Records,
    equity: FloatArray,
    in_market: BoolArray,
    rows: IndexArray,
    target: float,
    initial_cash: float,
    scratch: FloatArray,
    raw: FloatArray,
    first: int,
    last: int,
) -> int:
    """Run combinations first..last-1; returns the first that could not be, `last` when all could."""
    n_rows, n_symbols = close.shape
    sim = sims[0]
    first_row = int(sim.first_row)
    closed, standing, decided = np.empty(n_symbols), np.empty(n_symbols), np.empty(n_symbols)
    for one in range(first, last):
        _move_nb(moves)
        in_market[:] = False
        closed[:], standing[:], decided[:] = known, 0.0, 0.0
        matrix[:] = np.nan
        for symbol in range(n_symbols):
            for place in range(decisions[2][symbol, one]):
                matrix[decisions[0][symbol, one, place], symbol] = decisions[1][symbol, one, place]
        row, n_found, _, _ = survey_nb(matrix, close, closed, standing, decided, first_row, found, bounds)
        sims[0].n_decisions = n_found
        if row < n_rows or run_nb(sims, first_row, n_rows) < n_rows:
            return one
        money = account_at(sim.at_account, 0)
        at_once = money.n_fills > 0 and fill_at(sim.at_fills, 0).row == first_row
        begun = initial_cash if at_once or rows[0] > first_row else math.nan
        sums_of_curve_nb(equity, rows, begun, target, scratch, raw[one])
        n_held, n_wins = 0, 0
        for row in range(first_row, n_rows):
            n_held += in_market[row]
        for trade in range(money.n_trades):
            n_wins += trade_at(sim.at_trades, trade).net_pnl > 0.0
        raw[one, N_TRADES], raw[one, N_WINS], raw[one, N_HELD] = money.n_trades, n_wins, n_held
        raw[one, COMMISSION], raw[one, RUINED] = 0.0 - money.commission, money.ruined_row >= 0
    return last
