"""Triggers and fills of single orders: what an order that acts at a price gets, and pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from scizor.services.ibsim.broker.demands import BrokerDemands
from scizor.services.ibsim.broker.fill_rules import FillAt, FillRules, Supply
from scizor.services.ibsim.broker.fills import fill
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.life import Life
from scizor.services.ibsim.broker.rules import on_tick
from scizor.services.ibsim.broker.view import View
from scizor.services.ibsim.broker.words import Order, OrderKey, Status
from scizor.services.ibsim.market.api import Listing, Market, SimQuote


class Deals:
    """Open orders as the fill rule sees them, and what happens to them; within a change of the ledger."""

    def __init__(self, market: Market, ledger: Ledger, life: Life, rules: FillRules, demands: BrokerDemands) -> None:
        self._market, self._ledger, self._life = market, ledger, life
        self._rules, self._demands = rules, demands
        self._views: dict[OrderKey, View] = {}

    def welcome(self, order: Order) -> None:
        """From now on this order, new or with new terms, takes part in what happens."""
        before = self._views.get(order.key)
        view = View(order, self._market.clock.now()) if before is None else before.renewed(order)
        view.since = self._market.clock.now()
        if view.trails and view.best_seen is None and not order.awaits_parent:
            view.follow(self._market.quote(order.listing).last)
        self._views[order.key] = view

    def forget(self, orders: Iterable[Order]) -> None:
        """See these anew."""
        for order in orders:
            self._views.pop(order.key, None)

    def drop_ended(self) -> None:
        """Keep no views of orders that are over, or never came to be."""
        open_keys = self._ledger.open_keys()
        self._views = {key: view for key, view in self._views.items() if key in open_keys}

    def views(self, listing: Listing) -> list[View]:
        """A contract's open orders, oldest first."""
        return [self.view(order) for order in self._ledger.open_of(listing.con_id)]

    def view(self, order: Order) -> View:
        """An order that may have become another since it was last seen."""
        view = self._views.get(order.key)
        if view is None:
            view = self._views[order.key] = View(order, self._market.clock.now())
        elif view.order is not order:
            view = self._views[order.key] = view.renewed(order)
        return view

    def is_open(self, view: View) -> bool:
        """Whether the order may still fill."""
        return self.latest(view).status.is_open

    def latest(self, view: View) -> Order:
        """The order as it is by now."""
        return self._ledger.orders[view.order.key]

    def supply(self, size: int) -> Supply:
        """What orders may share of so many shares."""
        return Supply(self._rules, size, self._demands.slice_shares)

    def trigger(self, view: View) -> None:
        """The order's stop or touch has been met: it works from now on."""
        order = self.latest(view)
        working = order.status if order.status is Status.PENDING_CANCEL else Status.SUBMITTED
        self._ledger.put(replace(order, triggered=True, extreme=view.best_seen, status=working))

    def meet_quote(self, view: View, quote: SimQuote, now: datetime, supply: Supply) -> None:
        """The last price may trigger it; what is or becomes marketable takes the facing side."""
        view.follow(quote.last)
        if view.waits_for_trigger:
            view.at(quote.last)
            if view.triggered:
                self.trigger(view)
        facing = quote.ask if view.side > 0 else quote.bid
        if self._rules.fill_at is FillAt.LAST:
            facing = quote.last
        if view.is_working and view.within(facing):
            self._fill(view, Decimal(str(facing)), now, supply)

    def fill_exactly(self, view: View, price: float, time: datetime, supply: Supply) -> None:
        """At this very price, as in an auction, or as a limit order that rested."""
        self._fill(view, Decimal(str(price)), time, supply)

    def take(self, view: View, price: float, time: datetime, supply: Supply) -> None:
        """From the other side, where the market is at `price`; never beyond the limit."""
        listing, sign = view.order.listing, view.side
        paid = on_tick(listing, Decimal(str(price)) + sign * self._half_spread(listing), sign)
        if view.is_limit:
            limit = Decimal(str(view.limit))
            paid = min(paid, limit) if sign > 0 else max(paid, limit)
        self._fill(view, paid, time, supply)

    def _fill(self, view: View, price: Decimal, time: datetime, supply: Supply) -> None:
        before = self.latest(view)
        shares = supply.take(before)
        if not shares:
            return
        if before.status is Status.PRE_SUBMITTED:
            before = self._ledger.put(replace(before, status=Status.SUBMITTED))
        after = fill(self._ledger, before, shares, price, time)
        self._life.filled(before, after)

    def _half_spread(self, listing: Listing) -> Decimal:
        if self._rules.fill_at is FillAt.LAST:
            return Decimal(0)
        quote = self._market.quote(listing)
        return (Decimal(str(quote.ask)) - Decimal(str(quote.bid))) / 2
