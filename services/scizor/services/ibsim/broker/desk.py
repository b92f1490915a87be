"""Where orders meet the market: each at the quote when it comes, and along the tape from then on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from scizor.services.ibsim.broker.course import course
from scizor.services.ibsim.broker.deals import Deals
from scizor.services.ibsim.broker.demands import BrokerDemands
from scizor.services.ibsim.broker.events import NoticeEvent
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.life import ASKED, Life
from scizor.services.ibsim.broker.path import Path
from scizor.services.ibsim.broker.rules import uncancellable
from scizor.services.ibsim.broker.view import View
from scizor.services.ibsim.broker.words import Order, OrderKey, Status
from scizor.services.ibsim.market.api import Listing, Market, SimSession


@dataclass(slots=True)
class _Watch:
    """A contract with open orders: up to when its market has been looked at, and how it stood then."""

    since: datetime
    last: float
    session: SimSession | None = None


class Desk:
    """Lets the market act on open orders, within a change of the ledger."""

    def __init__(self, market: Market, ledger: Ledger, life: Life, deals: Deals, demands: BrokerDemands) -> None:
        self._market, self._ledger, self._life, self._deals, self._demands = market, ledger, life, deals, demands
        self._path = Path(deals, life)
        self._watches: dict[int, _Watch] = {}
        self._fresh: set[OrderKey] = {order.key for order in ledger.open_orders()}
        self.races: set[OrderKey] = set()

    def welcome(self, order: Order) -> None:
        """From now on this order, new or with new terms, takes part; at the next look it meets the quote."""
        self._fresh.add(order.key)
        self._deals.welcome(order)

    def forget(self, listings: Iterable[Listing]) -> None:
        """What was seen of these was not saved: look at their orders anew."""
        for listing in listings:
            self._watches.pop(listing.con_id, None)
            orders = self._ledger.open_of(listing.con_id)
            self._fresh.update(order.key for order in orders)
            self._deals.forget(orders)
        self.drop_ended()

    def drop_ended(self) -> None:
        """Remember nothing of orders that are over, or never came to be."""
        self._deals.drop_ended()
        open_keys = self._ledger.open_keys()
        self._fresh &= open_keys
        self.races &= open_keys

    def look(self, listing: Listing) -> None:
        """All that has happened to a contract's orders since the last look."""
        now = self._market.clock.now()
        watch = self._watches.get(listing.con_id)
        if watch is None:
            watch = self._watches[listing.con_id] = _Watch(now, self._market.quote(listing).last)
            self._deals.views(listing)  # from now on they take part
        if self._fresh_of(listing) or int(watch.since.timestamp()) != int(now.timestamp()):
            seen = course(self._market, listing, watch.since, now, watch.last, watch.session)
            self._path.walk(listing, seen.happenings)
            watch.since, watch.last, watch.session = now, seen.last, seen.session
        self._settle(listing, watch, now)
        if watch.session and self._fresh_of(listing):
            self._meet_quote(listing, watch, now)
        if not self._ledger.open_of(listing.con_id):
            del self._watches[listing.con_id]

    def _fresh_of(self, listing: Listing) -> list[View]:
        self._fresh |= self._life.released
        self._life.released.clear()
        return [self._deals.view(one) for one in self._ledger.open_of(listing.con_id) if one.key in self._fresh]

    def _meet_quote(self, listing: Listing, watch: _Watch, now: datetime) -> None:
        """Those that are new, or were left with a part: what the quote does to them."""
        quote = self._market.quote(listing)
        buys, sells = self._deals.supply(quote.ask_size), self._deals.supply(quote.bid_size)
        done: set[OrderKey] = set()
        while fresh := [view for view in self._fresh_of(listing) if view.order.key not in done]:
            for view in fresh:
                done.add(view.order.key)
                if not self._deals.is_open(view) or not view.takes_part(now):
                    continue
                self._deals.meet_quote(view, quote, now, buys if view.side > 0 else sells)
                if view.one_look and self._deals.is_open(view):
                    self._life.end(self._deals.latest(view), "Cancelled by System: not filled at once")
            self._settle(listing, watch, now)
        for key in done:
            order = self._ledger.orders[key]
            is_left = order.status.is_open and order.filled and self._deals.view(order).is_working
            if not is_left:
                self._fresh.discard(key)

    def _settle(self, listing: Listing, watch: _Watch, now: datetime) -> None:
        """What time and demands do to orders, and the status each has by now."""
        for one in self._ledger.open_of(listing.con_id):
            order = self._ledger.orders[one.key]
            if not order.status.is_open:
                continue  # it has ended with one before it
            if order.status is Status.PENDING_CANCEL:
                self._resolve(order, now)
            elif self._deals.view(order).is_over(now):
                self._life.end(order, "Cancelled by System: the order's time is over", "GTD order expired")
            else:
                self._refresh(order, watch)

    def _refresh(self, order: Order, watch: _Watch) -> None:
        if order.awaits_shares and order.listing.symbol not in self._demands.locating:
            order = self._ledger.put(replace(order, awaits_shares=False))
            self._fresh.add(order.key)
        view = self._deals.view(order)
        works = watch.session is not None and view.is_working and view.takes_part(watch.since)
        status = Status.SUBMITTED if works else Status.PRE_SUBMITTED
        if status is not order.status or view.best_seen != order.extreme:
            told = status is not order.status
            self._ledger.put(replace(order, status=status, extreme=view.best_seen), tell=told)

    def _resolve(self, order: Order, now: datetime) -> None:
        """A cancel that is under way ends the order, unless a fill comes first."""
        if order.key in self.races:
            self.races.discard(order.key)
            view, quote = self._deals.view(order), self._market.quote(order.listing)
            view.triggered = True
            self._deals.take(view, quote.last, now, self._deals.supply(quote.volume))
            after = self._deals.latest(view)
            if not after.status.is_open:
                self._ledger.news.append(NoticeEvent(after, 10148, uncancellable(after)))
        elif not self._demands.slow_cancels:
            self._life.end(order, ASKED)
