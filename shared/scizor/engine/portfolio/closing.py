"""What follows the trading of a close: orders whose time is over, delistings, the marks, ruin, margin, decisions."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import (
    AccountType,
    EventKind,
    FillCause,
    FillTiming,
    OrderEnd,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from scizor.engine._jit import njit
from scizor.engine.portfolio.auction import AT_ITS_CLOSE, close_auction_nb
from scizor.engine.portfolio.calendar import has_bar_nb, is_last_nb
from scizor.engine.portfolio.funds import due_nb, wanted_nb
from scizor.engine.portfolio.ledger import WHOLE, fill_for_nobody_nb, rate_nb, tell_nb
from scizor.engine.portfolio.memory import float_at, put_float
from scizor.engine.portfolio.orders import end_nb, enlist_nb, new_order_nb
from scizor.engine.portfolio.state import (
    CLOSE,
    account_at,
    book_at,
    decision_at,
    delisting_at,
    holding_at,
    order_at,
    put_flag,
)

_MARGIN, _SAME_CLOSE = int(AccountType.MARGIN), int(FillTiming.SAME_CLOSE)
_CANCELLED, _EXPIRED = int(OrderState.CANCELLED), int(OrderState.EXPIRED)
_TIME, _REPLACED = int(OrderEnd.TIME_IN_FORCE), int(OrderEnd.REPLACED)
_RUIN, _AT_END, _DELISTED = int(OrderEnd.RUIN), int(OrderEnd.END_OF_RUN), int(OrderEnd.DELISTED)
_BY_RUIN, _BY_END, _BY_DELISTING = int(FillCause.RUIN), int(FillCause.END_OF_RUN), int(FillCause.DELISTING)
_BY_WEIGHT = int(FillCause.WEIGHT)
_MARKET, _BUY = int(OrderType.MARKET), int(Side.BUY)
_DAY, _GTC, _GTD = int(TimeInForce.DAY), int(TimeInForce.GTC), int(TimeInForce.GTD)
_RUINED, _CALLED, _GONE = int(EventKind.RUINED), int(EventKind.MARGIN_CALL), int(EventKind.DELISTED)
NEVER = 2**63 - 1


@njit
def expire_nb(sim: Any, row: int, now_ns: int) -> None:
    """End GTD orders whose instant has come."""
    money = account_at(sim.at_account, 0)
    if money.next_expiry > now_ns:
        return
    money.next_expiry = NEVER
    for symbol in range(sim.n_symbols):
        number = int(holding_at(sim.at_holdings, symbol).first)
        while number > 0:
            order = order_at(sim.at_orders, number)
            number = int(order.later)
            if order.tif == _GTD:
                if order.expire_ns <= now_ns:
                    end_nb(sim, int(order.number), _EXPIRED, _TIME, row)
                else:
                    money.next_expiry = min(money.next_expiry, order.expire_ns)


@njit
def end_session_nb(sim: Any, row: int) -> None:
    """End DAY orders of symbols whose session is over."""
    for symbol in range(sim.n_symbols):
        number = int(holding_at(sim.at_holdings, symbol).first)
        if number == 0 or not has_bar_nb(sim, row, symbol):
            continue
        while number > 0:
            order = order_at(sim.at_orders, number)
            number = int(order.later)
            if order.tif == _DAY and order.entered and is_last_nb(sim, row, symbol):
                end_nb(sim, int(order.number), _EXPIRED, _TIME, row)


@njit
def close_position_nb(sim: Any, symbol: int, row: int, price: float, cause: int, free: bool) -> None:
    """Fill the whole of a position without an order; `free`: for that very price."""
    fill_for_nobody_nb(sim, symbol, row, abs(holding_at(sim.at_holdings, symbol).position), price, cause, free)


@njit
def _end_all_nb(sim: Any, symbol: int, row: int, end: int) -> None:
    holding = holding_at(sim.at_holdings, symbol)
    while holding.first > 0:
        end_nb(sim, int(holding.first), _CANCELLED, end, row)


@njit
def delist_nb(sim: Any, row: int) -> None:
    """Take the symbols off the market whose last bar closes here."""
    money = account_at(sim.at_account, 0)
    while money.next_delisting < sim.n_delistings and delisting_at(sim.at_delistings, money.next_delisting).row == row:
        one = delisting_at(sim.at_delistings, money.next_delisting)
        money.next_delisting += 1
        price, sold = one.value, math.isnan(one.value)
        if sold:
            price = float_at(sim.at_close, row * sim.n_symbols + one.symbol)
        close_position_nb(sim, one.symbol, row, price, _BY_DELISTING, not sold)
        _end_all_nb(sim, one.symbol, row, _DELISTED)
        book_at(sim.at_books, one.symbol).gone = 1
        tell_nb(sim, row, _GONE, one.symbol, 0, price)


@njit
def values_nb(sim: Any, row: int) -> tuple[float, float]:
    """The value of longs and of shorts at the closes of a row, which become the last closes."""
    long_value, short_value = 0.0, 0.0
    for symbol in range(sim.n_symbols):
        holding = holding_at(sim.at_holdings, symbol)
        price = float_at(sim.at_close, row * sim.n_symbols + symbol)
        price = price if price > 0.0 else holding.last_close
        holding.last_close = price
        value = holding.position * price
        if sim.n_rates > 0:
            value *= rate_nb(sim, book_at(sim.at_books, symbol).currency, row)
        # No branch: which symbols are held is not to be foretold.
        long_value += max(value, 0.0)
        short_value += min(value, 0.0)
    return long_value, short_value


@njit
def mark_nb(sim: Any, row: int) -> None:
    """Value the account at the close of a row."""
    money = account_at(sim.at_account, 0)
    money.long_value, money.short_value = values_nb(sim, row)
    money.equity = money.cash + money.long_value + money.short_value + due_nb(sim, row)


@njit
def record_nb(sim: Any, row: int) -> None:
    """Write a row of the result. What is zero is not written: its memory stays untouched."""
    money = account_at(sim.at_account, 0)
    put_float(sim.at_equity, row, money.equity)
    put_float(sim.at_cash, row, money.cash)
    if money.long_value != 0.0:
        put_float(sim.at_long_value, row, money.long_value)
    if money.short_value != 0.0:
        put_float(sim.at_short_value, row, money.short_value)
    if money.was_held:
        put_flag(sim.at_in_market, row, 1)


@njit
def requirement_nb(sim: Any, long_value: float, short_value: float) -> float:
    """The maintenance margin; 0 for an account that has none."""
    if sim.account_type != _MARGIN:
        return 0.0
    return float(sim.maintenance_long * long_value - sim.maintenance_short * short_value)


@njit
def settle_nb(sim: Any, row: int) -> None:
    """Mark the account, close it when it is ruined or the run ends, and call for margin."""
    money = account_at(sim.at_account, 0)
    money.phase = CLOSE
    mark_nb(sim, row)
    requirement = requirement_nb(sim, money.long_value, money.short_value)
    ruined = money.equity <= 0.0
    if ruined or (sim.close_at_end and row == sim.n_rows - 1):
        cause, end = (_BY_RUIN, _RUIN) if ruined else (_BY_END, _AT_END)
        for symbol in range(sim.n_symbols):
            close_position_nb(sim, symbol, row, holding_at(sim.at_holdings, symbol).last_close, cause, False)
        for symbol in range(sim.n_symbols):
            _end_all_nb(sim, symbol, row, end)
        mark_nb(sim, row)
        money.n_calls = 0
        if ruined:
            money.ruined_row = row
            tell_nb(sim, row, _RUINED, -1, 0, money.equity)
    elif money.equity < requirement:
        _call_nb(sim, row, 1.0 - money.equity / requirement)
    record_nb(sim, row)


@njit
def _call_nb(sim: Any, row: int, fraction: float) -> None:
    """Name what of each position is to be closed at its next open; it takes the place of an earlier call."""
    money = account_at(sim.at_account, 0)
    money.n_calls = 0
    for symbol in range(sim.n_symbols):
        book = book_at(sim.at_books, symbol)
        position = holding_at(sim.at_holdings, symbol).position
        lots = math.ceil(abs(position) * fraction / book.lot_size * (2.0 - WHOLE))
        book.call = math.copysign(min(lots * book.lot_size, abs(position)), position)
        money.n_calls += book.call != 0.0
    money.n_margin_calls += 1
    tell_nb(sim, row, _CALLED, -1, 0, fraction)


@njit
def _replace_nb(sim: Any, symbol: int, row: int) -> None:
    number = int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        order = order_at(sim.at_orders, number)
        number = int(order.later)
        if order.cause == _BY_WEIGHT:
            end_nb(sim, int(order.number), _CANCELLED, _REPLACED, row)


@njit
def decide_nb(sim: Any, symbol: int, row: int, weight: float) -> int:
    """The number of the order for a new weight; 0 for one that is no decision."""
    money = account_at(sim.at_account, 0)
    holding, book = holding_at(sim.at_holdings, symbol), book_at(sim.at_books, symbol)
    if weight == book.target or holding.last_close == 0.0 or book.gone or money.ruined_row >= 0:
        return 0
    book.target = weight
    _replace_nb(sim, symbol, row)
    number = new_order_nb(sim, symbol, _BUY, _MARKET, _GTC, _BY_WEIGHT, math.nan, row)
    order = order_at(sim.at_orders, number)
    order.weight = weight
    order.side = -1 if weight < 0.0 or (weight == 0.0 and holding.position > 0.0) else 1
    if not sim.sized_at_fill:
        order.wanted = wanted_nb(sim, symbol, row, weight, money.equity, holding.last_close)
    enlist_nb(sim, number)
    return number


@njit
def decisions_nb(sim: Any, row: int) -> None:
    """Take the decisions of a row from the list of what was decided beforehand."""
    money = account_at(sim.at_account, 0)
    money.phase = CLOSE
    before = int(money.n_orders)
    while money.next_decision < sim.n_decisions and decision_at(sim.at_decisions, money.next_decision).row == row:
        decision = decision_at(sim.at_decisions, money.next_decision)
        money.next_decision += 1
        decide_nb(sim, int(decision.symbol), row, decision.weight)
    if money.n_orders > before:
        fill_at_once_nb(sim, row)


@njit
def fill_at_once_nb(sim: Any, row: int) -> None:
    """Under SAME_CLOSE, let what was decided at a close trade at it."""
    over = sim.close_at_end and row == sim.n_rows - 1
    if sim.timing == _SAME_CLOSE and account_at(sim.at_account, 0).n_active > 0 and not over:
        close_auction_nb(sim, row, AT_ITS_CLOSE)
        put_float(sim.at_long_value, row, 0.0)
        put_float(sim.at_short_value, row, 0.0)
        mark_nb(sim, row)
        record_nb(sim, row)
