"""Booking a fill: cash, position, cost lines, the fill's record, and the round trip it opens, enlarges or closes.

A round trip runs from flat to flat. Its entry price is the quantity-weighted mean of the fills that enlarged the
position, its exit price that of the fills that reduced it; all their costs belong to it. No fill crosses zero: a
reversal is two, one that closes and one that opens.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scizor.domain.orders import EventKind
from scizor.engine._jit import njit
from scizor.engine.costs.charges import Bill, commission_nb
from scizor.engine.costs.pricing import Pricing, pay_price_nb
from scizor.engine.portfolio.memory import float_at, int_at
from scizor.engine.portfolio.state import (
    account_at,
    book_at,
    event_at,
    fill_at,
    holding_at,
    order_at,
    schedule_at,
    trade_at,
)

_FILLED = int(EventKind.FILLED)
# 1/49 of 49,000 is one share of 1,000, and in floats a hair less: a quantity this close below a whole lot is that lot.
WHOLE = 1.0 + 1e-12


@njit
def rate_nb(sim: Any, currency: int, row: int) -> float:
    """The account's currency for one of `currency`, at a row."""
    return 1.0 if currency < 0 else float_at(sim.at_rates, row * sim.n_rates + currency)


@njit
def pricing_nb(sim: Any) -> Pricing:
    """What turns a market price into a paid one."""
    return Pricing(sim.slippage, sim.slippage_amount, sim.max_share, sim.rounding)


@njit
def bill_nb(order: Any) -> Bill:
    """What an order has come to."""
    return Bill(order.filled, order.value, order.share_cost, order.commission)


@njit
def lots_nb(shares: float, lot_size: float) -> float:
    """`shares` rounded down to whole lots."""
    return float(np.floor(shares / lot_size * WHOLE)) * lot_size


@njit
def lot_nb(shares: float, lot_size: float) -> float:
    """Sums of lots such as 0.1 miss whole lots by rounding: the whole lots that are meant, a part of a lot as it is."""
    if lot_size == 1.0:
        return shares
    lots = shares / lot_size
    whole = np.round(lots)
    return float(whole * lot_size) if abs(lots - whole) <= 1e-9 * max(abs(lots), 1.0) else shares


@njit
def meet_bar_nb(sim: Any, symbol: int, row: int) -> None:
    """Let the symbol be in its bar of `row`, and know what volume is there for it."""
    book = book_at(sim.at_books, symbol)
    if book.bar_row == row:
        return
    book.bar_row = row
    book.volume = float_at(sim.at_volume, row * sim.n_symbols + symbol)
    book.left = math.inf
    if sim.participation > 0.0:
        book.left = lots_nb(sim.participation * book.volume, book.lot_size) if book.volume > 0.0 else 0.0


@njit
def tell_nb(sim: Any, row: int, kind: int, symbol: int, number: int, value: float) -> None:
    """Log an event."""
    if sim.log_events:
        money = account_at(sim.at_account, 0)
        event = event_at(sim.at_events, money.n_events)
        money.n_events += 1
        event.row, event.kind, event.symbol, event.order, event.value = row, kind, symbol, number, value
        event.fill = money.n_fills - 1 if kind == _FILLED else -1


@njit
def month_shares_nb(sim: Any, row: int) -> float:
    """Shares the account has traded in the calendar month of `row`'s session; 0 where no schedule asks."""
    if not sim.has_tiers:
        return 0.0
    money = account_at(sim.at_account, 0)
    # Civil months from days since 1970-01-01, by the proleptic calendar whose years begin in March.
    days = int_at(sim.at_sessions, row) + 719_468
    of_era = days % 146_097
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    day_of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (days // 146_097 * 400 + year_of_era) * 12 + (5 * day_of_year + 2) // 153
    if month != money.month:
        shares = money.other_shares if month == money.other_month else 0.0
        money.other_month, money.other_shares = money.month, money.month_shares
        money.month, money.month_shares = month, shares
    return float(money.month_shares)


@njit
def book_fill_nb(
    sim: Any, number: int, symbol: int, row: int, side: int, shares: float, reference: float, free: bool
) -> None:
    """Fill `shares` (positive, not crossing zero) of an order, 0 for none's, around the price `reference`.

    `free`: at that very price, without commission.
    """
    money = account_at(sim.at_account, 0)
    holding, book = holding_at(sim.at_holdings, symbol), book_at(sim.at_books, symbol)
    order, schedule = order_at(sim.at_orders, number), schedule_at(sim.at_schedules, book.schedule)
    rate = rate_nb(sim, book.currency, row)
    month_shares = month_shares_nb(sim, row)
    price, bill = reference, bill_nb(order)
    if not free:
        price = pay_price_nb(pricing_nb(sim), side, reference, shares, book.volume, order.limit, book.tick_size)
        bill = commission_nb(schedule, bill, side, shares, price, month_shares)
    paid = bill.paid - order.commission
    order.filled, order.value = lot_nb(bill.shares, book.lot_size), bill.value
    order.share_cost, order.commission = bill.share_cost, bill.paid
    money.month_shares += shares
    value = shares * price
    flow = -side * value - paid
    fx_cost = abs(flow) * rate * sim.fx_rate if book.currency >= 0 else 0.0
    money.cash += flow * rate - fx_cost
    commission, slippage = paid * rate, side * (price - reference) * shares * rate
    money.commission -= commission
    money.slippage -= slippage
    money.fx -= fx_cost
    money.n_zero_volume += not book.volume > 0.0
    book.left -= shares

    fill = fill_at(sim.at_fills, money.n_fills)
    money.n_fills += 1
    fill.row, fill.symbol, fill.order, fill.side = row, symbol, number, side
    fill.cause, fill.phase, fill.rate = order.cause, money.phase, rate
    fill.quantity, fill.price, fill.reference = shares, price, reference
    fill.commission, fill.slippage, fill.fx_cost = commission, slippage, fx_cost
    tell_nb(sim, row, _FILLED, symbol, number, shares)

    before = holding.position
    after = lot_nb(before + side * shares, book.lot_size)
    holding.position = after
    money.worth += flow * rate - fx_cost + side * shares * book.price * rate
    money.gross += (abs(after) - abs(before)) * book.price * rate
    if before == 0.0:
        money.n_held += 1
        money.was_held = 1
        _open_trade_nb(book, row, number, money.phase)
    book.commission += commission
    book.fx_cost += fx_cost
    if before * side >= 0.0:
        book.entry_quantity += shares
        book.entry_value += value
        book.entry_cost += value * rate
        return
    book.exit_value += value
    book.proceeds += value * rate
    if after == 0.0:
        close_trade_nb(sim, symbol, row, number, order.cause, -side)


@njit
def fill_for_nobody_nb(sim: Any, symbol: int, row: int, shares: float, price: float, cause: int, free: bool) -> None:
    """Close `shares` of a position that no order asked to close; `free`: for that very price."""
    if shares <= 0.0:
        return
    nobody = order_at(sim.at_orders, 0)
    nobody.filled = nobody.value = nobody.share_cost = nobody.commission = 0.0
    nobody.limit, nobody.cause = math.nan, cause
    meet_bar_nb(sim, symbol, row)
    side = -1 if holding_at(sim.at_holdings, symbol).position > 0.0 else 1
    book_fill_nb(sim, 0, symbol, row, side, shares, price, free)


@njit
def _open_trade_nb(book: Any, row: int, number: int, phase: int) -> None:
    book.entry_row, book.entry_order, book.entry_phase = row, number, phase
    book.entry_quantity = book.entry_value = book.entry_cost = book.exit_value = book.proceeds = 0.0
    book.commission = book.fx_cost = book.dividends = 0.0


@njit
def close_trade_nb(sim: Any, symbol: int, row: int, number: int, cause: int, direction: int) -> None:
    """Log the round trip of a position that has become nothing."""
    money, book = account_at(sim.at_account, 0), book_at(sim.at_books, symbol)
    money.n_held -= 1
    trade = trade_at(sim.at_trades, money.n_trades)
    money.n_trades += 1
    trade.symbol, trade.direction = symbol, direction
    trade.entry_row, trade.entry_order, trade.entry_phase = book.entry_row, book.entry_order, book.entry_phase
    trade.exit_row, trade.exit_order, trade.exit_phase, trade.exit_cause = row, number, money.phase, cause
    trade.quantity = book.entry_quantity
    trade.entry_price = book.entry_value / book.entry_quantity
    trade.exit_price = book.exit_value / book.entry_quantity
    trade.gross_pnl = direction * (book.proceeds - book.entry_cost)
    trade.commission, trade.fx_cost, trade.dividends = book.commission, book.fx_cost, book.dividends
    trade.net_pnl = trade.gross_pnl + book.dividends - book.commission - book.fx_cost
    trade.return_fraction = trade.net_pnl / book.entry_cost
