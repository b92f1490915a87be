"""The broker: takes orders, lets the market act on them, keeps the account. What it returns is already on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from scizor.services.ibsim.broker.account import AccountValue, Worth, account_values
from scizor.services.ibsim.broker.books import Books
from scizor.services.ibsim.broker.costs import INITIAL_MARGIN, commission
from scizor.services.ibsim.broker.deals import Deals
from scizor.services.ibsim.broker.demands import BrokerDemands
from scizor.services.ibsim.broker.desk import Desk
from scizor.services.ibsim.broker.events import Event
from scizor.services.ibsim.broker.fill_rules import FillRules
from scizor.services.ibsim.broker.fills import correct
from scizor.services.ibsim.broker.funds import account_worth, expected_price
from scizor.services.ibsim.broker.intake import Intake
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.life import ASKED, Life
from scizor.services.ibsim.broker.rules import check_cancel, check_terms
from scizor.services.ibsim.broker.words import Execution, Order, OrderKey, Position, Refusal, Status, Terms
from scizor.services.ibsim.market.api import Listing, Market


class Broker:
    """One account at one market. `demands`: how it is to treat the next orders."""

    def __init__(self, market: Market, journal: Journal, rules: FillRules | None = None) -> None:
        self._market = market
        self._ledger = Ledger(journal)
        self.demands = BrokerDemands()
        self._life = Life(self._ledger, market.clock.now)
        deals = Deals(market, self._ledger, self._life, rules or FillRules(), self.demands)
        self._desk = Desk(market, self._ledger, self._life, deals, self.demands)
        self._intake = Intake(market, self._ledger, self._life, self._desk, self.demands)

    def next_order_id(self, client_id: int) -> int:
        """The lowest id this client may give an order."""
        return self._ledger.order_ids.get(client_id, 0) + 1

    def orders(self) -> list[Order]:
        """All there ever were."""
        return list(self._ledger.orders.values())

    def order(self, key: OrderKey) -> Order | None:
        """One of them."""
        return self._ledger.orders.get(key)

    def books(self) -> Books:
        """The truth, as it is on disk."""
        ledger = self._ledger
        return Books(
            list(ledger.orders.values()), list(ledger.executions), list(ledger.positions.values()), dict(ledger.cash)
        )

    def open_orders(self) -> list[Order]:
        """All clients' orders that may still fill."""
        return self._ledger.open_orders()

    def completed_orders(self) -> list[Order]:
        """Orders that ended on the present day of their exchange."""
        orders = self._ledger.orders.values()
        return [one for one in orders if one.completed_at and self._is_today(one.completed_at, one)]

    def executions(self) -> list[Execution]:
        """Fills of the present day of their exchange, and their corrections, as they were told."""
        return [fill for fill in self._ledger.executions if self._is_today(fill.time, fill.order)]

    def fills(self) -> list[Execution]:
        """Fills of the present day as they stand: corrections in place of what they correct."""
        return [fill for fill in self._ledger.fills.values() if self._is_today(fill.time, fill.order)]

    def positions(self) -> list[Position]:
        """What is held."""
        return [position for position in self._ledger.positions.values() if position.shares]

    def position(self, listing: Listing) -> Position:
        """What is held of a contract, nothing included."""
        return self._ledger.position(listing)

    def worth(self) -> Worth:
        """The account in its base currency, now."""
        return account_worth(self._market, self._ledger)

    def account_values(self) -> list[AccountValue]:
        """The account's lines, now."""
        return account_values(self.worth(), self._ledger.cash)

    def place(self, client_id: int, order_id: int, listing: Listing, terms: Terms) -> Sequence[Event]:
        """A new order, or new terms for an open one. Raises Refusal when it is neither."""
        with self._change() as news:
            self._intake.place((client_id, order_id), listing, terms)
            if not self.demands.frozen:
                self._desk.look(listing)
        return news

    def preview(self, client_id: int, order_id: int, listing: Listing, terms: Terms) -> tuple[Order, Decimal, Decimal]:
        """What an order would be, its initial margin and its commission; nothing is kept. Raises Refusal."""
        now = self._market.clock.now()
        check_terms(listing, terms, now)
        order = Order(0, client_id, order_id, listing, terms, Status.PRE_SUBMITTED, now)
        value = expected_price(self._market, listing, terms) * terms.quantity
        cost = commission(listing.currency, terms.quantity, value, sells=terms.sign < 0)
        return order, value * INITIAL_MARGIN, cost

    def cancel(self, client_id: int, order_id: int) -> Sequence[Event]:
        """End an order. Raises Refusal."""
        order = check_cancel(self._ledger.orders.get((client_id, order_id)), order_id)
        with self._change() as news:
            self._cancel(order)
        return news

    def cancel_all(self) -> Sequence[Event]:
        """End every client's orders."""
        with self._change() as news:
            for order in self._ledger.open_orders():
                now = self._ledger.orders[order.key]  # an exit has ended with its entry
                if now.status.is_open and now.status is not Status.PENDING_CANCEL:
                    self._cancel(now)
        return news

    def correct(self, exec_id: str, shares: Decimal, price: Decimal) -> Sequence[Event]:
        """Another size and price in place of a fill's, the latest without an id; no shares: a bust. Raises Refusal."""
        with self._change() as news:
            correct(self._ledger, exec_id, shares, price)
        return news

    def match(self) -> Iterator[Event]:
        """Let the market do what it has done to the open orders since last time.

        What fails for a contract is raised when all else has been told.
        """
        if self.demands.frozen:
            return
        failures: list[Exception] = []
        with self._change() as news:
            for listing in self._ledger.listings():
                failure = self._ledger.attempt(partial(self._desk.look, listing))
                if failure is not None:
                    failures.append(failure)
                    self._desk.forget([listing])
            self._desk.drop_ended()
        yield from news
        if failures:
            raise failures[0]

    @contextmanager
    def _change(self) -> Iterator[list[Event]]:
        try:
            with self._ledger.change() as news:
                yield news
        except Refusal:
            raise
        except Exception:
            self._desk.forget(self._ledger.listings())
            raise

    def _cancel(self, order: Order) -> None:
        races = self.demands.takes_race()
        if races:
            self._desk.races.add(order.key)
        if races or self.demands.slow_cancels:
            self._ledger.put(replace(order, status=Status.PENDING_CANCEL))
        else:
            self._life.end(order, ASKED)

    def _is_today(self, instant: datetime, order: Order) -> bool:
        zone = ZoneInfo(order.listing.time_zone_id)
        return instant.astimezone(zone).date() == self._market.clock.now().astimezone(zone).date()
