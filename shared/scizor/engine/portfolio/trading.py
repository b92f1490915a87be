"""From what an order may do at a price to its fills: what there is of volume and funds, and what follows a fill."""

from __future__ import annotations

from typing import Any

from scizor.domain.orders import OrderEnd, OrderState, TimeInForce
from scizor.engine._jit import njit
from scizor.engine.portfolio.funds import allowed_nb
from scizor.engine.portfolio.ledger import book_fill_nb, lot_nb
from scizor.engine.portfolio.orders import cancel_group_nb, end_nb, reduce_exit_nb
from scizor.engine.portfolio.state import account_at, book_at, holding_at, order_at

_FILLED, _CANCELLED = int(OrderState.FILLED), int(OrderState.CANCELLED)
_NONE, _FUNDS = int(OrderEnd.NONE), int(OrderEnd.INSUFFICIENT_FUNDS)
_FOK = int(TimeInForce.FOK)


@njit
def act_nb(sim: Any, number: int, row: int, price: float, closing_only: bool) -> float:
    """Fill what can be of a living order at `price`: the part that closes a position, then, unless told, the rest.

    Returns the shares filled. A part that would add to a position is cut to what the account bears; what is cut off
    ends the order.
    """
    money, order = account_at(sim.at_account, 0), order_at(sim.at_orders, number)
    symbol, side = int(order.symbol), int(order.side)
    holding, book = holding_at(sim.at_holdings, symbol), book_at(sim.at_books, symbol)
    money.price = price
    rest = lot_nb(order.quantity - order.filled, book.lot_size)
    available = min(rest, book.left)
    if order.tif == _FOK and order.filled == 0.0 and not _whole_nb(sim, number, row, price):
        return 0.0
    done, cut = 0.0, False
    if holding.position * side < 0.0:
        done = min(available, abs(holding.position))
        if done > 0.0:
            book_fill_nb(sim, number, symbol, row, side, done, price, False)
    adding = available - done
    if adding > 0.0 and not closing_only:
        allowed = allowed_nb(sim, number, row, side, adding, price)
        cut = allowed < adding
        if allowed > 0.0:
            book_fill_nb(sim, number, symbol, row, side, allowed, price, False)
            done += allowed
    if done > 0.0:
        _follow_nb(sim, number, done, row)
    if cut:
        money.n_cut += 1
        if order.state < _FILLED:
            end_nb(sim, number, _CANCELLED, _FUNDS, row)
    return done


@njit
def _whole_nb(sim: Any, number: int, row: int, price: float) -> bool:
    """Whether all of an order can fill at `price`."""
    order = order_at(sim.at_orders, number)
    rest = lot_nb(order.quantity - order.filled, book_at(sim.at_books, order.symbol).lot_size)
    against = max(-order.side * holding_at(sim.at_holdings, order.symbol).position, 0.0)
    adding = max(rest - against, 0.0)
    if book_at(sim.at_books, order.symbol).left < rest:
        return False
    return bool(adding == 0.0 or allowed_nb(sim, number, row, int(order.side), adding, price) == adding)


@njit
def _follow_nb(sim: Any, number: int, shares: float, row: int) -> None:
    order = order_at(sim.at_orders, number)
    order.carried += shares
    if lot_nb(order.quantity - order.filled, book_at(sim.at_books, order.symbol).lot_size) <= 0.0:
        end_nb(sim, number, _FILLED, _NONE, row)
    if order.sibling > 0:
        on_trial = account_at(sim.at_account, 0).on_trial
        cancel_group_nb(sim, number, int(order.symbol) if on_trial else -1, row)
    if order.parent > 0:
        reduce_exit_nb(sim, number, shares, row)
