"""What the broker reports, as events of the orders it is about."""

from __future__ import annotations

from collections.abc import Callable

from scizor.domain.errors import FailedPrecondition, InvalidInput
from scizor.domain.trading import events as e
from scizor.domain.trading.commands import check_replace
from scizor.domain.trading.interpretation import interpret
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import BustReport, CommissionReport, ErrorReport, LinkReport, Report
from scizor.domain.trading.states import Order, OrderState
from scizor.services.trading.desk.sending import Sending
from scizor.services.trading.desk.tenure import Tenure


class Hearing:
    """Of one account. `ask` is called where only the broker's books can tell how things stand."""

    def __init__(self, tenure: Tenure, sending: Sending, ask: Callable[[], None]) -> None:
        self._tenure, self._sending, self._ask = tenure, sending, ask

    def heard(self, report: Report) -> bool:
        """Whether the report is about an order of this account; what it says is journalled."""
        order = self._order(report)
        if order is None:
            return False
        ended = order.state.ended
        order = self._tenure.hear(order, interpret(order, report), e.Source.BROKER)
        if isinstance(report, ErrorReport) and report.category.needs_query:
            self._ask()
        self.follow(order)
        if order.state.ended and not ended and order.unseen:
            self._ask()
        return True

    def follow(self, order: Order) -> None:
        """What is to be done now that an order stands as it does."""
        if order.queued is not None and not order.commanded:
            self._send_queued(order, order.queued)
        if order.request.parent_id and order.state is OrderState.REJECTED:
            self._end_entry(order.request.parent_id)

    def interrupted(self) -> None:
        """The link is lost: what has no answer yet may never have arrived."""
        for order in self._tenure.books.open_orders():
            if order.state.in_flight:
                self._tenure.hear(order, [e.LinkLost()], e.Source.SYSTEM)

    def _send_queued(self, order: Order, terms: Terms) -> None:
        """The terms that waited for an answer to those before them, where the order still takes them."""
        try:
            check_replace(order, terms)
        except (FailedPrecondition, InvalidInput):
            return
        said = self._tenure.books.say(order.id, e.ReplaceRequested(terms), e.Source.CLIENT, self._tenure.now())
        self._tenure.store([said], then=lambda: self._sending.replace(order.id))

    def _end_entry(self, entry_id: str) -> None:
        """An entry whose exits the broker has not all taken is not what was asked for."""
        entry = self._tenure.books.orders.get(entry_id)
        if entry is None or entry.state.ended or entry.filled or entry.phase is OrderState.PENDING_CANCEL:
            return
        said = self._tenure.books.say(entry_id, e.CancelRequested(), e.Source.SYSTEM, self._tenure.now())
        self._tenure.store([said], then=lambda: self._sending.cancel(entry_id))

    def _order(self, report: Report) -> Order | None:
        books = self._tenure.books
        match report:
            case CommissionReport(commission):
                return books.of_execution(commission.exec_id)
            case BustReport(exec_id):
                return books.of_execution(exec_id)
            case LinkReport():
                return None
            case _:
                return books.named(report.named)
