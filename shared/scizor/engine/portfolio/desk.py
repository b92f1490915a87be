"""What a strategy asks for between two rows: orders, brackets, weights, cancels."""

from __future__ import annotations

import math

from scizor.domain.orders import AccountType, FillCause, OrderEnd, OrderState, OrderType, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.arrays import Records
from scizor.engine.portfolio.closing import decide_nb
from scizor.engine.portfolio.funds import can_bear_nb
from scizor.engine.portfolio.orders import end_nb, enlist_nb, new_order_nb, refuse_nb
from scizor.engine.portfolio.state import CLOSE, account_at, book_at, holding_at, order_at

_CASH = int(AccountType.CASH)
_BY_ORDER, _TAKE_PROFIT, _STOP_LOSS = int(FillCause.ORDER), int(FillCause.TAKE_PROFIT), int(FillCause.STOP_LOSS)
_HELD, _WORKING, _CANCELLED = int(OrderState.HELD), int(OrderState.WORKING), int(OrderState.CANCELLED)
_REJECTED = int(OrderState.REJECTED)
_NONE, _ASKED, _PARENT = int(OrderEnd.NONE), int(OrderEnd.ASKED), int(OrderEnd.PARENT)
_FUNDS, _NOT_SHORTABLE = int(OrderEnd.INSUFFICIENT_FUNDS), int(OrderEnd.NOT_SHORTABLE)
_DELISTED, _RUIN = int(OrderEnd.DELISTED), int(OrderEnd.RUIN)
_LIMIT, _STOP, _TRAILING = int(OrderType.LIMIT), int(OrderType.STOP), int(OrderType.TRAILING)
_GTC = int(TimeInForce.GTC)


@njit
def place_nb(
    sims: Records,
    row: int,
    symbol: int,
    side: int,
    kind: int,
    tif: int,
    quantity: float,
    limit: float,
    trigger: float,
    trail_amount: float,
    trail_fraction: float,
    expire_ns: int,
    group: int,
    member: int,
) -> int:
    """The number of a new order, negative when it was rejected; 0 for a symbol without a price.

    `member`: another order of its group, 0 for none.
    """
    sim = sims[0]
    account_at(sim.at_account, 0).phase = CLOSE
    holding = holding_at(sim.at_holdings, symbol)
    if holding.last_close == 0.0:
        return 0
    number = new_order_nb(sim, symbol, side, kind, tif, _BY_ORDER, quantity, row)
    order = order_at(sim.at_orders, number)
    order.limit, order.trigger, order.expire_ns, order.group = limit, trigger, expire_ns, group
    order.trail_amount, order.trail_fraction, order.extreme = trail_amount, trail_fraction, holding.last_close
    why = _refusal_nb(sims, number, row)
    if why != _NONE:
        refuse_nb(sim, number, why, row)
        return -number
    if member > 0:
        other = order_at(sim.at_orders, member)
        order.sibling = other.sibling if other.sibling > 0 else member
        other.sibling = number
    enlist_nb(sim, number)
    return number


@njit
def _refusal_nb(sims: Records, number: int, row: int) -> int:
    sim = sims[0]
    order = order_at(sim.at_orders, number)
    holding = holding_at(sim.at_holdings, order.symbol)
    if account_at(sim.at_account, 0).ruined_row >= 0:
        return _RUIN
    if book_at(sim.at_books, order.symbol).gone:
        return _DELISTED
    if sim.account_type == _CASH and order.side < 0 and order.quantity > max(holding.position, 0.0):
        return _NOT_SHORTABLE
    return _NONE if can_bear_nb(sim, number, row) else _FUNDS


@njit
def add_exits_nb(sims: Records, entry: int, row: int, take_profit: float, stop_loss: float, trail: float) -> None:
    """Place the exits of an order just placed: a limit, and a stop or, `trail` being an amount, a trailing stop."""
    sim = sims[0]
    parent = order_at(sim.at_orders, entry)
    for cause in (_TAKE_PROFIT, _STOP_LOSS):
        level = take_profit if cause == _TAKE_PROFIT else stop_loss
        trails = cause == _STOP_LOSS and not math.isnan(trail)
        if math.isnan(level) and not trails:
            continue
        kind = _LIMIT if cause == _TAKE_PROFIT else (_TRAILING if trails else _STOP)
        number = new_order_nb(sim, int(parent.symbol), -int(parent.side), kind, _GTC, cause, parent.quantity, row)
        leg = order_at(sim.at_orders, number)
        leg.parent = entry
        if trails:
            leg.trail_amount = trail
        elif cause == _TAKE_PROFIT:
            leg.limit = level
        else:
            leg.trigger = level
        if parent.state == _REJECTED:
            leg.state, leg.end, leg.ended_row = _CANCELLED, _PARENT, row
        else:
            parent.n_exits += 1
            leg.state = _HELD
            enlist_nb(sim, number)


@njit
def weigh_symbol_nb(sims: Records, row: int, symbol: int, weight: float) -> int:
    """Decide a weight; the number of its order, 0 for one that is no decision."""
    sim = sims[0]
    account_at(sim.at_account, 0).phase = CLOSE
    return decide_nb(sim, symbol, row, weight)


@njit
def cancel_nb(sims: Records, row: int, number: int) -> bool:
    """End an order that lives; whether it did."""
    sim = sims[0]
    account_at(sim.at_account, 0).phase = CLOSE
    if order_at(sim.at_orders, number).state > _WORKING:
        return False
    end_nb(sim, number, _CANCELLED, _ASKED, row)
    return True
