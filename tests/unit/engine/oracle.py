"""The portfolio rules once more, slowly: exact fractions, dictionaries, no kernel. Written from the rules alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.backtests import Sizing
from scizor.engine import Prices, Settings

# A quantity a hair below a whole lot is that lot.
WHOLE = 1 + Fraction(1, 10**12)


@dataclass
class Fill:
    session: int
    symbol: int
    shares: Fraction  # signed
    price: Fraction
    commission: Fraction
    at_end: bool = False


@dataclass
class Trade:
    symbol: int
    direction: int
    entry_session: int
    exit_session: int
    shares: Fraction
    entry_price: Fraction
    exit_price: Fraction
    net_pnl: Fraction
    at_end: bool


@dataclass
class Account:
    settings: Settings
    opens: list[dict[int, Fraction]]
    closes: list[dict[int, Fraction]]
    cash: Fraction
    held: dict[int, Fraction] = field(default_factory=dict)
    known_close: dict[int, Fraction] = field(default_factory=dict)
    decided: dict[int, float] = field(default_factory=dict)
    orders: dict[int, Fraction] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    equity: list[Fraction] = field(default_factory=list)
    n_cut: int = 0
    ruined_session: int | None = None

    def rate(self, bps: float) -> Fraction:
        return Fraction(float(bps) / 10_000)

    def worth(self, prices: dict[int, Fraction]) -> Fraction:
        return self.cash + sum(shares * prices[symbol] for symbol, shares in self.held.items())

    def lots_for(self, money: Fraction, price: Fraction, side: int) -> Fraction:
        one = price * (1 + side * self.rate(self.settings.slippage_bps))
        one *= 1 + self.rate(self.settings.commission_bps)
        lot = self.settings.lot_size
        return Fraction(max(math.floor(money / (one * lot) * WHOLE), 0) * lot)

    def quantity(self, weight: Fraction, equity: Fraction, price: Fraction) -> Fraction:
        side = 1 if weight >= 0 else -1
        return side * self.lots_for(abs(weight) * equity, price, side)

    def fill(self, session: int, symbol: int, shares: Fraction, reference: Fraction, *, at_end: bool = False) -> None:
        if shares == 0:
            return
        side = 1 if shares > 0 else -1
        price = reference * (1 + side * self.rate(self.settings.slippage_bps))
        commission = abs(shares) * price * self.rate(self.settings.commission_bps)
        self.cash -= shares * price + commission
        self.held[symbol] = self.held.get(symbol, Fraction(0)) + shares
        self.fills.append(Fill(session, symbol, shares, price, commission, at_end))

    def open_session(self, session: int) -> None:
        opens = self.opens[session]
        due = {symbol: wanted for symbol, wanted in sorted(self.orders.items()) if symbol in opens}
        for symbol, wanted in due.items():
            if self.held.get(symbol, Fraction(0)) * wanted <= 0:
                self.fill(session, symbol, -self.held.get(symbol, Fraction(0)), opens[symbol])
        if self.settings.sizing is Sizing.AT_FILL:
            equity = self.worth({**self.known_close, **opens})
            due = {symbol: self.quantity(weight, equity, opens[symbol]) for symbol, weight in due.items()}
        changes = {symbol: wanted - self.held.get(symbol, Fraction(0)) for symbol, wanted in due.items()}
        for symbol, shares in changes.items():
            if shares < 0:
                self.fill(session, symbol, shares, opens[symbol])
        for symbol, shares in changes.items():
            if shares > 0:
                self.fill(session, symbol, self.affordable(symbol, shares, opens[symbol]), opens[symbol])
        for symbol in due:
            del self.orders[symbol]

    def affordable(self, symbol: int, shares: Fraction, reference: Fraction) -> Fraction:
        most = self.lots_for(self.cash, reference, 1)
        if self.held.get(symbol, Fraction(0)) < 0 or shares <= most:
            return shares
        self.n_cut += 1
        return most

    def close_session(self, session: int) -> None:
        self.known_close.update(self.closes[session])
        equity = self.worth(self.known_close)
        last = session == len(self.closes) - 1
        ruined = equity <= 0 and self.ruined_session is None
        if ruined:
            self.ruined_session = session
        if ruined or (last and self.settings.close_open_at_end):
            for symbol, shares in sorted(self.held.items()):
                self.fill(session, symbol, -shares, self.known_close[symbol], at_end=not ruined)
            self.orders.clear()
        self.equity.append(self.worth(self.known_close))

    def decide(self, weights: Sequence[float]) -> None:
        for symbol, weight in enumerate(weights):
            if math.isnan(weight) or weight == self.decided.get(symbol, 0.0) or symbol not in self.known_close:
                continue
            self.decided[symbol] = weight
            exact = Fraction(weight)
            if self.settings.sizing is Sizing.AT_DECISION:
                exact = self.quantity(exact, self.equity[-1], self.known_close[symbol])
            self.orders[symbol] = exact


def replay(prices: Prices, targets: FloatArray, settings: Settings) -> Account:
    """The whole run by the rules."""
    account = Account(settings, _rows(prices.open), _rows(prices.close), Fraction(settings.initial_cash))
    for session in range(prices.n_sessions):
        account.open_session(session)
        account.close_session(session)
        if account.ruined_session is None:
            account.decide(targets[session].tolist())
    return account


def round_trips(fills: Sequence[Fill]) -> list[Trade]:
    """From flat to flat, symbol by symbol, in the order of their last fills."""
    running: dict[int, list[Fill]] = {}
    trades = []
    for fill in fills:
        trip = running.setdefault(fill.symbol, [])
        trip.append(fill)
        if sum(one.shares for one in trip) == 0:
            trades.append(_trade(running.pop(fill.symbol)))
    return trades


def _trade(trip: list[Fill]) -> Trade:
    direction = 1 if trip[0].shares > 0 else -1
    entries = [fill for fill in trip if fill.shares * direction > 0]
    exits = [fill for fill in trip if fill.shares * direction < 0]
    shares = sum((abs(fill.shares) for fill in entries), Fraction(0))
    paid = sum((abs(fill.shares) * fill.price for fill in entries), Fraction(0))
    got = sum((abs(fill.shares) * fill.price for fill in exits), Fraction(0))
    net = direction * (got - paid) - sum((fill.commission for fill in trip), Fraction(0))
    first, last = trip[0], trip[-1]
    return Trade(
        first.symbol, direction, first.session, last.session, shares, paid / shares, got / shares, net, last.at_end
    )


def _rows(matrix: FloatArray) -> list[dict[int, Fraction]]:
    return [
        {symbol: Fraction(value) for symbol, value in enumerate(row.tolist()) if not np.isnan(value)} for row in matrix
    ]
