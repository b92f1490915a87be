"""Orders within a bar: they happen in the order the price meets them on its way from open to close."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import EventKind, OrderState, OrderType, PathPolicy
from scizor.engine._jit import njit
from scizor.engine.arrays import ORDER
from scizor.engine.fills import at_price_nb, meets_nb
from scizor.engine.portfolio.calendar import lasts_nb
from scizor.engine.portfolio.ledger import rate_nb, tell_nb
from scizor.engine.portfolio.memory import copy, float_at
from scizor.engine.portfolio.orders import trail_nb, trigger_of_nb
from scizor.engine.portfolio.state import (
    ACCOUNT,
    BOOK,
    HOLDING,
    WITHIN,
    account_at,
    book_at,
    fill_at,
    holding_at,
    order_at,
)
from scizor.engine.portfolio.trading import act_nb

_WORKING = int(OrderState.WORKING)
_MARKET, _LIMIT, _STOP = int(OrderType.MARKET), int(OrderType.LIMIT), int(OrderType.STOP)
_STOP_LIMIT = int(OrderType.STOP_LIMIT)
_TOUCHED, _TRAILING = int(OrderType.MARKET_IF_TOUCHED), int(OrderType.TRAILING)
_OHLC, _OLHC, _NEAREST = int(PathPolicy.OHLC), int(PathPolicy.OLHC), int(PathPolicy.NEAREST_EXTREME)
_WORST = int(PathPolicy.WORST_CASE)
_TRIGGERED = int(EventKind.TRIGGERED)
_ACCOUNT_BYTES, _HOLDING_BYTES, _BOOK_BYTES = ACCOUNT.itemsize, HOLDING.itemsize, BOOK.itemsize
_ORDER_BYTES = ORDER.itemsize
# Two ways whose outcomes differ by less than this part of what was traded differ by the rounding of floats.
_SAME = 1e-9

_NONE_IN_REACH, _ONE_PLAIN, _SEVERAL = 0, 1, 2


@njit
def walk_nb(sim: Any, symbol: int, row: int) -> None:
    """Let the living orders of a symbol trade within its bar of `row`."""
    reach = _reach_nb(sim, symbol, row)
    if reach == _NONE_IN_REACH:
        return
    account_at(sim.at_account, 0).phase = WITHIN
    path = int(sim.path)
    if path == _NEAREST:
        at = row * sim.n_symbols + symbol
        opens, high, low = float_at(sim.at_open, at), float_at(sim.at_high, at), float_at(sim.at_low, at)
        path = _OHLC if high - opens < opens - low else _OLHC
    if path in (_OHLC, _OLHC) or reach == _ONE_PLAIN:
        _go_nb(sim, symbol, row, path != _OLHC)
        return
    _save_nb(sim, symbol)
    up, traded_up = _try_nb(sim, symbol, row, True)
    down, traded_down = _try_nb(sim, symbol, row, False)
    upwards = up <= down if path == _WORST else up >= down
    if abs(up - down) <= _SAME * max(traded_up, traded_down):
        upwards = True
    else:
        _count_nb(sim, symbol, row, up, down, upwards)
    _go_nb(sim, symbol, row, upwards)


@njit
def in_reach_nb(sim: Any, order: Any, symbol: int, row: int) -> bool:
    """Whether an order that is there at the open may act within the bar of `row`."""
    if order.type == _MARKET or not lasts_nb(order):
        return False
    if order.type == _TRAILING:
        return True
    at = row * sim.n_symbols + symbol
    opens, close = float_at(sim.at_open, at), float_at(sim.at_close, at)
    high, low = float_at(sim.at_high, at), float_at(sim.at_low, at)
    lowest, highest = min(low, high, opens, close), max(low, high, opens, close)
    return bool(_between_nb(order.limit, lowest, highest, order.side < 0)) or bool(
        _between_nb(order.trigger, lowest, highest, (order.side < 0) != _rises_nb(order))
    )


@njit
def _rises_nb(order: Any) -> bool:
    return bool(order.type == _STOP or order.type == _STOP_LIMIT)


@njit
def _between_nb(level: float, lowest: float, highest: float, from_below: bool) -> bool:
    return level <= highest if from_below else level >= lowest


@njit
def _reach_nb(sim: Any, symbol: int, row: int) -> int:
    n_in_reach, plain = 0, True
    number = int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        order = order_at(sim.at_orders, number)
        number = int(order.later)
        if order.state == _WORKING and order.entered and in_reach_nb(sim, order, symbol, row):
            n_in_reach += 1
            one_act = order.type == _LIMIT or order.type == _STOP or order.type == _TOUCHED or order.triggered
            plain = plain and one_act and order.n_exits == 0
    if n_in_reach == 0:
        return _NONE_IN_REACH
    return _ONE_PLAIN if n_in_reach == 1 and plain else _SEVERAL


@njit
def _go_nb(sim: Any, symbol: int, row: int, high_first: bool) -> None:
    at = row * sim.n_symbols + symbol
    opens, close = float_at(sim.at_open, at), float_at(sim.at_close, at)
    high, low = float_at(sim.at_high, at), float_at(sim.at_low, at)
    one, other = (high, low) if high_first else (low, high)
    _move_nb(sim, symbol, row, opens, one)
    _move_nb(sim, symbol, row, one, other)
    _move_nb(sim, symbol, row, other, close)


@njit
def _move_nb(sim: Any, symbol: int, row: int, start: float, end: float) -> None:
    """One straight move of the price, with all that happens on it."""
    while True:
        number, price = _next_nb(sim, symbol, row, start, end)
        if number == 0:
            break
        _trail_all_nb(sim, symbol, price)
        _act_within_nb(sim, number, row, price, end)
        start = price
    _trail_all_nb(sim, symbol, end)


@njit
def _next_nb(sim: Any, symbol: int, row: int, start: float, end: float) -> tuple[int, float]:
    """The order that acts next on the way, 0 for none, and where."""
    found, nearest, there = 0, math.inf, end
    number = int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        order = order_at(sim.at_orders, number)
        takes_part = order.state == _WORKING and order.entered and order.type != _MARKET and lasts_nb(order)
        if takes_part and order.idle_row != row:
            price = meets_nb(
                int(order.type),
                int(order.side),
                bool(order.triggered),
                order.limit,
                trigger_of_nb(order),
                start,
                end,
                sim.through != 0,
            )
            if abs(price - start) < nearest:
                found, nearest, there = number, abs(price - start), price
        number = int(order.later)
    return found, there


@njit
def _act_within_nb(sim: Any, number: int, row: int, price: float, end: float) -> None:
    order = order_at(sim.at_orders, number)
    triggered, fills = at_price_nb(
        int(order.type), int(order.side), bool(order.triggered), order.limit, trigger_of_nb(order), price
    )
    newly = triggered and not order.triggered
    if newly:
        order.triggered = True
        tell_nb(sim, row, _TRIGGERED, int(order.symbol), number, price)
    # Whether a limit is met at its very price and the way leads no further.
    touched = price == order.limit and order.side * (end - price) >= 0.0
    if not fills or (touched and sim.through):
        if not newly:
            order.idle_row = row
        return
    if act_nb(sim, number, row, price, False) > 0.0:
        account_at(sim.at_account, 0).n_touch += touched
    if order.state == _WORKING:
        # No volume is left for it in this bar.
        order.idle_row = row


@njit
def _trail_all_nb(sim: Any, symbol: int, price: float) -> None:
    number = int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        order = order_at(sim.at_orders, number)
        if order.type == _TRAILING and order.entered and order.state == _WORKING and not order.triggered:
            trail_nb(order, price)
        number = int(order.later)


@njit
def _try_nb(sim: Any, symbol: int, row: int, high_first: bool) -> tuple[float, float]:
    """What a way leaves of signed quantity x (close - price) over its fills, and how much it traded; nothing stays."""
    money = account_at(sim.at_account, 0)
    before = int(money.n_fills)
    money.on_trial = 1
    _go_nb(sim, symbol, row, high_first)
    close = float_at(sim.at_close, row * sim.n_symbols + symbol)
    outcome, traded = 0.0, 0.0
    for place in range(before, int(money.n_fills)):
        fill = fill_at(sim.at_fills, place)
        outcome += fill.side * fill.quantity * (close - fill.reference)
        traded += fill.quantity * close
    _restore_nb(sim, symbol)
    return outcome, traded


@njit
def _count_nb(sim: Any, symbol: int, row: int, up: float, down: float, upwards: bool) -> None:
    money = account_at(sim.at_account, 0)
    rate = rate_nb(sim, book_at(sim.at_books, symbol).currency, row)
    kept = up if upwards else down
    money.n_ambiguous += 1
    money.best += (max(up, down) - kept) * rate
    money.worst += (min(up, down) - kept) * rate


@njit
def _save_nb(sim: Any, symbol: int) -> None:
    copy(sim.at_trial_account, sim.at_account, _ACCOUNT_BYTES)
    copy(sim.at_trial_holding, sim.at_holdings + symbol * _HOLDING_BYTES, _HOLDING_BYTES)
    copy(sim.at_trial_book, sim.at_books + symbol * _BOOK_BYTES, _BOOK_BYTES)
    place, number = 0, int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        copy(sim.at_trial_orders + place * _ORDER_BYTES, sim.at_orders + number * _ORDER_BYTES, _ORDER_BYTES)
        place, number = place + 1, int(order_at(sim.at_orders, number).later)


@njit
def _restore_nb(sim: Any, symbol: int) -> None:
    copy(sim.at_account, sim.at_trial_account, _ACCOUNT_BYTES)
    copy(sim.at_holdings + symbol * _HOLDING_BYTES, sim.at_trial_holding, _HOLDING_BYTES)
    copy(sim.at_books + symbol * _BOOK_BYTES, sim.at_trial_book, _BOOK_BYTES)
    place, number = 0, int(holding_at(sim.at_holdings, symbol).first)
    while number > 0:
        copy(sim.at_orders + number * _ORDER_BYTES, sim.at_trial_orders + place * _ORDER_BYTES, _ORDER_BYTES)
        place, number = place + 1, int(order_at(sim.at_orders, number).later)
