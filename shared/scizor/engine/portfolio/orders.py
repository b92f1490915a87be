"""The living orders: a list a symbol, rings of groups, brackets, and how an order ends."""

from __future__ import annotations

import math
from typing import Any

from scizor.domain.orders import EventKind, OrderEnd, OrderState, OrderType, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.fills import extreme_nb, stop_of_nb
from scizor.engine.portfolio.ledger import lot_nb, lots_nb, tell_nb
from scizor.engine.portfolio.state import CLOSE, account_at, book_at, holding_at, order_at

_HELD, _WORKING, _FILLED = int(OrderState.HELD), int(OrderState.WORKING), int(OrderState.FILLED)
_CANCELLED, _REJECTED = int(OrderState.CANCELLED), int(OrderState.REJECTED)
_NONE, _GROUP, _PARENT = int(OrderEnd.NONE), int(OrderEnd.GROUP), int(OrderEnd.PARENT)
_TRAILING, _GTD = int(OrderType.TRAILING), int(TimeInForce.GTD)
_ENDED, _REFUSED, _LIVE = int(EventKind.ENDED), int(EventKind.REJECTED), int(EventKind.LIVE)


@njit
def new_order_nb(sim: Any, symbol: int, side: int, kind: int, tif: int, cause: int, quantity: float, row: int) -> int:
    """The number of a new order, WORKING, of which only this is said; not yet among the living."""
    money = account_at(sim.at_account, 0)
    money.n_orders += 1
    number = int(money.n_orders)
    order = order_at(sim.at_orders, number)
    order.number, order.symbol, order.placed_row, order.ended_row = number, symbol, row, -1
    order.side, order.type, order.tif, order.cause, order.quantity = side, kind, tif, cause, quantity
    order.state, order.end = _WORKING, _NONE
    order.limit = order.trigger = order.trail_amount = order.trail_fraction = order.extreme = order.weight = math.nan
    order.filled = order.value = order.commission = order.share_cost = order.carried = 0.0
    order.parent = order.group = order.n_exits = order.sibling = order.expire_ns = 0
    order.triggered, order.entered, order.idle_row, order.wanted = False, False, -1, math.nan
    return number


@njit
def enlist_nb(sim: Any, number: int) -> None:
    """Put an order among the living, behind the others of its symbol."""
    money, order = account_at(sim.at_account, 0), order_at(sim.at_orders, number)
    holding = holding_at(sim.at_holdings, order.symbol)
    order.earlier, order.later = holding.last, 0
    if holding.last > 0:
        order_at(sim.at_orders, holding.last).later = number
    else:
        holding.first = number
    holding.last = number
    money.n_active += 1
    if order.tif == _GTD:
        money.next_expiry = min(money.next_expiry, order.expire_ns)


@njit
def _leave_nb(sim: Any, number: int, state: int, end: int, row: int) -> None:
    money, order = account_at(sim.at_account, 0), order_at(sim.at_orders, number)
    holding = holding_at(sim.at_holdings, order.symbol)
    if order.earlier > 0:
        order_at(sim.at_orders, order.earlier).later = order.later
    else:
        holding.first = order.later
    if order.later > 0:
        order_at(sim.at_orders, order.later).earlier = order.earlier
    else:
        holding.last = order.earlier
    money.n_active -= 1
    order.state, order.end, order.ended_row = state, end, row
    if state != _FILLED:
        tell_nb(sim, row, _ENDED, order.symbol, number, order.filled)


@njit
def refuse_nb(sim: Any, number: int, end: int, row: int) -> None:
    """Reject an order that never came among the living."""
    money, order = account_at(sim.at_account, 0), order_at(sim.at_orders, number)
    money.n_rejected += 1
    order.state, order.end, order.ended_row = _REJECTED, end, row
    tell_nb(sim, row, _REFUSED, order.symbol, number, 0.0)


@njit
def end_nb(sim: Any, number: int, state: int, end: int, row: int) -> None:
    """End a living order; the exits of a bracket's entry become live for what of it has filled, or end with it."""
    _leave_nb(sim, number, state, end, row)
    order = order_at(sim.at_orders, number)
    if order.n_exits == 0:
        return
    # A split may have left part of a lot of what has filled.
    size = lots_nb(order.carried, book_at(sim.at_books, order.symbol).lot_size)
    for place in range(order.n_exits):
        exit_number = number + 1 + place
        leg = order_at(sim.at_orders, exit_number)
        if leg.state != _HELD:
            continue
        if size <= 0.0:
            _leave_nb(sim, exit_number, _CANCELLED, _PARENT, row)
            continue
        money = account_at(sim.at_account, 0)
        leg.state, leg.quantity = _WORKING, size
        # Past the open of its symbol's bar it takes part in the rest of that bar, else from the next open on.
        leg.entered = money.phase != CLOSE
        leg.extreme = money.price if leg.entered else math.nan
        tell_nb(sim, row, _LIVE, leg.symbol, exit_number, leg.quantity)


@njit
def cancel_group_nb(sim: Any, number: int, symbol: int, row: int) -> None:
    """End the others of an order's OCO group; only those of `symbol` where it is not -1."""
    other = int(order_at(sim.at_orders, number).sibling)
    while other > 0 and other != number:
        one = order_at(sim.at_orders, other)
        following = int(one.sibling)
        if one.state <= _WORKING and (symbol < 0 or one.symbol == symbol):
            end_nb(sim, other, _CANCELLED, _GROUP, row)
        other = following


@njit
def reduce_exit_nb(sim: Any, number: int, shares: float, row: int) -> None:
    """Take what one exit of a bracket filled from the other."""
    leg = order_at(sim.at_orders, number)
    entry = order_at(sim.at_orders, leg.parent)
    for place in range(entry.n_exits):
        other = int(leg.parent + 1 + place)
        one = order_at(sim.at_orders, other)
        if other != number and one.state <= _WORKING:
            one.quantity -= shares
            if lot_nb(one.quantity - one.filled, book_at(sim.at_books, one.symbol).lot_size) <= 0.0:
                end_nb(sim, other, _CANCELLED, _GROUP, row)


@njit
def trigger_of_nb(order: Any) -> float:
    """The stop or touch of an order as it is now."""
    if order.type == _TRAILING:
        return stop_of_nb(int(order.side), order.trail_amount, order.trail_fraction, order.extreme)
    return float(order.trigger)


@njit
def trail_nb(order: Any, price: float) -> None:
    """Let a TRAILING order see a price."""
    if order.type == _TRAILING:
        order.extreme = extreme_nb(int(order.side), order.extreme, price)
