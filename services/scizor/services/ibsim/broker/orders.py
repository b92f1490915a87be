"""The broker: takes orders, fills them against the market, keeps the account. What it returns is already on disk.

Fills are of a first, simple form: a marketable order fills whole at the quote, a resting one at its limit when the
tape crosses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from scizor.services.ibsim.broker.account import AccountValue, Worth, account_values, fill_position, worth
from scizor.services.ibsim.broker.costs import INITIAL_MARGIN, in_base, tariff
from scizor.services.ibsim.broker.journal import Change, Journal
from scizor.services.ibsim.broker.matching import fill_price
from scizor.services.ibsim.broker.rules import check_cancel, check_change, check_terms
from scizor.services.ibsim.broker.words import (
    BASE_CURRENCY,
    CommissionEvent,
    Event,
    Execution,
    FillEvent,
    NoticeEvent,
    Order,
    OrderEvent,
    Position,
    Refusal,
    Status,
    Terms,
)
from scizor.services.ibsim.market.api import Listing, Market, SimQuote

_FIRST_PERM_ID = 1_780_000_001
_START_CASH = Decimal(1_000_000)


class Broker:
    """One account at one market."""

    def __init__(self, market: Market, journal: Journal) -> None:
        saved = journal.load()
        self._market = market
        self._journal = journal
        self._orders = {order.key: order for order in saved.orders}
        self._executions = list(saved.executions)
        self._positions = {position.listing.con_id: position for position in saved.positions}
        self._cash = dict(saved.cash) or {BASE_CURRENCY: _START_CASH}
        self._order_ids = dict(saved.order_ids)
        self._next_perm_id = max((order.perm_id for order in saved.orders), default=_FIRST_PERM_ID - 1) + 1
        self._checked_at = {order.key: market.clock.now() for order in self.open_orders()}

    def next_order_id(self, client_id: int) -> int:
        """The lowest id this client may give an order."""
        return self._order_ids.get(client_id, 0) + 1

    def open_orders(self) -> list[Order]:
        """All clients' orders that may still fill."""
        return [order for order in self._orders.values() if order.status.is_open]

    def completed_orders(self) -> list[Order]:
        """Orders that ended on the present day of their exchange."""
        return [one for one in self._orders.values() if one.completed_at and self._is_today(one.completed_at, one)]

    def executions(self) -> list[Execution]:
        """Fills of the present day of their exchange."""
        return [fill for fill in self._executions if self._is_today(fill.time, fill.order)]

    def positions(self) -> list[Position]:
        """What is held."""
        return [position for position in self._positions.values() if position.shares]

    def worth(self) -> Worth:
        """The account in its base currency, now."""
        return worth(self._market, self._cash, self._positions.values())

    def account_values(self) -> list[AccountValue]:
        """The account's lines, now."""
        return account_values(self.worth(), self._cash)

    def place(self, client_id: int, order_id: int, listing: Listing, terms: Terms) -> Sequence[Event]:
        """A new order, or new terms for an open one. Raises Refusal when it is neither."""
        known = self._orders.get((client_id, order_id))
        if known is not None:
            check_change(known, listing, terms)
            check_terms(listing, terms)
            order = self._keep(replace(known, terms=terms))
            return [OrderEvent(order), *self._match(order)]
        if order_id < self.next_order_id(client_id):
            raise Refusal(103, "Duplicate order id")
        check_terms(listing, terms)
        if terms.parent_id and (client_id, terms.parent_id) not in self._orders:
            raise Refusal(135, f"Can't find order with id ={terms.parent_id}")
        return self._accept(client_id, order_id, listing, terms)

    def preview(self, client_id: int, order_id: int, listing: Listing, terms: Terms) -> tuple[Order, Decimal, Decimal]:
        """What an order would be, its initial margin and its commission; nothing is kept. Raises Refusal."""
        check_terms(listing, terms)
        now = self._market.clock.now()
        order = Order(0, client_id, order_id, listing, terms, Status.PRE_SUBMITTED, now)
        price = self._expected_price(listing, terms)
        margin = price * terms.quantity * INITIAL_MARGIN
        return order, margin, tariff(listing.currency).commission(terms.quantity, price)

    def cancel(self, client_id: int, order_id: int) -> Sequence[Event]:
        """End an order. Raises Refusal."""
        order = check_cancel(self._orders.get((client_id, order_id)), order_id)
        return self._end(order, "Cancelled by Trader", "Order Canceled - reason:")

    def cancel_all(self) -> Sequence[Event]:
        """End every client's orders."""
        return [
            event
            for order in self.open_orders()
            for event in self._end(order, "Cancelled by Trader", "Order Canceled - reason:")
        ]

    def match(self) -> Iterator[Event]:
        """Let the market do what it has done to the open orders since last time; what follows a failure is left."""
        for order in self.open_orders():
            yield from self._match(order)

    def _accept(self, client_id: int, order_id: int, listing: Listing, terms: Terms) -> list[Event]:
        now = self._market.clock.now()
        order = Order(self._next_perm_id, client_id, order_id, listing, terms, Status.PRE_SUBMITTED, now)
        self._next_perm_id += 1
        reason = self._lack_of_funds(listing, terms)
        if reason is not None:
            refused = replace(order, status=Status.INACTIVE, completed_at=now, completed_status=reason)
            return [OrderEvent(self._keep(refused)), NoticeEvent(refused, 201, f"Order rejected - reason:{reason}")]
        self._checked_at[order.key] = now
        events: list[Event] = [OrderEvent(self._keep(order))]
        if terms.transmit and not self._market.quote(listing).in_session:
            text = f"{terms.action} {terms.quantity} {listing.symbol} {listing.primary_exchange}"
            warning = "Warning: your order will not be placed at the exchange until the next session opens"
            events.append(NoticeEvent(order, 399, f"Order Message:\n{text}\n{warning}"))
        return [*events, *self._match(order)]

    def _match(self, order: Order) -> list[Event]:
        if not order.terms.transmit:
            return []
        now = self._market.clock.now()
        quote = self._market.quote(order.listing)
        since, self._checked_at[order.key] = self._checked_at.get(order.key, now), now
        if not quote.in_session:
            expires = order.seen_open and order.terms.tif == "DAY"
            return (
                self._end(
                    order, "Cancelled by System: the session is over", "Order Canceled - reason:DAY order expired"
                )
                if expires
                else []
            )
        events: list[Event] = []
        if order.status is Status.PRE_SUBMITTED:
            order = self._keep(replace(order, status=Status.SUBMITTED, seen_open=True))
            events.append(OrderEvent(order))
        price = fill_price(order, quote, self._market.trades(order.listing, since, now))
        return events if price is None else [*events, *self._fill(order, price, quote, now)]

    def _fill(self, order: Order, price: Decimal, quote: SimQuote, now: datetime) -> list[Event]:
        shares, listing = order.remaining, order.listing
        filled = order.filled + shares
        average = (order.filled * order.average_price + shares * price) / filled
        done = replace(
            order,
            status=Status.FILLED,
            filled=filled,
            average_price=average,
            last_price=price,
            completed_at=now,
            completed_status=f"Filled Size: {filled}",
        )
        cost = tariff(listing.currency).commission(shares, price)
        before = self._positions.get(listing.con_id, Position(listing))
        signed = shares * order.terms.sign
        after = fill_position(before, signed, price, cost)
        realized = after.realized - before.realized if before.shares * signed < 0 else None
        fill = Execution(self._exec_id(), done, now, shares, price, cost, realized)
        cash = self._cash.get(listing.currency, Decimal(0)) - signed * price - cost
        self._journal.save(Change([done], [fill], [after], {**self._cash, listing.currency: cash}))
        self._orders[order.key] = done
        self._checked_at.pop(order.key, None)
        self._executions.append(fill)
        self._positions[listing.con_id] = after
        self._cash[listing.currency] = cash
        return [FillEvent(fill, after), OrderEvent(done), CommissionEvent(fill)]

    def _end(self, order: Order, status: str, text: str) -> list[Event]:
        ended = self._keep(
            replace(order, status=Status.CANCELLED, completed_at=self._market.clock.now(), completed_status=status)
        )
        self._checked_at.pop(order.key, None)
        return [OrderEvent(ended), NoticeEvent(ended, 202, text)]

    def _keep(self, order: Order) -> Order:
        self._journal.save(Change(orders=[order]))
        self._orders[order.key] = order
        self._order_ids[order.client_id] = max(order.order_id, self._order_ids.get(order.client_id, 0))
        return order

    def _is_today(self, instant: datetime, order: Order) -> bool:
        zone = ZoneInfo(order.listing.time_zone_id)
        return instant.astimezone(zone).date() == self._market.clock.now().astimezone(zone).date()

    def _exec_id(self) -> str:
        return f"0000e0d5.{len(self._executions) + 1:08x}.01.01"

    def _expected_price(self, listing: Listing, terms: Terms) -> Decimal:
        quote = self._market.quote(listing)
        return terms.limit_price or Decimal(str(quote.ask if terms.buys else quote.bid))

    def _lack_of_funds(self, listing: Listing, terms: Terms) -> str | None:
        held = self._positions.get(listing.con_id, Position(listing)).shares
        after = held + terms.quantity * terms.sign
        added = abs(after) - abs(held)
        if added <= 0:
            return None
        value = self.worth()
        margin = added * self._expected_price(listing, terms) * in_base(listing.currency) * INITIAL_MARGIN
        if margin <= value.available:
            return None
        return (
            "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
            f"[{value.equity:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{value.gross * INITIAL_MARGIN + margin:.2f} USD]"
        )
