"""What leaves for the broker: only what is journalled, and what surely did not leave is journalled too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.domain.trading import events as e
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.order_broker import OrderBroker, Ticket
from scizor.services.trading.desk.listings import Listings
from scizor.services.trading.desk.tenure import Tenure


class Sending:
    """Hands commands of one account to the connection. Called once what they are about is stored."""

    def __init__(self, broker: OrderBroker, tenure: Tenure, listings: Listings) -> None:
        self._broker, self._tenure, self._listings = broker, tenure, listings

    def place(self, family: Sequence[OrderRequest]) -> None:
        """An entry and its exits; a family that cannot leave whole is ended here."""
        for place, request in enumerate(family):
            try:
                self._check_wanted(self._order(request))
                self._broker.place(self._ticket(request, request.terms, more_follow=place < len(family) - 1))
            except SourceFailure as error:
                # Of a family the broker waits for the last: what has left of this one does nothing, and is cancelled.
                self._end(family[place:], f"not sent: {error.message}")
                self._undo(family[:place])
                return

    def replace(self, order_id: str) -> None:
        """The terms that an order waits for, unless it no longer does."""
        order = self._tenure.books.orders[order_id]
        if order.phase is not OrderState.PENDING_REPLACE or order.pending is None:
            return
        try:
            self._broker.place(self._ticket(order.request, order.pending))
        except SourceFailure as error:
            refused = e.ReplaceRejected(f"not sent: {error.message}")
            self._tenure.hear(order, [refused], e.Source.SYSTEM)

    def cancel(self, order_id: str) -> None:
        """Its end."""
        order = self._tenure.books.orders[order_id]
        if order.state.ended:
            return
        try:
            self._broker.cancel(self._tenure.books.numbers[order_id])
        except SourceFailure as error:
            refused = e.CancelRejected(f"not sent: {error.message}")
            self._tenure.hear(order, [refused], e.Source.SYSTEM)

    def _ticket(self, request: OrderRequest, terms: Terms, *, more_follow: bool = False) -> Ticket:
        numbers = self._tenure.books.numbers
        listing = self._listings.known(request.instrument)
        if listing is None:
            raise SourceFailure(FailureCategory.UNKNOWN_CONTRACT, f"no contract of {request.instrument} is known")
        return Ticket(
            request,
            terms,
            listing.contract,
            numbers[request.id],
            numbers.get(request.parent_id, 0),
            more_follow=more_follow,
        )

    @staticmethod
    def _check_wanted(order: Order) -> None:
        """While it was being stored, the link may have gone, and come back: whoever asked then was told that."""
        if order.state.ended or order.state is OrderState.UNKNOWN:
            raise SourceFailure(FailureCategory.DISCONNECTED, "the link was lost before it left")

    def _end(self, family: Iterable[OrderRequest], reason: str) -> None:
        for request in family:
            if not self._order(request).state.ended:
                self._tenure.hear(self._order(request), [e.Rejected(reason)], e.Source.SYSTEM)

    def _undo(self, family: Iterable[OrderRequest]) -> None:
        for request in family:
            self._tenure.hear(self._order(request), [e.CancelRequested()], e.Source.SYSTEM)
            self.cancel(request.id)

    def _order(self, request: OrderRequest) -> Order:
        return self._tenure.books.orders[request.id]
