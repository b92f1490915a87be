"""Taking orders: new ones, new terms for open ones, and families that come in parts."""

from __future__ import annotations

from dataclasses import replace

from scizor.services.ibsim.broker.demands import BrokerDemands
from scizor.services.ibsim.broker.desk import Desk
from scizor.services.ibsim.broker.events import NoticeEvent
from scizor.services.ibsim.broker.funds import added_margin, lack_of_funds
from scizor.services.ibsim.broker.ledger import Ledger
from scizor.services.ibsim.broker.life import REDUCE, Life
from scizor.services.ibsim.broker.rules import check_change, check_terms
from scizor.services.ibsim.broker.words import Order, OrderKey, Refusal, Status, Terms
from scizor.services.ibsim.market.api import Listing, Market

_KEPT_WHEN_REJECTED = frozenset({201, 203})
"""Codes of orders that a gateway shows as inactive; with any other there is no order."""
_NOT_SHORTABLE = "The contract is not available for short sale."
_LOCATING = (
    "Shares for this order are not immediately available for short sale. The order will be held while we attempt to "
    "locate the shares."
)


class Intake:
    """Checks orders and puts them before the desk; within a change of the ledger."""

    def __init__(self, market: Market, ledger: Ledger, life: Life, desk: Desk, demands: BrokerDemands) -> None:
        self._market, self._ledger, self._life, self._desk, self._demands = market, ledger, life, desk, demands

    def place(self, key: OrderKey, listing: Listing, terms: Terms) -> None:
        """A new order, or new terms for an open one. Raises Refusal when it is neither."""
        known = self._ledger.orders.get(key)
        if known is not None:
            self._change(known, listing, terms)
            return
        client_id, order_id = key
        if order_id <= self._ledger.order_ids.get(client_id, 0):
            raise Refusal(103, "Duplicate order id")
        now = self._market.clock.now()
        check_terms(listing, terms, now)
        parent = self._parent((client_id, terms.parent_id)) if terms.parent_id else None
        rejected = self._demands.next_reject()
        if rejected is not None and rejected not in _KEPT_WHEN_REJECTED:
            raise Refusal(rejected, "Order rejected - reason:demanded")
        order = Order(self._ledger.next_perm_id(), client_id, order_id, listing, terms, Status.PRE_SUBMITTED, now)
        if parent is not None:
            order = replace(order, awaits_parent=parent.status.is_open, terms=_in_family(terms, parent))
        reason = "demanded" if rejected else self._objection(order)
        if reason:
            self._life.refuse(order, rejected or 201, f"Order rejected - reason:{reason}")
            return
        self._accept(order)

    def _parent(self, key: OrderKey) -> Order:
        parent = self._ledger.orders.get(key)
        if parent is None:
            raise Refusal(135, f"Can't find order with id ={key[1]}")
        if not parent.status.is_open and parent.status is not Status.FILLED:
            raise Refusal(201, "Order rejected - reason:Parent order is being cancelled.")
        return parent

    def _objection(self, order: Order) -> str | None:
        """Why the account cannot have it."""
        if order.listing.symbol in self._demands.unshortable and self._is_short_sale(order):
            return _NOT_SHORTABLE
        return lack_of_funds(self._market, self._ledger, order)

    def _is_short_sale(self, order: Order) -> bool:
        """Whether it sells what is not held; the exits of a bracket sell what their entry will have bought."""
        terms = order.terms
        return not terms.buys and not terms.parent_id and self._ledger.position(order.listing).shares < terms.quantity

    def _accept(self, order: Order) -> None:
        margin = added_margin(self._market, self._ledger, order)
        awaits_shares = order.listing.symbol in self._demands.locating and self._is_short_sale(order)
        order = self._ledger.put(replace(order, margin=margin, awaits_shares=awaits_shares))
        if awaits_shares:
            self._ledger.news.append(NoticeEvent(order, 404, _LOCATING))
        if order.terms.transmit and not self._market.quote(order.listing).in_session:
            self._warn(order)
        self._desk.welcome(order)
        if order.terms.transmit and order.terms.parent_id:
            self._transmit_family(order)

    def _change(self, known: Order, listing: Listing, terms: Terms) -> None:
        check_change(known, listing, terms)
        check_terms(listing, terms, self._market.clock.now())
        rejected = self._demands.next_reject()
        if rejected is not None:
            raise Refusal(rejected, "Order rejected - reason:demanded")
        held = known.terms
        if held.oca_group and not terms.oca_group:
            terms = replace(terms, oca_group=held.oca_group, oca_type=held.oca_type)
        terms = replace(terms, transmit=terms.transmit or held.transmit)
        order = replace(known, terms=terms)
        reason = lack_of_funds(self._market, self._ledger, order)
        if reason:
            raise Refusal(201, f"Order rejected - reason:{reason}")
        order = replace(order, margin=added_margin(self._market, self._ledger, order))
        self._desk.welcome(self._ledger.put(order))
        if terms.transmit and not held.transmit:
            self._transmit_family(order)

    def _transmit_family(self, last: Order) -> None:
        """An order that is sent takes its entry, and the entry's other exits, with it."""
        root = last.parent_key or last.key
        for order in self._ledger.open_orders():
            if root in {order.key, order.parent_key} and not order.terms.transmit:
                sent = replace(order, terms=replace(order.terms, transmit=True))
                self._desk.welcome(self._ledger.put(sent, tell=False))

    def _warn(self, order: Order) -> None:
        terms, listing = order.terms, order.listing
        text = f"{terms.action} {terms.quantity} {listing.symbol} {listing.primary_exchange}"
        warning = "Warning: your order will not be placed at the exchange until the next session opens"
        self._ledger.news.append(NoticeEvent(order, 399, f"Order Message:\n{text}\n{warning}"))


def _in_family(terms: Terms, parent: Order) -> Terms:
    """The exits of one entry are a group, unless the client names one."""
    if terms.oca_group:
        return terms
    return replace(terms, oca_group=str(parent.perm_id), oca_type=REDUCE)
