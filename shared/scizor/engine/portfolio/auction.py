"""Orders at one price, over all symbols that have one at this instant: the open, or the close.

In the order (symbol, order number): first what closes positions; then orders by weight that are sized at the fill get
their quantity; then all other sells; then all other buys.
"""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import AccountType, EventKind, FillCause, OrderEnd, OrderState, OrderType, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.fills import at_price_nb
from scizor.engine.portfolio.calendar import at_close_nb, at_its_close_nb, at_open_nb, has_bar_nb
from scizor.engine.portfolio.funds import due_nb, wanted_nb, weigh_nb
from scizor.engine.portfolio.ledger import fill_for_nobody_nb, lot_nb, meet_bar_nb, rate_nb, tell_nb
from scizor.engine.portfolio.memory import float_at, int_at, put_int
from scizor.engine.portfolio.orders import end_nb, trail_nb, trigger_of_nb
from scizor.engine.portfolio.state import CLOSE, OPEN, account_at, book_at, holding_at, order_at
from scizor.engine.portfolio.trading import act_nb

_MARGIN, _BY_CALL = int(AccountType.MARGIN), int(FillCause.MARGIN_CALL)
_WORKING, _FILLED, _CANCELLED = int(OrderState.WORKING), int(OrderState.FILLED), int(OrderState.CANCELLED)
_NONE, _TIME, _NOTHING = int(OrderEnd.NONE), int(OrderEnd.TIME_IN_FORCE), int(OrderEnd.NOTHING_TO_DO)
_IOC, _FOK = int(TimeInForce.IOC), int(TimeInForce.FOK)
_OPG, _CLS = int(TimeInForce.OPG), int(TimeInForce.CLS)
_MARKET = int(OrderType.MARKET)
_TRIGGERED = int(EventKind.TRIGGERED)

AT_OPEN, AT_CLOSE, AT_ITS_CLOSE = 0, 1, 2
"""Which orders an auction is for."""


@njit
def open_auction_nb(sim: Any, first: int, last: int) -> None:
    """The opens at places first..last-1 among all opens: they share their instant."""
    money = account_at(sim.at_account, 0)
    money.phase, money.first_open, money.last_open = OPEN, first, last
    if not sim.in_order:
        see_prices_nb(sim, 0)
    if money.n_calls > 0:
        _answer_calls_nb(sim)
    if money.n_active == 0:
        return
    n_queued, money.n_unsized = 0, 0
    for symbol in range(sim.n_symbols):
        if holding_at(sim.at_holdings, symbol).first == 0:
            continue
        for place in range(first, last):
            row = opened_row_nb(sim, place)
            if has_bar_nb(sim, row, symbol):
                meet_bar_nb(sim, symbol, row)
                n_queued = _queue_nb(sim, symbol, row, AT_OPEN, n_queued)
    _trade_nb(sim, opened_row_nb(sim, last - 1), n_queued)


@njit
def close_auction_nb(sim: Any, row: int, which: int) -> None:
    """The closes of the bars of a row."""
    money = account_at(sim.at_account, 0)
    n_queued, money.n_unsized, money.phase = 0, 0, CLOSE
    for symbol in range(sim.n_symbols):
        if holding_at(sim.at_holdings, symbol).first > 0 and has_bar_nb(sim, row, symbol):
            meet_bar_nb(sim, symbol, row)
            n_queued = _queue_nb(sim, symbol, row, which, n_queued)
    if not sim.in_order:
        see_prices_nb(sim, row)
    if n_queued > 0:
        _trade_nb(sim, row, n_queued)


@njit
def opened_row_nb(sim: Any, place: int) -> int:
    """The row of an open by its place among all opens."""
    return place if sim.in_order else int(int_at(sim.at_opens, place))


@njit
def _queue_nb(sim: Any, symbol: int, row: int, which: int, n_queued: int) -> int:
    at = sim.at_open if which == AT_OPEN else sim.at_close
    book_at(sim.at_books, symbol).asked = float_at(at, row * sim.n_symbols + symbol)
    number = int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        order = order_at(sim.at_orders, number)
        following = int(order.later)
        if which == AT_OPEN:
            order.entered = order.state == _WORKING
            there = at_open_nb(sim, order, row)
        elif which == AT_CLOSE:
            there = at_close_nb(sim, order, row)
        else:
            there = at_its_close_nb(order, row)
            order.entered |= there
        if there:
            put_int(sim.at_queue, n_queued, number)
            n_queued += 1
            _look_nb(sim, number, row)
        number = following
    return n_queued


@njit
def _trade_nb(sim: Any, row: int, n_queued: int) -> None:
    """`row` is where the account as a whole is valued; each order trades in the bar its symbol is in."""
    if sim.account_type == _MARGIN:
        if sim.in_order:
            see_prices_nb(sim, row)
        weigh_nb(sim, row, False)
    for place in range(n_queued):
        _close_part_nb(sim, int(int_at(sim.at_queue, place)))
    if account_at(sim.at_account, 0).n_unsized > 0:
        _size_nb(sim, row, n_queued)
    for side in (-1, 1):
        for place in range(n_queued):
            number = int(int_at(sim.at_queue, place))
            order = order_at(sim.at_orders, number)
            if order.side == side and order.idle_row < 0 and order.state == _WORKING:
                act_nb(sim, number, _bar_row_nb(sim, order), _price_nb(sim, order), False)
    for place in range(n_queued):
        _leave_auction_nb(sim, int(int_at(sim.at_queue, place)))


@njit
def _bar_row_nb(sim: Any, order: Any) -> int:
    return int(book_at(sim.at_books, order.symbol).bar_row)


@njit
def _price_nb(sim: Any, order: Any) -> float:
    return float(book_at(sim.at_books, order.symbol).asked)


@njit
def _look_nb(sim: Any, number: int, row: int) -> None:
    """Look at an order at the price. One that does nothing there is idle until it leaves the auction."""
    order = order_at(sim.at_orders, number)
    order.idle_row = -1
    if order.type == _MARKET:
        account_at(sim.at_account, 0).n_unsized += math.isnan(order.quantity) and math.isnan(order.wanted)
        return
    price = _price_nb(sim, order)
    trail_nb(order, price)
    triggered, fills = at_price_nb(
        int(order.type), int(order.side), bool(order.triggered), order.limit, trigger_of_nb(order), price
    )
    if triggered and not order.triggered:
        order.triggered = True
        tell_nb(sim, row, _TRIGGERED, int(order.symbol), number, price)
    if not fills:
        order.idle_row = row


@njit
def _fix_quantity_nb(sim: Any, number: int, wanted: float) -> None:
    """Let an order by weight be one for what its symbol lacks of the position it is to reach."""
    order = order_at(sim.at_orders, number)
    position = holding_at(sim.at_holdings, order.symbol).position
    lacking = lot_nb(wanted - position, book_at(sim.at_books, order.symbol).lot_size)
    order.wanted = wanted
    order.side = 1 if lacking > 0.0 else -1
    order.quantity = order.filled + abs(lacking)
    if lacking == 0.0:
        row = _bar_row_nb(sim, order)
        done = order.filled > 0.0
        end_nb(sim, number, _FILLED if done else _CANCELLED, _NONE if done else _NOTHING, row)


@njit
def _close_part_nb(sim: Any, number: int) -> None:
    order = order_at(sim.at_orders, number)
    if order.idle_row >= 0 or order.state != _WORKING:
        return
    if math.isnan(order.quantity) and not math.isnan(order.wanted):
        _fix_quantity_nb(sim, number, order.wanted)
    position = holding_at(sim.at_holdings, order.symbol).position
    if position == 0.0 or order.state != _WORKING:
        return
    price, row = _price_nb(sim, order), _bar_row_nb(sim, order)
    if math.isnan(order.quantity):
        # Not sized yet; but what its sign ends is known to be closed.
        if position * order.weight > 0.0:
            return
        order.side = -1 if position > 0.0 else 1
        order.quantity = math.inf
        act_nb(sim, number, row, price, True)
        order.quantity = math.nan
    elif position * order.side < 0.0:
        act_nb(sim, number, row, price, True)


@njit
def _size_nb(sim: Any, row: int, n_queued: int) -> None:
    money = account_at(sim.at_account, 0)
    equity = money.cash
    if money.n_held > 0:
        for symbol in range(sim.n_symbols):
            worth = holding_at(sim.at_holdings, symbol).position * _known_price_nb(sim, symbol, row)
            if sim.n_rates > 0:
                worth *= rate_nb(sim, book_at(sim.at_books, symbol).currency, row)
            equity += worth
    equity += due_nb(sim, row)
    for place in range(n_queued):
        number = int(int_at(sim.at_queue, place))
        order = order_at(sim.at_orders, number)
        if order.state == _WORKING and math.isnan(order.quantity):
            bar_row = _bar_row_nb(sim, order)
            price = _price_nb(sim, order)
            _fix_quantity_nb(sim, number, wanted_nb(sim, int(order.symbol), bar_row, order.weight, equity, price))


@njit
def _known_price_nb(sim: Any, symbol: int, row: int) -> float:
    """The last price of a symbol; where rows do not overlap there is no need to have kept it."""
    if not sim.in_order:
        return float(book_at(sim.at_books, symbol).price)
    at = sim.at_open if account_at(sim.at_account, 0).phase == OPEN else sim.at_close
    price = float_at(at, row * sim.n_symbols + symbol)
    return float(holding_at(sim.at_holdings, symbol).last_close) if math.isnan(price) else price


@njit
def see_prices_nb(sim: Any, row: int) -> None:
    """Keep the prices of this instant: of the opens there are, or of the closes of a row."""
    money = account_at(sim.at_account, 0)
    for symbol in range(sim.n_symbols):
        book = book_at(sim.at_books, symbol)
        if sim.in_order:
            book.price = _known_price_nb(sim, symbol, row)
        elif money.phase != OPEN:
            price = float_at(sim.at_close, row * sim.n_symbols + symbol)
            book.price = book.price if math.isnan(price) else price
        else:
            for place in range(money.first_open, money.last_open):
                price = float_at(sim.at_open, opened_row_nb(sim, place) * sim.n_symbols + symbol)
                book.price = book.price if math.isnan(price) else price


@njit
def _answer_calls_nb(sim: Any) -> None:
    """Reduce the positions that a margin call named, where they open."""
    money = account_at(sim.at_account, 0)
    for symbol in range(sim.n_symbols):
        holding, book = holding_at(sim.at_holdings, symbol), book_at(sim.at_books, symbol)
        for place in range(money.first_open, money.last_open):
            row = opened_row_nb(sim, place)
            if book.call != 0.0 and has_bar_nb(sim, row, symbol):
                meet_bar_nb(sim, symbol, row)
                shares = min(abs(book.call), book.left, abs(holding.position))
                price = float_at(sim.at_open, row * sim.n_symbols + symbol)
                if holding.position * book.call < 0.0:
                    shares = 0.0  # the position it was for is gone
                book.call = 0.0
                money.n_calls -= 1
                fill_for_nobody_nb(sim, symbol, row, shares, price, _BY_CALL, False)


@njit
def _leave_auction_nb(sim: Any, number: int) -> None:
    order = order_at(sim.at_orders, number)
    if order.state == _WORKING and (order.tif == _IOC or order.tif == _FOK or order.tif == _OPG or order.tif == _CLS):
        end_nb(sim, number, _CANCELLED, _TIME, _bar_row_nb(sim, order))
    order.idle_row = -1
