"""Orders at one price: the passes of an open, or of the orders that take part in a close alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from scizor.domain.orders import FillTiming, OrderState, OrderType, TimeInForce
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.decisions import aim, whole_lots_of
from tests.unit.engine.oracle.orders import ONE_OPEN, Order
from tests.unit.engine.oracle.state import Run
from tests.unit.engine.oracle.trading import closing_part, fill


def trade_at_one_price(run: Run, rows: Mapping[int, int], phase: int) -> None:
    """Over all symbols (with their rows): what closes, orders by weight their quantity, other sells, other buys."""
    account = run.account
    account.phase = phase
    there = [one for one in account.working() if one.symbol in rows and takes_part(run, one, rows, phase)]
    for call in _calls(run, rows, phase):
        account.row = rows[call.symbol]
        fill(account, call, _price_of(run, call, rows, phase), closing_part(account, call))
    met = _close_positions(run, sorted(there, key=lambda one: one.symbol), rows, phase)
    for order, price in met:
        if not order.sized:
            account.row = rows[order.symbol]
            _size_at_fill(account, order, price)
    for side in (-1, 1):
        for order, price in met:
            if order.side == side and order.state is OrderState.WORKING:
                account.row = rows[order.symbol]
                fill(account, order, price)


def _close_positions(
    run: Run, orders: Sequence[Order], rows: Mapping[int, int], phase: int
) -> list[tuple[Order, Decimal]]:
    """Fill the closing part of each order that fills at its price; those orders and prices."""
    account, met = run.account, []
    for order in orders:
        if order.state is OrderState.WORKING:  # an order before it may have ended it
            price = _price_of(run, order, rows, phase)
            account.row = rows[order.symbol]
            if order.at_price(price):
                met.append((order, price))
                _close_first(account, order, price)
    return met


def _size_at_fill(account: Account, order: Order, price: Decimal) -> None:
    if not order.state.ended:
        assert order.weight is not None
        equity = account.equity(account.prices)
        aim(account, order, whole_lots_of(account, order.symbol, order.weight, equity, price))


def _calls(run: Run, rows: Mapping[int, int], phase: int) -> list[Order]:
    """Margin calls come before all orders, at the next open."""
    return [run.calls.pop(symbol) for symbol in sorted(rows) if phase == 0 and symbol in run.calls]


def _price_of(run: Run, order: Order, rows: Mapping[int, int], phase: int) -> Decimal:
    bar = run.world.bars[rows[order.symbol]][order.symbol]
    return bar.open if phase == 0 else bar.close


def takes_part(run: Run, order: Order, rows: Mapping[int, int], phase: int) -> bool:
    """Whether the order is looked at in this open (phase 0) or close (phase 2)."""
    row, timing = rows[order.symbol], run.settings.fill_timing
    at_a_close = order.type is OrderType.MARKET and timing is FillTiming.NEXT_CLOSE and order.tif not in ONE_OPEN
    if phase == 2:
        if order.here_and_now:
            return True
        if order.tif is TimeInForce.CLS:
            return order.in_bar and run.world.last_of_session(row, order.symbol)
        return order.in_bar and at_a_close
    if not order.in_bar or order.tif is TimeInForce.CLS or at_a_close:
        return False
    return order.tif is not TimeInForce.OPG or run.world.first_of_session(row, order.symbol)


def _close_first(account: Account, order: Order, price: Decimal) -> None:
    if not order.sized and order.wanted is not None:
        aim(account, order, order.wanted)
    if not order.sized:
        held = account.held[order.symbol]
        assert order.weight is not None
        if held * order.weight > 0 or held == 0:
            return
        order.side, order.quantity = (-1 if held > 0 else 1), abs(held)
    closing = closing_part(account, order)
    if closing > 0 and not order.state.ended:
        fill(account, order, price, closing)
