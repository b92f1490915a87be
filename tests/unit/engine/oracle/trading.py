"""How orders are filled, cut, ended, and make one another live or end: the page's "How much fills" and "Groups"."""

from __future__ import annotations

from decimal import Decimal

from scizor.domain.orders import FillCause, OrderEnd, OrderState, OrderType, TimeInForce
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.money import ZERO, lots_down, most_lots
from tests.unit.engine.oracle.orders import Order


def closing_part(account: Account, order: Order) -> Decimal:
    """How much of what is left of the order closes a position."""
    against = max(-order.side * account.held[order.symbol], ZERO)
    return min(against, order.rest)


def volume_for(account: Account, order: Order, wanted: Decimal) -> Decimal:
    """How much of a quantity the bar's volume has left."""
    left = account.volume_left.get(order.symbol)
    return wanted if left is None else min(wanted, left)


def fill(account: Account, order: Order, price: Decimal, wanted: Decimal | None = None) -> None:
    """Fill what can be filled of the order (of `wanted`) at a price: first what closes, then what opens."""
    wanted = order.rest if wanted is None else wanted
    there = volume_for(account, order, wanted)
    if order.tif is TimeInForce.FOK and order.filled == 0 and not _whole(account, order, price):
        return
    closing = min(closing_part(account, order), there)
    if closing > 0:
        _take(account, order, price, closing)
    opening = there - closing
    if opening <= 0 or order.state.ended:
        return
    most = affordable(account, order, price, opening)
    if most > 0:
        _take(account, order, price, most)
    if most < opening and not order.state.ended:
        account.n_cut += 1
        finish(account, order, OrderState.CANCELLED, OrderEnd.INSUFFICIENT_FUNDS)


def _whole(account: Account, order: Order, price: Decimal) -> bool:
    opening = order.rest - closing_part(account, order)
    enough = opening <= 0 or affordable(account, order, price, opening) == opening
    return enough and volume_for(account, order, order.rest) == order.rest


def affordable(account: Account, order: Order, price: Decimal, shares: Decimal) -> Decimal:
    """The most whole lots, at most `shares`, that the account may add."""
    if account.may_add(order, price, shares):
        return shares
    lot = account.world.lots[order.symbol]
    return most_lots(lot, lambda some: some <= shares and account.may_add(order, price, some))


def _take(account: Account, order: Order, price: Decimal, shares: Decimal) -> None:
    account.book(order, price, shares)
    if order.symbol in account.volume_left:
        account.volume_left[order.symbol] -= shares
    _tell_group(account, order, shares)
    if order.rest == 0 and order.sized:
        finish(account, order, OrderState.FILLED, OrderEnd.NONE)


def _tell_group(account: Account, order: Order, shares: Decimal) -> None:
    """An OCO order that fills cancels the others; an exit that fills reduces the other."""
    for other in account.alive():
        if other is order:
            continue
        if order.group and other.group == order.group:
            finish(account, other, OrderState.CANCELLED, OrderEnd.GROUP)
        elif order.parent and other.parent == order.parent:
            other.quantity -= shares
            if other.rest <= 0:
                finish(account, other, OrderState.CANCELLED, OrderEnd.GROUP)


def finish(account: Account, order: Order, state: OrderState, end: OrderEnd) -> None:
    """End an order; the exits of a bracket live or end by what their parent came to."""
    if order.state.ended:
        return
    order.state, order.end, order.ended_row = state, end, account.row
    for exit_ in account.alive():
        if exit_.parent == order.number and exit_.state is OrderState.HELD:
            size = lots_down(order.carried, account.world.lots[order.symbol])
            if size > 0:
                exit_.state, exit_.quantity = OrderState.WORKING, size
            else:
                finish(account, exit_, OrderState.CANCELLED, OrderEnd.PARENT)


def force(account: Account, symbol: int, price: Decimal, cause: FillCause, *, free: bool = False) -> None:
    """The account itself closes a position, whole and whatever the volume; `free`: for that very price."""
    held = account.held[symbol]
    if held:
        order = Order(0, symbol, -1 if held > 0 else 1, abs(held), OrderType.MARKET, cause=cause)
        account.book(order, price, abs(held), free=free)


def volume_of_bar(account: Account, symbol: int) -> None:
    """What there is for all orders of the symbol in the bar that opens."""
    share = account.settings.max_participation
    if share is not None:
        volume = account.world.bars[account.row][symbol].volume
        account.volume_left[symbol] = lots_down(volume * Decimal(repr(share)), account.world.lots[symbol])


def end_what_expired(account: Account, instant: int) -> None:
    """GTD ends at the first event at or after its instant."""
    for order in account.alive():
        if order.tif is TimeInForce.GTD and instant >= order.expire_ns:
            finish(account, order, OrderState.EXPIRED, OrderEnd.TIME_IN_FORCE)
