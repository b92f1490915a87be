"""What comes before the trading of an open: splits, dividends, interest."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import EventKind, FillCause, OrderEnd, OrderState
from scizor.engine._jit import njit
from scizor.engine.portfolio.ledger import WHOLE, close_trade_nb, lots_nb, rate_nb, tell_nb
from scizor.engine.portfolio.memory import int_at
from scizor.engine.portfolio.orders import end_nb
from scizor.engine.portfolio.state import (
    DIVIDEND,
    OPEN,
    SPLIT,
    account_at,
    accrual_at,
    action_at,
    book_at,
    holding_at,
    order_at,
)

_CANCELLED = int(OrderState.CANCELLED)
_BY_SPLIT, _SPLIT_CAUSE = int(OrderEnd.SPLIT), int(FillCause.SPLIT)
_SPLIT_EVENT, _DIVIDEND_EVENT = int(EventKind.SPLIT), int(EventKind.DIVIDEND)


@njit
def actions_nb(sim: Any, last: int) -> None:
    """Splits, dividends and payments of the opens before place `last`, then the interest of them."""
    money = account_at(sim.at_account, 0)
    money.phase = OPEN
    while money.next_action < sim.n_actions and action_at(sim.at_actions, money.next_action).at < last:
        action = action_at(sim.at_actions, money.next_action)
        money.next_action += 1
        if action.kind == SPLIT:
            _split_nb(sim, action.symbol, action.row, action.value)
        elif action.kind == DIVIDEND:
            _dividend_nb(sim, action)
        else:
            _pay_nb(sim, action)
    place = next_accrual_nb(sim)
    while place < last:
        row = place if sim.in_order else int_at(sim.at_opens, place)
        interest, borrow = accrued_nb(sim, row)
        accrue_nb(sim, interest, borrow)
        place = next_accrual_nb(sim)


@njit
def _split_nb(sim: Any, symbol: int, row: int, ratio: float) -> None:
    money, book = account_at(sim.at_account, 0), book_at(sim.at_books, symbol)
    holding = holding_at(sim.at_holdings, symbol)
    holding.last_close /= ratio
    book.price /= ratio
    if holding.position != 0.0:
        direction = 1 if holding.position > 0.0 else -1
        shares = abs(holding.position) * ratio
        # A share is the least one can hold, save where lots are smaller.
        whole = lots_nb(shares, min(book.lot_size, 1.0))
        part = shares - whole if shares - whole > shares * (WHOLE - 1.0) else 0.0
        paid, rate = direction * part * holding.last_close, rate_nb(sim, book.currency, row)
        money.cash += paid * rate
        holding.position = direction * whole
        book.entry_quantity *= ratio
        if book.call != 0.0:
            lots = math.ceil(abs(book.call) * ratio / book.lot_size * (2.0 - WHOLE))
            book.call = math.copysign(min(lots * book.lot_size, whole), book.call)
            money.n_calls -= book.call == 0.0
        book.exit_value += abs(paid)
        book.proceeds += abs(paid) * rate
        if whole == 0.0:
            close_trade_nb(sim, symbol, row, 0, _SPLIT_CAUSE, direction)
        tell_nb(sim, row, _SPLIT_EVENT, symbol, 0, ratio)
    # Backwards, so that exits have been seen when their entry ends.
    number = int(holding.last)
    while number > 0:
        earlier = int(order_at(sim.at_orders, number).earlier)
        _split_order_nb(sim, number, row, ratio, book.lot_size)
        number = earlier


@njit
def _split_order_nb(sim: Any, number: int, row: int, ratio: float, lot_size: float) -> None:
    order = order_at(sim.at_orders, number)
    order.limit /= ratio
    order.trigger /= ratio
    order.trail_amount /= ratio
    order.extreme /= ratio
    order.carried *= ratio
    if not math.isnan(order.wanted):
        order.wanted = math.copysign(lots_nb(abs(order.wanted) * ratio, lot_size), order.wanted)
    if math.isnan(order.quantity):
        return
    rest = lots_nb((order.quantity - order.filled) * ratio, lot_size)
    order.quantity = order.filled + rest
    if rest <= 0.0:
        end_nb(sim, number, _CANCELLED, _BY_SPLIT, row)


@njit
def _dividend_nb(sim: Any, action: Any) -> None:
    money, book = account_at(sim.at_account, 0), book_at(sim.at_books, action.symbol)
    position = holding_at(sim.at_holdings, action.symbol).position
    if position == 0.0:
        return
    owed = position * action.value
    received = owed * rate_nb(sim, book.currency, action.row)
    book.due += owed
    money.n_due += 1
    money.dividends += received
    book.dividends += received
    action_at(sim.at_actions, action.payment).value = owed
    tell_nb(sim, action.row, _DIVIDEND_EVENT, action.symbol, 0, owed)


@njit
def _pay_nb(sim: Any, action: Any) -> None:
    if action.value == 0.0:
        return
    money, book = account_at(sim.at_account, 0), book_at(sim.at_books, action.symbol)
    money.cash += action.value * rate_nb(sim, book.currency, action.row)
    money.n_due -= 1
    book.due = 0.0 if money.n_due == 0 else book.due - action.value


@njit
def next_accrual_nb(sim: Any) -> int:
    """The place of the next open that accrues interest; n_opens for none."""
    place = account_at(sim.at_account, 0).next_accrual
    return int(accrual_at(sim.at_accruals, place).at) if place < sim.n_accruals else int(sim.n_opens)


@njit
def accrued_nb(sim: Any, row: int) -> tuple[float, float]:
    """Interest on cash and the fee on shorts that the next accrual brings at `row`, both as they change cash."""
    money = account_at(sim.at_account, 0)
    accrual = accrual_at(sim.at_accruals, money.next_accrual)
    interest = interest_nb(money.cash, accrual.debit, accrual.credit, sim.credit_from)
    return interest, accrual.borrow * short_value_nb(sim, row)


@njit
def interest_nb(cash: float, debit: float, credit: float, credit_from: float) -> float:
    """What an accrual brings on cash, negative for a debt."""
    if cash < 0.0:
        return cash * debit
    return (cash - credit_from) * credit if cash > credit_from else 0.0


@njit
def accrue_nb(sim: Any, interest: float, borrow: float) -> None:
    """Book what `accrued_nb` found."""
    money = account_at(sim.at_account, 0)
    money.next_accrual += 1
    money.cash += interest + borrow
    money.borrow += borrow
    if interest < 0.0:
        money.debit_interest += interest
    else:
        money.credit_interest += interest


@njit
def short_value_nb(sim: Any, row: int) -> float:
    """The value of shorts at last closes, not positive."""
    value = 0.0
    if account_at(sim.at_account, 0).n_held == 0:
        return value
    for symbol in range(sim.n_symbols):
        holding = holding_at(sim.at_holdings, symbol)
        if holding.position < 0.0:
            rate = rate_nb(sim, book_at(sim.at_books, symbol).currency, row)
            value += holding.position * holding.last_close * rate
    return value
