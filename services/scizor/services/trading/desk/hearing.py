"""What the broker reports, as events of the orders it is about."""

from __future__ import annotations

from collections.abc import Callable

from scizor.domain.trading import events as e
from scizor.domain.trading.interpretation import interpret
from scizor.domain.trading.reports import BustReport, CommissionReport, ErrorReport, LinkReport, Report
from scizor.domain.trading.states import Order
from scizor.services.trading.desk.tenure import Tenure


class Hearing:
    """Of one account. `ask` is called where only the broker's books can tell how things stand."""

    def __init__(self, tenure: Tenure, replace: Callable[[str], None], ask: Callable[[], None]) -> None:
        self._tenure, self._replace, self._ask = tenure, replace, ask

    def heard(self, report: Report) -> bool:
        """Whether the report is about an order of this account; what it says is journalled."""
        order = self._order(report)
        if order is None:
            return False
        ended = order.state.ended
        order = self._tenure.hear(order, interpret(order, report), e.Source.BROKER)
        if isinstance(report, ErrorReport) and report.category.needs_query:
            self._ask()
        if order.queued is not None and not order.commanded:
            self.send_queued(order)
        if order.state.ended and not ended and order.unseen:
            self._ask()
        return True

    def interrupted(self) -> None:
        """The link is lost: what has no answer yet may never have arrived."""
        for order in self._tenure.books.open_orders():
            if order.state.in_flight:
                self._tenure.hear(order, [e.LinkLost()], e.Source.SYSTEM)

    def send_queued(self, order: Order) -> None:
        """The terms that waited for an answer to those before them."""
        terms = order.queued
        if terms is None:
            return
        said = self._tenure.books.say(order.id, e.ReplaceRequested(terms), e.Source.CLIENT, self._tenure.now())
        self._tenure.store([said], then=lambda: self._replace(order.id))

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
