"""The fast lane: one symbol, decided by weights, in the plainest of accounts, without records of orders and fills.

The general kernel keeps for each order and fill what a report needs and a sweep throws away. This one has the same
arithmetic in the same order, on numbers in registers: final equities are equal bit for bit, which the tests hold it to.
It takes runs whose bars have no gaps and do not overlap, under NEXT_OPEN, without participation bound, corporate
actions, delisting, foreign currency, monthly tiers or margin. A run that is ruined it gives back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.orders import AccountType, FillTiming
from scizor.engine._jit import njit
from scizor.engine.arrays import IndexArray, Records
from scizor.engine.costs.budget import affordable_shares_nb, needed_nb
from scizor.engine.costs.charges import NEW_BILL, Bill, commission_nb
from scizor.engine.costs.pricing import pay_price_nb
from scizor.engine.panel import Panel
from scizor.engine.portfolio.actions import interest_nb
from scizor.engine.portfolio.buffers import Buffers
from scizor.engine.portfolio.ledger import WHOLE, lot_nb, pricing_nb
from scizor.engine.portfolio.state import accrual_at, book_at, schedule_at
from scizor.engine.portfolio.survey import WEIGHT_ROUNDING
from scizor.engine.sweep.figures import COMMISSION, N_HELD, N_TRADES, N_WINS, RUINED, sums_of_curve_nb

_CASH, _MARGIN = int(AccountType.CASH), int(AccountType.MARGIN)
_NEXT_OPEN = int(FillTiming.NEXT_OPEN)

OPEN, CLOSE, VOLUME, DEBIT, CREDIT, BORROW = range(6)
"""What a run reads by row: prices, volume, and what the open accrues on debit, credit and shorts."""

DecisionArrays = tuple[IndexArray, FloatArray, IndexArray]

# The account, the round trip so far, and the bill of the order under way.
LANE = np.dtype(
    [
        *((name, "f8") for name in ("cash", "position", "commission")),
        *((name, "f8") for name in ("entry_cost", "proceeds", "trip_commission")),
        *((name, "f8") for name in ("filled", "value", "share_cost", "paid")),
        *((name, "i8") for name in ("n_trades", "n_wins", "opened")),
    ]
)


@njit
def _fits_nb(sims: Records, missing: bool) -> bool:
    sim = sims[0]
    if sim.n_symbols != 1 or missing or not sim.in_order or sim.timing != _NEXT_OPEN or sim.account_type == _MARGIN:
        return False
    book = book_at(sim.at_books, 0)
    if sim.participation != 0.0 or sim.n_actions > 0 or sim.n_delistings > 0 or book.currency >= 0:
        return False
    return bool(schedule_at(sim.at_schedules, book.schedule).tier_from[0] == math.inf)


def columns_of(buffers: Buffers, panel: Panel) -> FloatArray:
    """What runs read, (6, n_rows); without rows when these may not take the lane."""
    if not _fits_nb(buffers.sims, panel.missing):
        return np.empty((6, 0))
    columns = np.zeros((6, panel.n_rows))
    columns[:3] = panel.open[:, 0], panel.close[:, 0], panel.volume[:, 0]
    _accruals_nb(buffers.sims, columns)
    return columns


@njit
def _accruals_nb(sims: Records, columns: FloatArray) -> None:
    sim = sims[0]
    for place in range(sim.n_accruals):
        accrual = accrual_at(sim.at_accruals, place)
        columns[DEBIT, accrual.at], columns[CREDIT, accrual.at] = accrual.debit, accrual.credit
        columns[BORROW, accrual.at] = accrual.borrow


@njit
def run_lanes_nb(
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
) -> int:
    """Run combinations from `first` on; returns the first that is not for the lane, their number when all are.

    `columns`: see `columns_of`. `decisions`: rows, weights, counts, of the one symbol. `bounds`: the least and the most
    a weight may be, and the most of the sum. `equity` (n_rows,), `scratch`: written over. `rows`, `target`: see
    `sums_of_curve_nb`.
    """
    begun = initial_cash if rows[0] > sims[0].first_row else math.nan
    for one in range(first, len(raw)):
        at, weights, n = decisions[0][one], decisions[1][one], decisions[2][one]
        if not _run_nb(sims, lanes, initial_cash, columns, at[:n], weights[:n], bounds, equity, raw[one]):
            return one
        sums_of_curve_nb(equity, rows, begun, target, scratch, raw[one])
    return len(raw)


@njit
def _run_nb(
    sims: Records,
    lanes: Records,
    initial_cash: float,
    columns: FloatArray,
    decided_at: IndexArray,
    weights: FloatArray,
    bounds: FloatArray,
    equity: FloatArray,
    raw: FloatArray,
) -> bool:
    """Run one combination; False when it is not for the lane: it is ruined, or a weight is out of bounds."""
    sim, lane = sims[0], lanes[0]
    n_rows, row, place = columns.shape[1], int(sim.first_row), 0
    lane.cash, lane.position, lane.commission = initial_cash, 0.0, 0.0
    lane.n_trades = lane.n_wins = 0
    target, wanted, n_held = 0.0, math.nan, 0
    while row < n_rows:
        if row > sim.first_row:
            held = lane.position != 0.0
            _accrue_nb(sim, lane, columns, row)
            _trade_nb(sim, lane, target, wanted, columns[OPEN, row], columns[VOLUME, row])
            # Held at some time of the row; what is held at its close is counted with the rows that follow.
            n_held += 1 if (held or lane.opened != 0) and lane.position == 0.0 else 0
        while place < len(weights) and (decided_at[place] < row or weights[place] == target):
            place += 1
        decided = decided_at[place] if place < len(weights) else n_rows
        after = min(decided + 1, n_rows)
        if not _coast_nb(sim, lane, columns, row, after, equity):
            return False
        n_held += (after - row) * (lane.position != 0.0)
        row = after
        if decided < n_rows:
            target = weights[place]
            if not bounds[0] <= target <= bounds[1] or abs(target) > bounds[2] + WEIGHT_ROUNDING:
                return False
            if not sim.sized_at_fill:
                price, volume = columns[CLOSE, decided], columns[VOLUME, decided]
                wanted = _wanted_nb(sim, target, equity[decided], price, volume)
    if sim.close_at_end and lane.position != 0.0:
        _new_bill_nb(lane)
        side, price, volume = 1 if lane.position < 0.0 else -1, columns[CLOSE, n_rows - 1], columns[VOLUME, n_rows - 1]
        _fill_nb(sim, lane, side, abs(lane.position), price, volume)
        equity[n_rows - 1] = lane.cash
    raw[N_TRADES], raw[N_WINS], raw[N_HELD] = lane.n_trades, lane.n_wins, n_held
    raw[COMMISSION], raw[RUINED] = 0.0 - lane.commission, 0.0
    return True


@njit
def _accrue_nb(sim: Any, lane: Any, columns: FloatArray, row: int) -> None:
    interest = interest_nb(lane.cash, columns[DEBIT, row], columns[CREDIT, row], sim.credit_from)
    short_value = lane.position * columns[CLOSE, row - 1] if lane.position < 0.0 else 0.0
    lane.cash += interest + columns[BORROW, row] * short_value


@njit
def _coast_nb(sim: Any, lane: Any, columns: FloatArray, first: int, last: int, equity: FloatArray) -> bool:
    """Mark rows first..last-1, all but the first after their interest; False when one is the ruin."""
    cash, position = lane.cash, lane.position
    marks, closes = equity[first:last], columns[CLOSE, first:last]
    if sim.n_accruals == 0 or (position >= 0.0 and 0.0 <= cash <= sim.credit_from):
        for at in range(len(marks)):
            marks[at] = cash + position * closes[at]
    elif position >= 0.0 and cash >= 0.0:
        marks[0] = cash + position * closes[0]
        rates = columns[CREDIT, first:last]
        for at in range(1, len(marks)):
            cash += (cash - sim.credit_from) * rates[at]
            marks[at] = cash + position * closes[at]
        lane.cash = cash
    else:
        marks[0] = cash + position * closes[0]
        for at in range(1, len(marks)):
            _accrue_nb(sim, lane, columns, first + at)
            marks[at] = lane.cash + position * closes[at]
    if position > 0.0 and cash >= 0.0:
        return True
    n_ruined = 0
    for at in range(len(marks)):
        n_ruined += marks[at] <= 0.0
    return n_ruined == 0


@njit
def _new_bill_nb(lane: Any) -> None:
    lane.filled = lane.value = lane.share_cost = lane.paid = 0.0
    lane.opened = 0


@njit
def _wanted_nb(sim: Any, weight: float, equity: float, price: float, volume: float) -> float:
    """As `portfolio.funds.wanted_nb`."""
    side = 1 if weight >= 0.0 else -1
    budget = abs(weight) * equity * sim.invested * WHOLE
    if budget <= 0.0:
        return 0.0
    book, pricing = book_at(sim.at_books, 0), pricing_nb(sim)
    schedule = schedule_at(sim.at_schedules, book.schedule)
    return side * affordable_shares_nb(
        budget, book.lot_size, pricing, schedule, NEW_BILL, side, price, volume, math.nan, book.tick_size, 0.0
    )


@njit
def _trade_nb(sim: Any, lane: Any, weight: float, wanted: float, price: float, volume: float) -> None:
    """An order by weight at an open, as `portfolio.auction` has it: what closes, the size, then the rest."""
    _new_bill_nb(lane)
    sized = not math.isnan(wanted)
    if not sized:
        if lane.position != 0.0 and not lane.position * weight > 0.0:
            _fill_nb(sim, lane, -1 if lane.position > 0.0 else 1, abs(lane.position), price, volume)
        worth = lane.cash
        if lane.position != 0.0:
            worth += lane.position * price
        wanted = _wanted_nb(sim, weight, worth, price, volume)
    lacking = lot_nb(wanted - lane.position, book_at(sim.at_books, 0).lot_size)
    side, quantity = 1 if lacking > 0.0 else -1, lane.filled + abs(lacking)
    if lacking == 0.0:
        return
    rest, closing = lot_nb(quantity - lane.filled, book_at(sim.at_books, 0).lot_size), 0.0
    if lane.position * side < 0.0:
        closing = min(rest, abs(lane.position))
        _fill_nb(sim, lane, side, closing, price, volume)
    adding = rest - closing
    if adding <= 0.0:
        return
    allowed = _allowed_nb(sim, lane, side, adding, price, volume)
    if allowed > 0.0:
        _fill_nb(sim, lane, side, allowed, price, volume)


@njit
def _allowed_nb(sim: Any, lane: Any, side: int, shares: float, price: float, volume: float) -> float:
    """As `portfolio.funds.allowed_nb`."""
    if side < 0:
        return 0.0 if sim.account_type == _CASH else shares
    book, pricing, budget = book_at(sim.at_books, 0), pricing_nb(sim), lane.cash * WHOLE
    schedule = schedule_at(sim.at_schedules, book.schedule)
    bill = Bill(lane.filled, lane.value, lane.share_cost, lane.paid)
    if needed_nb(pricing, schedule, bill, side, shares, price, volume, math.nan, book.tick_size, 0.0) <= budget:
        return shares
    most = affordable_shares_nb(
        budget, book.lot_size, pricing, schedule, bill, side, price, volume, math.nan, book.tick_size, 0.0
    )
    return min(most, shares)


@njit
def _fill_nb(sim: Any, lane: Any, side: int, shares: float, reference: float, volume: float) -> None:
    """As `portfolio.ledger.book_fill_nb`."""
    book, before = book_at(sim.at_books, 0), lane.position
    schedule = schedule_at(sim.at_schedules, book.schedule)
    price = pay_price_nb(pricing_nb(sim), side, reference, shares, volume, math.nan, book.tick_size)
    bill = commission_nb(schedule, Bill(lane.filled, lane.value, lane.share_cost, lane.paid), side, shares, price, 0.0)
    paid = bill.paid - lane.paid
    lane.filled, lane.value = lot_nb(bill.shares, book.lot_size), bill.value
    lane.share_cost, lane.paid = bill.share_cost, bill.paid
    value = shares * price
    lane.cash += -side * value - paid
    lane.commission -= paid
    lane.position = lot_nb(before + side * shares, book.lot_size)
    if before == 0.0:
        lane.entry_cost = lane.proceeds = lane.trip_commission = 0.0
        lane.opened = 1
    lane.trip_commission += paid
    if before * side >= 0.0:
        lane.entry_cost += value
        return
    lane.proceeds += value
    if lane.position == 0.0:
        lane.n_trades += 1
        lane.n_wins += -side * (lane.proceeds - lane.entry_cost) - lane.trip_commission > 0.0
