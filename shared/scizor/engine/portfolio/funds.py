"""What the account can pay: at submission with what other orders keep free, at a fill with what is there."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import AccountType, FillCause, OrderState
from scizor.engine._jit import njit
from scizor.engine.costs.budget import affordable_shares_nb, needed_nb
from scizor.engine.costs.charges import NEW_BILL, commission_nb
from scizor.engine.costs.pricing import pay_price_nb
from scizor.engine.costs.slippage import SlippageModel
from scizor.engine.portfolio.ledger import WHOLE, bill_nb, lot_nb, month_shares_nb, pricing_nb, rate_nb
from scizor.engine.portfolio.memory import float_at
from scizor.engine.portfolio.orders import trigger_of_nb
from scizor.engine.portfolio.state import account_at, book_at, holding_at, order_at, schedule_at

_CASH, _MARGIN = int(AccountType.CASH), int(AccountType.MARGIN)
_WORKING = int(OrderState.WORKING)
_BPS, _BY_WEIGHT = int(SlippageModel.BPS), int(FillCause.WEIGHT)


@njit
def due_nb(sim: Any, row: int) -> float:
    """Dividends owed to the account less those it owes."""
    due = 0.0
    if account_at(sim.at_account, 0).n_due > 0:
        for symbol in range(sim.n_symbols):
            book = book_at(sim.at_books, symbol)
            if book.due != 0.0:
                due += book.due * rate_nb(sim, book.currency, row)
    return due


@njit
def weigh_nb(sim: Any, row: int, at_closes: bool) -> None:
    """Value the account at last prices (or closes) and the row's rates, for the margin that orders are held against."""
    money = account_at(sim.at_account, 0)
    worth, gross = money.cash, 0.0
    for symbol in range(sim.n_symbols):
        holding, book = holding_at(sim.at_holdings, symbol), book_at(sim.at_books, symbol)
        if holding.position != 0.0 or book.due != 0.0:
            rate = rate_nb(sim, book.currency, row)
            price = holding.last_close if at_closes else book.price
            worth += (holding.position * price + book.due) * rate
            gross += abs(holding.position) * price * rate
    money.worth, money.gross = worth, gross


@njit
def allowed_nb(sim: Any, number: int, row: int, side: int, shares: float, price: float) -> float:
    """How much of `shares` that an order would add to a position at `price` the account can bear, whole lots."""
    order = order_at(sim.at_orders, number)
    if sim.account_type == _MARGIN:
        return _allowed_by_margin_nb(sim, number, row, side, shares, price)
    if side < 0:
        return 0.0 if sim.account_type == _CASH else shares
    book = book_at(sim.at_books, order.symbol)
    schedule, pricing = schedule_at(sim.at_schedules, book.schedule), pricing_nb(sim)
    rate, worse = rate_nb(sim, book.currency, row), sim.fx_rate if book.currency >= 0 else 0.0
    budget = account_at(sim.at_account, 0).cash * WHOLE / (rate * (1.0 + worse))
    month, bill = month_shares_nb(sim, row), bill_nb(order)
    limit, tick = order.limit, book.tick_size
    if needed_nb(pricing, schedule, bill, side, shares, price, book.volume, limit, tick, month) <= budget:
        return shares
    most = affordable_shares_nb(
        budget, book.lot_size, pricing, schedule, bill, side, price, book.volume, limit, tick, month
    )
    return min(most, shares)


@njit
def _allowed_by_margin_nb(sim: Any, number: int, row: int, side: int, shares: float, price: float) -> float:
    money = account_at(sim.at_account, 0)
    order = order_at(sim.at_orders, number)
    holding, book = holding_at(sim.at_holdings, order.symbol), book_at(sim.at_books, order.symbol)
    # The symbol itself is at the price of the fill.
    risen = (price - book.price) * rate_nb(sim, book.currency, row)
    worth = money.worth + holding.position * risen
    free = worth - sim.initial_margin * (money.gross + abs(holding.position) * risen)
    free += (WHOLE - 1.0) * abs(worth)
    lot_size = book.lot_size
    if _margin_need_nb(sim, number, row, side, shares, price) <= free:
        return shares
    fits, fails = 0.0, math.ceil(shares / lot_size)
    while fails - fits > 1.0:
        lots = fits + math.floor((fails - fits) / 2.0)
        if _margin_need_nb(sim, number, row, side, lots * lot_size, price) <= free:
            fits = lots
        else:
            fails = lots
    return float(fits * lot_size)


@njit
def _margin_need_nb(sim: Any, number: int, row: int, side: int, shares: float, price: float) -> float:
    order = order_at(sim.at_orders, number)
    book = book_at(sim.at_books, order.symbol)
    schedule, pricing = schedule_at(sim.at_schedules, book.schedule), pricing_nb(sim)
    month = month_shares_nb(sim, row)
    paid = pay_price_nb(pricing, side, price, shares, book.volume, order.limit, book.tick_size)
    commission = commission_nb(schedule, bill_nb(order), side, shares, paid, month).paid - order.commission
    rate = rate_nb(sim, book.currency, row)
    fx_cost = abs(side * shares * paid + commission) * rate * sim.fx_rate if book.currency >= 0 else 0.0
    return float((sim.initial_margin * shares * paid + commission) * rate + fx_cost)


@njit
def wanted_nb(sim: Any, symbol: int, row: int, weight: float, equity: float, price: float) -> float:
    """The signed position whose value, slippage and commission at `price` fit in |weight| x equity, the buffer kept."""
    book = book_at(sim.at_books, symbol)
    side = 1 if weight >= 0.0 else -1
    budget = abs(weight) * equity * sim.invested * WHOLE / rate_nb(sim, book.currency, row)
    if budget <= 0.0:
        return 0.0
    volume = float_at(sim.at_volume, row * sim.n_symbols + symbol)
    schedule = schedule_at(sim.at_schedules, book.schedule)
    month = month_shares_nb(sim, row)
    pricing, tick = pricing_nb(sim), book.tick_size
    return side * affordable_shares_nb(
        budget, book.lot_size, pricing, schedule, NEW_BILL, side, price, volume, math.nan, tick, month
    )


@njit
def adding_nb(sim: Any, number: int) -> float:
    """The shares of an order's rest that would add to the position there is now."""
    order = order_at(sim.at_orders, number)
    against = max(-order.side * holding_at(sim.at_holdings, order.symbol).position, 0.0)
    rest = lot_nb(order.quantity - order.filled, book_at(sim.at_books, order.symbol).lot_size)
    return float(max(rest - against, 0.0))


@njit
def _reserve_nb(sim: Any, number: int, row: int) -> float:
    """What an order keeps free for the part that adds to a position: its value, slippage in bps and commission."""
    shares = adding_nb(sim, number)
    if shares <= 0.0:
        return 0.0
    order = order_at(sim.at_orders, number)
    price = order.limit
    if math.isnan(price):
        price = trigger_of_nb(order)
    if math.isnan(price):
        price = holding_at(sim.at_holdings, order.symbol).last_close
    book = book_at(sim.at_books, order.symbol)
    schedule, side = schedule_at(sim.at_schedules, book.schedule), int(order.side)
    if sim.slippage == _BPS:
        price *= 1.0 + side * sim.slippage_amount
    bill = commission_nb(schedule, bill_nb(order), side, shares, price, month_shares_nb(sim, row))
    return float((shares * price + bill.paid - order.commission) * rate_nb(sim, book.currency, row))


@njit
def can_bear_nb(sim: Any, number: int, row: int) -> bool:
    """Whether what is free bears an order not yet among the living, beside what they keep free."""
    money, order = account_at(sim.at_account, 0), order_at(sim.at_orders, number)
    on_margin = sim.account_type == _MARGIN
    kept = _reserve_nb(sim, number, row)
    if kept == 0.0 or (order.side < 0 and not on_margin):
        return True
    if money.n_active > 0:
        kept += _kept_nb(sim, row, on_margin)
    if on_margin:
        weigh_nb(sim, row, True)
        return bool(sim.initial_margin * (money.gross + kept) <= money.worth + (WHOLE - 1.0) * abs(money.worth))
    return bool(kept <= money.cash + (WHOLE - 1.0) * abs(money.cash))


@njit
def _kept_nb(sim: Any, row: int, shorts_too: bool) -> float:
    kept = 0.0
    for symbol in range(sim.n_symbols):
        number = int(holding_at(sim.at_holdings, symbol).first)
        while number > 0:
            order = order_at(sim.at_orders, number)
            if order.state == _WORKING and order.cause != _BY_WEIGHT and (shorts_too or order.side > 0):
                kept += _reserve_nb(sim, number, row)
            number = int(order.later)
    return kept
