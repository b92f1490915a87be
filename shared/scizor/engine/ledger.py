"""Booking a fill: cash, position, the fill's record, and the round trip it opens, enlarges, reduces or closes.

A round trip runs from flat to flat. Its entry price is the quantity-weighted mean of the fills that enlarged the
position, its exit price that of the fills that reduced it; all their commissions belong to it. A reversal is two fills,
one that closes and one that opens, so no fill ever crosses zero.
"""

from __future__ import annotations

from scizor.engine._jit import njit
from scizor.engine.arrays import State
from scizor.engine.fills import commission_nb, fill_price_nb
from scizor.engine.settings import Rules


@njit
def book_fill_nb(
    state: State, rules: Rules, session: int, symbol: int, quantity: float, reference: float, at_end: bool
) -> None:
    """Fill `quantity` (signed, not 0) of `symbol` around `reference`."""
    money = state.account[0]
    row = state.book[symbol]
    side = 1 if quantity > 0.0 else -1
    shares = abs(quantity)
    price = fill_price_nb(reference, side, rules.slippage_rate)
    value = shares * price
    fee = commission_nb(value, rules.commission_rate)
    money.cash -= side * value + fee
    fill = state.fills[money.n_fills]
    fill.session, fill.symbol, fill.side = session, symbol, side
    fill.quantity, fill.price, fill.commission = shares, price, fee
    fill.slippage = shares * abs(price - reference)
    money.n_fills += 1

    if row.position == 0.0:
        row.entry_session = session
        row.entry_quantity, row.entry_value, row.exit_value, row.commission = 0.0, 0.0, 0.0, 0.0
        money.n_open += 1
    enlarges = row.position * side >= 0.0
    row.commission += fee
    row.position += quantity
    if enlarges:
        row.entry_quantity += shares
        row.entry_value += value
        return
    row.exit_value += value
    if row.position == 0.0:
        money.n_open -= 1
        _close_trade_nb(state, session, symbol, -side, at_end)


@njit
def _close_trade_nb(state: State, session: int, symbol: int, direction: int, at_end: bool) -> None:
    money = state.account[0]
    row = state.book[symbol]
    trade = state.trades[money.n_trades]
    money.n_trades += 1
    trade.symbol, trade.direction = symbol, direction
    trade.entry_session, trade.exit_session = row.entry_session, session
    trade.quantity = row.entry_quantity
    trade.entry_price = row.entry_value / row.entry_quantity
    trade.exit_price = row.exit_value / row.entry_quantity
    trade.gross_pnl = direction * (row.exit_value - row.entry_value)
    trade.commission = row.commission
    trade.net_pnl = trade.gross_pnl - row.commission
    trade.return_fraction = trade.net_pnl / row.entry_value
    trade.open_at_end = at_end
