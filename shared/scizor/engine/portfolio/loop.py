"""The rows of a run, in the order of real time."""

from __future__ import annotations

from typing import Any

from scizor.domain.orders import AccountType
from scizor.engine._jit import njit
from scizor.engine.arrays import Records
from scizor.engine.portfolio.actions import actions_nb
from scizor.engine.portfolio.auction import AT_CLOSE, close_auction_nb, open_auction_nb, opened_row_nb, see_prices_nb
from scizor.engine.portfolio.calendar import has_bar_nb
from scizor.engine.portfolio.closing import (
    NEVER,
    decisions_nb,
    delist_nb,
    end_session_nb,
    expire_nb,
    fill_at_once_nb,
    settle_nb,
)
from scizor.engine.portfolio.coast import coast_nb, decided_nb
from scizor.engine.portfolio.funds import weigh_nb
from scizor.engine.portfolio.memory import copy, float_at, int_at, put_float
from scizor.engine.portfolio.state import (
    ACCOUNT,
    CLOSE,
    account_at,
    holding_at,
    put_flag,
)
from scizor.engine.portfolio.walk import walk_nb

_MARGIN = int(AccountType.MARGIN)
_ACCOUNT_BYTES = ACCOUNT.itemsize


@njit
def run_nb(sims: Records, first: int, last: int) -> int:
    """Run rows from `first` to before `last`; returns the row it came to: an earlier one when a log wants room."""
    sim = sims[0]
    row = first
    if not settle_orders_nb(sims, first):
        return row
    while row < last and has_room_nb(sim):
        row = coast_nb(sim, row, last)
        if row < last and decided_nb(sim) > row - 1:
            _row_nb(sim, row)
            row += 1
        decisions_nb(sim, row - 1)
    return row


@njit
def settle_orders_nb(sims: Records, row: int) -> bool:
    """Let what was placed before `row` trade at the close it was placed at (SAME_CLOSE); False for want of room."""
    sim = sims[0]
    if not has_room_nb(sim):
        return False
    if row > sim.first_row:
        fill_at_once_nb(sim, row - 1)
    return True


@njit
def run_ahead_nb(sims: Records, first: int, last: int) -> int:
    """As run_nb, but no further than the first row in which something may have happened; `go_back_nb` can undo."""
    sim = sims[0]
    money = account_at(sim.at_account, 0)
    if not settle_orders_nb(sims, first):
        return first
    _keep_nb(sim)
    row = coast_nb(sim, first, last)
    if row > first or not has_room_nb(sim):
        return row
    before = int(money.n_events)
    _row_nb(sim, row)
    _keep_nb(sim)
    return row + 1 if money.n_events > before else coast_nb(sim, row + 1, last)


@njit
def go_back_nb(sims: Records, last: int) -> None:
    """Back to the state before row `last` of the last run_ahead's quiet stretch: its beginning, run again."""
    sim = sims[0]
    money = account_at(sim.at_account, 0)
    for row in range(last, money.next_open):
        put_float(sim.at_long_value, row, 0.0)
        put_float(sim.at_short_value, row, 0.0)
        put_flag(sim.at_in_market, row, 0)
    copy(sim.at_account, sim.at_kept_account, _ACCOUNT_BYTES)
    for symbol in range(sim.n_symbols):
        holding_at(sim.at_holdings, symbol).last_close = float_at(sim.at_kept_closes, symbol)
    coast_nb(sim, money.next_open, last)


@njit
def _keep_nb(sim: Any) -> None:
    copy(sim.at_kept_account, sim.at_account, _ACCOUNT_BYTES)
    for symbol in range(sim.n_symbols):
        put_float(sim.at_kept_closes, symbol, holding_at(sim.at_holdings, symbol).last_close)


@njit
def has_room_nb(sim: Any) -> bool:
    """Whether the logs have room for whatever one more row may bring."""
    money = account_at(sim.at_account, 0)
    n_orders, n_symbols = int(money.n_active), int(sim.n_symbols)
    return bool(
        money.n_orders + 2 * n_symbols + 2 < sim.order_room
        and money.n_fills + 6 * n_orders + 3 * n_symbols + 2 < sim.fill_room
        and money.n_trades + 6 * n_orders + 3 * n_symbols + 2 < sim.trade_room
        and money.n_events + 12 * n_orders + 16 * n_symbols + 2 < sim.event_room
    )


@njit
def _row_nb(sim: Any, row: int) -> None:
    """All events up to and including the close of a row."""
    money = account_at(sim.at_account, 0)
    if money.ruined_row >= 0:
        _freeze_nb(sim, row)
        return
    money.was_held = money.n_held > 0
    _opens_nb(sim, row)
    if money.n_active > 0:
        if sim.account_type == _MARGIN:
            weigh_nb(sim, row, False)
        for symbol in range(sim.n_symbols):
            if holding_at(sim.at_holdings, symbol).first > 0 and has_bar_nb(sim, row, symbol):
                walk_nb(sim, symbol, row)
        close_auction_nb(sim, row, AT_CLOSE)
        end_session_nb(sim, row)
        if money.next_expiry < NEVER:
            expire_nb(sim, row, int_at(sim.at_close_ns, row))
    money.phase = CLOSE
    if not sim.in_order:
        see_prices_nb(sim, row)
    delist_nb(sim, row)
    settle_nb(sim, row)


@njit
def _freeze_nb(sim: Any, row: int) -> None:
    money = account_at(sim.at_account, 0)
    put_float(sim.at_equity, row, money.equity)
    put_float(sim.at_cash, row, money.cash)


@njit
def _opens_nb(sim: Any, row: int) -> None:
    """The opens before the close of a row that have not been yet, those of one instant together."""
    money = account_at(sim.at_account, 0)
    if sim.in_order:
        money.next_open = row + 1
        _open_nb(sim, row, row + 1)
        return
    now_ns = int_at(sim.at_close_ns, row)
    while money.next_open < sim.n_opens:
        first = int(money.next_open)
        opens_ns = int_at(sim.at_open_ns, opened_row_nb(sim, first))
        if opens_ns >= now_ns:
            break
        last = first + 1
        while last < sim.n_opens and int_at(sim.at_open_ns, opened_row_nb(sim, last)) == opens_ns:
            last += 1
        money.next_open = last
        _open_nb(sim, first, last)


@njit
def _open_nb(sim: Any, first: int, last: int) -> None:
    """The opens at places first..last-1: they share their instant."""
    money = account_at(sim.at_account, 0)
    if money.next_expiry < NEVER:
        row = opened_row_nb(sim, first)
        expire_nb(sim, row, int_at(sim.at_open_ns, row))
    actions_nb(sim, last)
    if money.n_active > 0 or money.n_calls > 0 or not sim.in_order:
        open_auction_nb(sim, first, last)
