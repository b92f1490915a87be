"""One order, and what the rules ask of it; each thing is found once, however many limits ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from scizor.domain.orders import Side
from scizor.domain.trading.exposure import Funds, Holding, OpenOrder, RiskBook
from scizor.domain.trading.limits import Limit, Scope
from scizor.domain.trading.money import ZERO, Rates
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.valuation import Mark


@dataclass(frozen=True, slots=True)
class Prices:
    """What is known of the markets. `closed`: instruments whose exchange is not open."""

    marks: Mapping[str, Mark]
    rates: Rates
    closed: frozenset[str] = field(default_factory=frozenset)

    def share_value(self, instrument: str, *asked: Decimal | None) -> Decimal | None:
        """A share in base currency at its last price, or at the highest price asked where that is higher.

        None where no last price, or no rate of exchange, is known: what is asked says nothing of what shares are worth.
        """
        rate = self.rates.known(instrument.rpartition(".")[2])
        mark = self.marks.get(instrument)
        if mark is None or rate is None:
            return None
        price = mark.price
        for other in asked:
            if other is not None and other > price:
                price = other
        return price * rate

    def paid(self, instrument: str, price: Decimal) -> Decimal | None:
        """A price of the instrument in base currency; None where no rate of exchange is known."""
        rate = self.rates.known(instrument.rpartition(".")[2])
        return None if rate is None else price * rate


@dataclass(frozen=True, slots=True)
class Sums:
    """Over all instruments, in base currency. `highest`, `lowest`: the net with every buy, or every sell, filled.

    `gross`: each instrument the way that makes it largest; `opening`: how much of that open orders would add.
    """

    gross: Decimal = ZERO
    highest: Decimal = ZERO
    lowest: Decimal = ZERO
    opening: Decimal = ZERO

    def plus(self, held: Holding, value: Decimal) -> Sums:
        """With one more instrument."""
        return Sums(
            self.gross + held.worst * value,
            self.highest + held.highest * value,
            self.lowest + held.lowest * value,
            self.opening + held.opening * value,
        )


def summed(holdings: Mapping[str, Holding], prices: Prices, *, without: str = "") -> Sums | None:
    """All but one instrument; None where a price or a rate lacks."""
    gross = highest = lowest = opening = ZERO
    for instrument, held in holdings.items():
        if instrument == without:
            continue
        value = prices.share_value(instrument)
        if value is None:
            return None
        gross += held.worst * value
        highest += held.highest * value
        lowest += held.lowest * value
        if held.opening:
            opening += held.opening * value
    return Sums(gross, highest, lowest, opening)


class Question:
    """`filled`: what has filled of an order that is open already and is to have new terms."""

    def __init__(self, order: OrderRequest, book: RiskBook, now: datetime, prices: Prices, filled: Decimal) -> None:
        self.order, self.book, self.now, self.prices = order, book, now, prices
        self.mark = prices.marks.get(order.instrument)
        self._open = opened(order, filled)
        self._holdings: dict[str, tuple[Holding, Holding]] = {}
        self._sums: dict[str, tuple[Sums, Sums] | None] = {}

    def owner(self, limit: Limit) -> str:
        """The strategy the limit binds, "" for the account."""
        return self.order.strategy_id if limit.scope is Scope.STRATEGY else ""

    def funds(self, limit: Limit) -> Funds:
        """Of whom it binds."""
        return self.book.funds_of(self.owner(limit))

    def holdings(self, limit: Limit) -> tuple[Holding, Holding]:
        """The instrument's holding of whom the limit binds, before and with the order."""
        return self._held(self.owner(limit))

    def grows(self, limit: Limit) -> bool:
        """Whether the most that the instrument's position may come to becomes more."""
        before, after = self.holdings(limit)
        return after.worst > before.worst

    def sums(self, limit: Limit) -> tuple[Sums, Sums] | None:
        """All instruments of whom the limit binds, before and with the order; None where a price lacks."""
        owner = self.owner(limit)
        if owner not in self._sums:
            self._sums[owner] = self._summed(owner)
        return self._sums[owner]

    @cached_property
    def share_value(self) -> Decimal | None:
        """What a share counts for in base currency: its last price, or the order's own where that is higher."""
        return self.prices.share_value(self.order.instrument, self.order.terms.limit, self.order.terms.stop)

    @cached_property
    def order_value(self) -> Decimal | None:
        """The most that the order itself may come to in base currency.

        A buy with a limit pays no more than that, however high the market stands, and needs no last price to be known.
        All others count at the last price, or at their own where that is higher: sells may fill above their limit, and
        a stop sets no bound to what a market order pays.
        """
        terms = self.order.terms
        if self.order.side is Side.BUY and terms.limit is not None:
            each = self.prices.paid(self.order.instrument, terms.limit)
        else:
            each = self.share_value
        return None if each is None else terms.quantity * each

    @cached_property
    def replaces(self) -> bool:
        """Whether it is an open order that is to have new terms."""
        return self.book.is_open(self.order.id)

    @cached_property
    def reduces(self) -> bool:
        """Whether it only takes away from what the account holds, whatever else is open fills."""
        before, after = self._held("")
        if self.order.side is Side.SELL:
            return before.shares > 0 and after.lowest >= 0
        return before.shares < 0 and after.highest <= 0

    def _held(self, owner: str) -> tuple[Holding, Holding]:
        if owner not in self._holdings:
            before = self.book.holding(owner, self.order.instrument)
            self._holdings[owner] = (before, self.book.holding_with(owner, self._open))
        return self._holdings[owner]

    def _summed(self, owner: str) -> tuple[Sums, Sums] | None:
        others = summed(self.book.holdings(owner), self.prices, without=self.order.instrument)
        if others is None or self.share_value is None:
            return None
        before, after = self._held(owner)
        return others.plus(before, self.share_value), others.plus(after, self.share_value)


def opened(order: OrderRequest, filled: Decimal = ZERO) -> OpenOrder:
    """The order as the book keeps it once it is open."""
    remaining = max(order.terms.quantity - filled, ZERO)
    return OpenOrder(order.id, order.strategy_id, order.instrument, order.side, remaining, order.group, order.parent_id)


def pattern(order: OrderRequest) -> tuple[object, ...]:
    """What makes two orders the same to a reader who looks for a doubled one."""
    return (order.strategy_id, order.instrument, order.side, order.terms)
