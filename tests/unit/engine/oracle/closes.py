"""The CLOSE of a row: orders within and at the close, ends, delistings, ruin and margin, the strategy, the mark."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.domain.orders import AccountType, FillCause, FillTiming, OrderEnd, OrderState, TimeInForce
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.corporate import delist
from tests.unit.engine.oracle.decisions import cancel, decide, submit, submit_bracket
from tests.unit.engine.oracle.money import ONE, ZERO, exact, lots_up
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.passes import trade_at_one_price
from tests.unit.engine.oracle.script import Action, Bracket, Cancel, Place, Weigh
from tests.unit.engine.oracle.state import Run, mark
from tests.unit.engine.oracle.trading import end_what_expired, finish, force
from tests.unit.engine.oracle.walk import within_the_bar
from tests.unit.engine.oracle.world import Event


def at_close(run: Run, event: Event, actions: Sequence[Action]) -> None:
    (row,) = event.rows
    bars = run.world.bars[row]
    _trade(run, row)
    account = run.account
    for symbol in sorted(bars):
        _end_after_close(account, symbol)
    end_what_expired(account, event.instant)
    for symbol in sorted(bars):
        delist(account, symbol)
    over = row == len(run.world.bars) - 1 and run.settings.close_open_at_end
    if account.equity(account.closes) <= 0:
        _ruin(run)
    elif over:
        _end_all(account, OrderEnd.END_OF_RUN)
        _close_all(account, FillCause.END_OF_RUN)
    elif account.settings.account is AccountType.MARGIN:
        _look_at_margin(run)
    if account.equity(account.closes) > 0:
        for action in actions:
            _act(run, action)
    if run.settings.fill_timing is FillTiming.SAME_CLOSE and not over:
        _trade_at_this_very_close(run, row)
    mark(run)


def _trade(run: Run, row: int) -> None:
    """Each symbol's path, then what takes part in the close alone."""
    bars = run.world.bars[row]
    run.account.row, run.account.phase = row, 1
    for symbol in sorted(bars):
        run.account, better, worse = within_the_bar(run.account, symbol, bars[symbol])
        run.n_ambiguous += better != worse
        run.best, run.worst = run.best + better, run.worst + worse
    for symbol, bar in bars.items():
        for order in run.account.working(symbol):
            if order.in_bar and order.waits_for_trigger:  # a trailing stop saw the bar even if it took no part
                order.follow(bar.high)
                order.follow(bar.low)
        run.account.prices[symbol] = run.account.closes[symbol] = bar.close
    trade_at_one_price(run, dict.fromkeys(bars, row), phase=2)
    run.account.row = row


def _trade_at_this_very_close(run: Run, row: int) -> None:
    account = run.account
    trade_at_one_price(run, {one.symbol: row for one in account.working() if one.here_and_now}, phase=2)
    for order in account.alive():
        order.here_and_now = False


def _end_after_close(account: Account, symbol: int) -> None:
    last = account.world.last_of_session(account.row, symbol)
    for order in account.alive(symbol):
        if order.in_bar and last and order.tif is TimeInForce.CLS:
            finish(account, order, OrderState.CANCELLED, OrderEnd.TIME_IN_FORCE)
        elif order.in_bar and last and order.tif is TimeInForce.DAY:
            finish(account, order, OrderState.EXPIRED, OrderEnd.TIME_IN_FORCE)
        order.in_bar = False


def _look_at_margin(run: Run) -> None:
    account, margin = run.account, run.settings.margin
    values = [account.value_of(symbol, price) for symbol, price in enumerate(account.closes)]
    requirement = sum(
        (abs(one) * exact(margin.maintenance_long if one > 0 else margin.maintenance_short) for one in values), ZERO
    )
    equity = account.equity(account.closes)
    if equity >= requirement:
        return
    run.n_margin_calls += 1
    run.calls.clear()
    for symbol, held in enumerate(account.held):
        if held:
            shares = lots_up(abs(held) * (ONE - equity / requirement), run.world.lots[symbol])
            side = -1 if held > 0 else 1
            run.calls[symbol] = Order(0, symbol, side, min(shares, abs(held)), cause=FillCause.MARGIN_CALL)


def _ruin(run: Run) -> None:
    run.ruined_row = run.account.row
    _end_all(run.account, OrderEnd.RUIN)
    _close_all(run.account, FillCause.RUIN)


def _end_all(account: Account, why: OrderEnd) -> None:
    for order in account.alive():
        finish(account, order, OrderState.CANCELLED, why)


def _close_all(account: Account, cause: FillCause) -> None:
    account.phase = 2
    for symbol, price in enumerate(account.closes):
        if price is not None:
            force(account, symbol, price, cause)


def _act(run: Run, action: Action) -> None:
    account = run.account
    if isinstance(action, Place):
        submit(account, action.order)
    elif isinstance(action, Bracket):
        submit_bracket(account, *action)
    elif isinstance(action, Cancel):
        cancel(account, action.number)
    elif _is_decision(run, action):
        run.weights[action.symbol] = action.weight
        decide(account, action.symbol, action.weight)


def _is_decision(run: Run, wish: Weigh) -> bool:
    """A weight of a symbol that has had a bar, is not delisted, and has another weight now."""
    listed = not run.world.is_delisted(wish.symbol, run.account.row)
    return listed and run.account.closes[wish.symbol] is not None and run.weights.get(wish.symbol, ZERO) != wish.weight
