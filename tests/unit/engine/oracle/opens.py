"""The OPEN of rows: splits, dividends, interest, then orders at the open."""

from __future__ import annotations

from scizor.domain.orders import OrderEnd, OrderState, TimeInForce
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.corporate import apply_actions, charge_interest, pay_dues
from tests.unit.engine.oracle.orders import ONE_OPEN
from tests.unit.engine.oracle.passes import trade_at_one_price
from tests.unit.engine.oracle.state import Run
from tests.unit.engine.oracle.trading import end_what_expired, finish, volume_of_bar
from tests.unit.engine.oracle.world import Event


def at_open(run: Run, event: Event) -> None:
    """Splits, dividends, interest; then orders trade at the open."""
    account = run.account
    opening = sorted((symbol, row) for row in event.rows for symbol in run.world.bars[row])
    account.row = event.rows[0]
    end_what_expired(account, event.instant)
    apply_actions(account, run.clock, opening, run.calls)
    for row in event.rows:
        account.row = row
        pay_dues(account)
        charge_interest(account, run.clock)
    for symbol, row in opening:
        account.row = row
        account.prices[symbol] = run.world.bars[row][symbol].open
        volume_of_bar(account, symbol)
        for order in account.alive(symbol):
            order.in_bar = True
    trade_at_one_price(run, dict(opening), phase=0)
    for symbol, row in opening:
        account.row = row
        _end_after_open(account, symbol)


def _end_after_open(account: Account, symbol: int) -> None:
    first = account.world.first_of_session(account.row, symbol)
    for order in account.working(symbol):
        if order.in_bar and order.tif in ONE_OPEN and (order.tif is not TimeInForce.OPG or first):
            finish(account, order, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE)
