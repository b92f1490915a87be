"""Rows in which nothing but prices and interest moves the account: most of a long run."""

from __future__ import annotations

from typing import Any

from scizor.domain.orders import AccountType, OrderState, OrderType, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.portfolio.actions import accrue_nb, accrued_nb, next_accrual_nb
from scizor.engine.portfolio.calendar import has_bar_nb, is_last_nb, lasts_nb
from scizor.engine.portfolio.closing import NEVER, record_nb, requirement_nb, values_nb
from scizor.engine.portfolio.funds import due_nb
from scizor.engine.portfolio.memory import flags, float_at, floats, int_at
from scizor.engine.portfolio.state import (
    account_at,
    action_at,
    decision_at,
    delisting_at,
    holding_at,
    order_at,
)
from scizor.engine.portfolio.walk import in_reach_nb

_WORKING, _DAY = int(OrderState.WORKING), int(TimeInForce.DAY)
_MARKET, _MARGIN = int(OrderType.MARKET), int(AccountType.MARGIN)


@njit
def decided_nb(sim: Any) -> int:
    """The row of the next decision that is known beforehand."""
    place = account_at(sim.at_account, 0).next_decision
    return int(decision_at(sim.at_decisions, place).row) if place < sim.n_decisions else int(sim.n_rows)


@njit
def coast_nb(sim: Any, first: int, last: int) -> int:
    """Run rows in which nothing but prices and interest moves the account; returns the first that may be other.

    Stops after a row with a decision.
    """
    money = account_at(sim.at_account, 0)
    if not sim.in_order or money.ruined_row >= 0:
        return first
    stop = min(last, decided_nb(sim) + 1)
    if money.next_action < sim.n_actions:
        stop = min(stop, action_at(sim.at_actions, money.next_action).at)
    if money.next_delisting < sim.n_delistings:
        stop = min(stop, delisting_at(sim.at_delistings, money.next_delisting).row)
    if sim.close_at_end:
        stop = min(stop, sim.n_rows - 1)
    row = first
    if sim.n_symbols == 1 and sim.n_rates == 0 and not sim.has_gaps and money.n_active == 0 and money.n_calls == 0:
        row = _coast_alone_nb(sim, first, stop)
    else:
        while row < stop and money.n_calls == 0 and (money.n_active == 0 or _asleep_nb(sim, row)):
            if not _quiet_row_nb(sim, row):
                break
            row += 1
    money.next_open = max(money.next_open, row)
    return row


@njit
def _quiet_row_nb(sim: Any, row: int) -> bool:
    """Mark a row; False, and nothing changed, when ruin or a margin call wait at its close."""
    money = account_at(sim.at_account, 0)
    accrues, interest, borrow = next_accrual_nb(sim) == row, 0.0, 0.0
    if accrues:
        interest, borrow = accrued_nb(sim, row)
    cash = money.cash + (interest + borrow)
    long_value, short_value = values_nb(sim, row)
    equity = cash + long_value + short_value + due_nb(sim, row)
    if equity <= 0.0 or equity < requirement_nb(sim, long_value, short_value):
        _recall_nb(sim, row)
        return False
    if accrues:
        accrue_nb(sim, interest, borrow)
    money.equity, money.long_value, money.short_value = equity, long_value, short_value
    money.was_held = money.n_held > 0
    record_nb(sim, row)
    return True


@njit
def _coast_alone_nb(sim: Any, first: int, stop: int) -> int:
    """As _quiet_row_nb from row to row, for one symbol without gaps in the account's currency: most of a long run."""
    row = first
    while row < stop:
        accrues_at = next_accrual_nb(sim)
        if row == accrues_at:
            if not _quiet_row_nb(sim, row):
                break
            row += 1
        else:
            last = min(stop, accrues_at)
            row = _stretch_nb(sim, row, last)
            if row < last:
                break
    return row


@njit
def _stretch_nb(sim: Any, first: int, last: int) -> int:
    """Mark rows at which prices alone move the account; returns the first that waits for ruin or a margin call."""
    money, holding = account_at(sim.at_account, 0), holding_at(sim.at_holdings, 0)
    position, cash, due = holding.position, money.cash, due_nb(sim, first)
    least = (sim.maintenance_long if position > 0.0 else -sim.maintenance_short) if sim.account_type == _MARGIN else 0.0
    closes = floats(sim.at_close + 8 * first, last - first)
    equity, cashes = floats(sim.at_equity + 8 * first, last - first), floats(sim.at_cash + 8 * first, last - first)
    n_waiting = 0
    for at in range(len(closes)):
        worth = position * closes[at]
        equity[at] = cash + worth + due
        n_waiting += equity[at] <= 0.0 or equity[at] < least * worth
    n = len(closes)
    if n_waiting > 0:
        n = 0
        while equity[n] > 0.0 and equity[n] >= least * (position * closes[n]):
            n += 1
    if n == 0:
        return first
    cashes[:n] = cash
    if position != 0.0:
        values = floats((sim.at_long_value if position > 0.0 else sim.at_short_value) + 8 * first, n)
        for at in range(n):
            values[at] = position * closes[at]
        flags(sim.at_in_market + first, n)[:] = 1
    value = position * closes[n - 1]
    holding.last_close, money.equity = closes[n - 1], equity[n - 1]
    money.long_value, money.short_value = max(value, 0.0), min(value, 0.0)
    money.was_held = money.n_held > 0
    return first + n


@njit
def _recall_nb(sim: Any, row: int) -> None:
    """Let the last closes be those before the close of `row`."""
    for symbol in range(sim.n_symbols):
        if has_bar_nb(sim, row, symbol):
            earlier = row - 1
            while earlier >= 0 and not has_bar_nb(sim, earlier, symbol):
                earlier -= 1
            price = float_at(sim.at_close, earlier * sim.n_symbols + symbol) if earlier >= 0 else 0.0
            holding_at(sim.at_holdings, symbol).last_close = price


@njit
def _asleep_nb(sim: Any, row: int) -> bool:
    """Whether no living order may change in a row."""
    if sim.n_decisions > 0 and not sim.has_gaps:
        return False  # orders by weight act at the next open there is
    for symbol in range(sim.n_symbols):
        number = int(holding_at(sim.at_holdings, symbol).first)
        if number == 0 or not has_bar_nb(sim, row, symbol):
            continue
        while number > 0:
            order = order_at(sim.at_orders, number)
            number = int(order.later)
            if order.state != _WORKING:
                continue
            if not order.entered or order.triggered or order.type == _MARKET or not lasts_nb(order):
                return False
            if in_reach_nb(sim, order, symbol, row) or (order.tif == _DAY and is_last_nb(sim, row, symbol)):
                return False
    next_expiry = account_at(sim.at_account, 0).next_expiry
    return bool(next_expiry == NEVER or next_expiry > int_at(sim.at_close_ns, row))
