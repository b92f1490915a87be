"""The account: what it holds, what it is worth, what it may do, and everything that was booked on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from scizor.domain.orders import AccountType, OrderState
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.costs import commission_of_order, paid_price, raw_commission
from tests.unit.engine.oracle.ledger import Dividend, Entry, Fill
from tests.unit.engine.oracle.money import ZERO, at_most, bps, exact
from tests.unit.engine.oracle.orders import Order
from tests.unit.engine.oracle.world import World

COST_LINES = ("commission", "slippage", "fx", "borrow", "debit_interest", "credit_interest", "dividends")


@dataclass
class Account:
    """`prices`: the last price each symbol was at; `closes`: its last close. Both on the scale of today's shares."""

    world: World
    settings: Settings
    cash: Decimal
    held: list[Decimal]
    prices: list[Decimal | None]
    closes: list[Decimal | None]
    row: int = 0
    phase: int = 0
    orders: list[Order] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    dues: list[Dividend] = field(default_factory=list)
    volume_left: dict[int, Decimal] = field(default_factory=dict)  # by symbol; absent where there is no bound
    month_shares: dict[tuple[int, int], Decimal] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(COST_LINES, ZERO))
    n_cut: int = 0
    n_rejected: int = 0
    n_touch_fills: int = 0
    n_zero_volume_fills: int = 0

    def copy(self) -> Account:
        """One that can go another way."""
        return replace(
            self,
            held=list(self.held),
            prices=list(self.prices),
            orders=[replace(order) for order in self.orders],
            log=list(self.log),
            volume_left=dict(self.volume_left),
            month_shares=dict(self.month_shares),
            costs=dict(self.costs),
        )

    def rate(self, symbol: int) -> Decimal:
        return self.world.rates[symbol][self.row]

    def value_of(self, symbol: int, price: Decimal | None) -> Decimal:
        held = self.held[symbol]
        return ZERO if held == 0 or price is None else held * price * self.rate(symbol)

    def due(self) -> Decimal:
        return sum((due.amount * self.rate(due.symbol) for due in self.dues), ZERO)

    def equity(self, prices: list[Decimal | None]) -> Decimal:
        values = (self.value_of(symbol, price) for symbol, price in enumerate(prices))
        return self.cash + sum(values, ZERO) + self.due()

    def gross(self, prices: list[Decimal | None]) -> Decimal:
        return sum((abs(self.value_of(symbol, price)) for symbol, price in enumerate(prices)), ZERO)

    def alive(self, symbol: int | None = None) -> list[Order]:
        """Orders that have not ended, by number."""
        return [one for one in self.orders if not one.state.ended and symbol in (None, one.symbol)]

    def working(self, symbol: int | None = None) -> list[Order]:
        return [one for one in self.alive(symbol) if one.state is OrderState.WORKING]

    def month(self) -> tuple[int, int]:
        day: date = self.world.sessions[self.row]
        return day.year, day.month

    def further_commission(self, order: Order, shares: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """(raw commission, what is paid) that a fill adds to what the order has paid, quote currency."""
        schedule = self.settings.schedule(self.world.symbols[order.symbol])
        value = shares * price
        raw = raw_commission(schedule, shares, value, self.month_shares.get(self.month(), ZERO))
        so_far = (order.raw_commission + raw, order.filled + shares, order.value + value)
        return raw, commission_of_order(schedule, order.side, *so_far) - order.paid

    def price_paid(self, order: Order, price: Decimal, shares: Decimal) -> Decimal:
        bar = self.world.bars[self.row].get(order.symbol)
        volume, tick = bar.volume if bar else ZERO, self.world.ticks[order.symbol]
        return paid_price(self.settings, order.side, price, shares, volume, order.limit_now, tick)

    def fx_cost(self, symbol: int, amount: Decimal) -> Decimal:
        if not self.world.foreign[symbol]:
            return ZERO
        return abs(amount) * self.rate(symbol) * bps(self.settings.fx_bps)

    def outlay(self, order: Order, price: Decimal, shares: Decimal) -> Decimal:
        """What a fill takes from cash, account currency; below zero for what it brings."""
        paid = self.price_paid(order, price, shares)
        amount = order.side * shares * paid + self.further_commission(order, shares, paid)[1]
        return amount * self.rate(order.symbol) + self.fx_cost(order.symbol, amount)

    def may_add(self, order: Order, price: Decimal, shares: Decimal) -> bool:
        """Whether the account may add so many shares to a position at this price."""
        account = self.settings.account
        if account is not AccountType.MARGIN:
            if order.side > 0:
                return at_most(self.outlay(order, price, shares), self.cash)
            return account is AccountType.UNLEVERED
        prices = [price if symbol == order.symbol else one for symbol, one in enumerate(self.prices)]
        paid = self.price_paid(order, price, shares)
        commission = self.further_commission(order, shares, paid)[1]
        rate, value = self.rate(order.symbol), shares * paid
        costs = commission * rate + self.fx_cost(order.symbol, order.side * value + commission)
        needed = exact(self.settings.margin.initial) * (self.gross(prices) + value * rate)
        return at_most(needed + costs, self.equity(prices))

    def book(self, order: Order, price: Decimal, shares: Decimal, *, free: bool = False) -> None:
        """Buy or sell at a price, before slippage; `free`: without slippage and commission."""
        symbol, rate = order.symbol, self.rate(order.symbol)
        paid = price if free else self.price_paid(order, price, shares)
        raw, commission = (ZERO, ZERO) if free else self.further_commission(order, shares, paid)
        amount = order.side * shares * paid + commission
        fx_cost = self.fx_cost(symbol, amount)
        slippage = shares * order.side * (paid - price) * rate
        fill = Fill(
            self.row, symbol, order.number, order.cause, order.side, shares, paid, price,
            commission * rate, slippage, fx_cost, rate, self.phase,
        )  # fmt: skip
        self.log.append(fill)
        self.cash -= amount * rate + fx_cost
        self.held[symbol] += order.side * shares
        self.month_shares[self.month()] = self.month_shares.get(self.month(), ZERO) + shares
        for line, cost in (("commission", fill.commission), ("slippage", slippage), ("fx", fx_cost)):
            self.costs[line] -= cost
        order.filled += shares
        order.carried += shares
        order.value += shares * paid
        order.raw_commission += raw
        order.paid += commission
        bar = self.world.bars[self.row].get(symbol)
        if bar is None or bar.volume == 0:
            self.n_zero_volume_fills += 1
