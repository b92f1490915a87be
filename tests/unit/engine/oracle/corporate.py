"""Splits, dividends and interest at an OPEN; delistings at a CLOSE."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import FillCause, OrderEnd, OrderState
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.ledger import Dividend, Split
from tests.unit.engine.oracle.money import ONE, ZERO, exact, lots_down, lots_up
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.trading import finish, force


@dataclass
class Clock:
    """What the calendar has brought so far."""

    today: date | None = None
    applied: set[tuple[int, int]] = field(default_factory=set)  # (symbol, place of the action)


def apply_actions(account: Account, clock: Clock, opening: list[tuple[int, int]], calls: dict[int, Order]) -> None:
    """Those whose ex-date has come of the symbols (each with its row) that open, each once: by ex-date, splits first.

    `calls`: the margin calls that wait, by symbol.
    """
    due = []
    for symbol, row in opening:
        for place, action in enumerate(account.world.actions[symbol]):
            if action.ex_date <= account.world.sessions[row] and (symbol, place) not in clock.applied:
                clock.applied.add((symbol, place))
                due.append((action.ex_date, action.type is not ActionType.SPLIT, symbol, place, row, action))
    for *_, symbol, _, row, action in sorted(due, key=lambda one: one[:4]):
        account.row = row
        if action.type is ActionType.SPLIT:
            split(account, symbol, action.value)
            if symbol in calls and account.held[symbol]:
                called = lots_up(calls[symbol].quantity * action.value, account.world.lots[symbol])
                calls[symbol].quantity = min(called, abs(account.held[symbol]))
        else:
            dividend(account, symbol, action)


def split(account: Account, symbol: int, ratio: Decimal) -> None:
    for order in reversed(account.alive(symbol)):  # exits before their parent
        _split_order(account, order.number, ratio)
    for prices in (account.prices, account.closes):
        price = prices[symbol]
        prices[symbol] = None if price is None else price / ratio
    held = account.held[symbol] * ratio
    whole = lots_down(abs(held), min(account.world.lots[symbol], ONE)).copy_sign(held)
    price = account.closes[symbol]
    if held:
        assert price is not None
        account.held[symbol] = whole
        account.cash += (held - whole) * price * account.rate(symbol)
        account.log.append(Split(account.row, symbol, ratio, held - whole, price, account.rate(symbol)))


def _split_order(account: Account, number: int, ratio: Decimal) -> None:
    order = account.orders[number - 1]
    lot = account.world.lots[order.symbol]
    for name in ("limit", "trigger", "trail_amount", "extreme"):
        value = getattr(order, name)
        setattr(order, name, None if value is None else value / ratio)
    if order.wanted is not None:
        order.wanted = order.side * lots_down(abs(order.wanted) * ratio, lot)
    if order.sized:
        rest = lots_down(order.rest * ratio, lot)
        order.carried *= ratio
        order.quantity = order.filled + rest
        if rest == 0:
            finish(account, order, OrderState.CANCELLED, OrderEnd.SPLIT)


def dividend(account: Account, symbol: int, action: CorporateAction) -> None:
    """Who is long is owed, who is short owes."""
    amount = action.value * account.held[symbol]
    if amount:
        due = Dividend(account.row, symbol, amount, action.pay_date or action.ex_date, account.rate(symbol))
        account.dues.append(due)
        account.log.append(due)
        account.costs["dividends"] += amount * account.rate(symbol)


def pay_dues(account: Account) -> None:
    """What was due becomes cash from its pay date on."""
    day = account.world.sessions[account.row]
    for due in list(account.dues):
        if due.pay_date <= day:
            account.dues.remove(due)
            account.cash += due.amount * account.rate(due.symbol)


def charge_interest(account: Account, clock: Clock) -> None:
    """Once for each session on which the clock passes to a new date, act/360."""
    day = account.world.sessions[account.row]
    if clock.today is None or day <= clock.today:
        clock.today = clock.today or day
        return
    years = Decimal((day - clock.today).days) / 360
    financing, benchmark = account.settings.financing, _benchmark(account.settings, clock.today)
    clock.today = day
    debit = min(account.cash, ZERO) * (benchmark + exact(financing.debit_spread)) * years
    credited = max(account.cash - exact(financing.credit_from), ZERO)
    credit = credited * max(benchmark - exact(financing.credit_spread), ZERO) * years
    shorts = sum((min(account.value_of(one, price), ZERO) for one, price in enumerate(account.closes)), ZERO)
    borrow = shorts * exact(financing.borrow_rate) * years
    for line, amount in (("debit_interest", debit), ("credit_interest", credit), ("borrow", borrow)):
        account.cash += amount
        account.costs[line] += amount


def _benchmark(settings: Settings, day: date) -> Decimal:
    rates = sorted(settings.financing.benchmark.items())
    known = [rate for since, rate in rates if date.fromisoformat(since) <= day]
    return exact(known[-1] if known else rates[0][1])


def delist(account: Account, symbol: int) -> None:
    """At the close of the symbol's last bar."""
    last_row, value = account.world.delisted.get(symbol, (None, None))
    if account.row != last_row:
        return
    for order in account.alive(symbol):
        finish(account, order, OrderState.CANCELLED, OrderEnd.DELISTED)
    price = account.closes[symbol] if value is None else value
    assert price is not None
    force(account, symbol, price, FillCause.DELISTING, free=value is not None)
    account.closes[symbol] = account.prices[symbol] = price
