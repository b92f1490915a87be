"""An account as its journal tells it, in memory: the desk alone changes it, everybody else reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from scizor.domain.errors import NotFound, Reason
from scizor.domain.trading.events import OrderEvent, Payload, Source
from scizor.domain.trading.executions import split_exec_id
from scizor.domain.trading.exposure import Funds, OpenOrder, RiskBook
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.machine import apply
from scizor.domain.trading.reports import Named
from scizor.domain.trading.states import Order
from scizor.ports.journal import Books, Entry, Posting
from scizor.services.trading.desk.holdings import Holdings
from scizor.services.trading.desk.numbers import Numbers

NOTHING = Funds(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
"""Before anybody has told what an account is worth."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an event did: for the journal, and for people where it should not have happened."""

    entry: Entry
    incidents: tuple[Incident, ...] = ()


class AccountBooks:
    """`orders`: those that have not ended, and those that ended lately. `risk`: what checks read of all this.

    `empty`: nothing was placed here and nothing posted, so that what the account holds is of the time before.
    """

    def __init__(self, account: str, books: Books, numbers: Numbers | None = None) -> None:
        self.account = account
        self._row = numbers or Numbers()
        self._row.above(books.highest_number)
        self.orders: dict[str, Order] = {**books.ended, **books.orders}
        self.numbers: dict[str, int] = {order_id: number for number, order_id in books.numbers.items()}
        self.sequence = books.sequence
        self.holdings = Holdings(account, books.executions, books.postings)
        self.empty = not books.postings and self._foreign_alone()
        self.risk = RiskBook(NOTHING)
        self._by_client_id: dict[str, str] = {}
        self._by_broker_id: dict[str, str] = {}
        self._by_execution: dict[str, str] = {}
        self._ids_by_number = dict(books.numbers)
        for order in self.orders.values():
            self._index(order)
            self._weigh(order)
        self._hold(self.holdings.positions)

    def _foreign_alone(self) -> bool:
        """Whether the journal, all of it in memory, tells of nothing but orders that were placed elsewhere."""
        orders = self.orders.values()
        return all(one.external for one in orders) and sum(one.sequence for one in orders) == self.sequence

    def order(self, order_id: str) -> Order:
        """One that is in memory. Raises NotFound(ORDER_NOT_FOUND)."""
        found = self.orders.get(order_id)
        if found is None:
            message = f"order {order_id} is none of account {self.account}, or ended long ago"
            raise NotFound(message, Reason.ORDER_NOT_FOUND, metadata={"order": order_id})
        return found

    def open_orders(self) -> Iterable[Order]:
        """Those that have not ended."""
        return [order for order in self.orders.values() if not order.state.ended]

    def by_client_id(self, client_order_id: str) -> Order | None:
        """The order a client gave that id, of those in memory."""
        return self.orders.get(self._by_client_id.get(client_order_id, ""))

    def named(self, named: Named) -> Order | None:
        """The order a report is about."""
        return self.orders.get(named.order_id) or self.orders.get(self._by_broker_id.get(named.broker_id, ""))

    def of_execution(self, exec_id: str) -> Order | None:
        """The order an execution belongs to, whatever revision is named."""
        return self.orders.get(self._by_execution.get(split_exec_id(exec_id)[0], ""))

    def take_number(self) -> int:
        """The next number an order may be sent under."""
        return self._row.take()

    def say(self, order_id: str, payload: Payload, source: Source, now: datetime, number: int = 0) -> Said:
        """Something happened to an order. Raises what `machine.apply` raises; nothing has changed then."""
        before = self.orders.get(order_id)
        sequence = 1 if before is None else before.sequence + 1
        return self.enter(order_id, OrderEvent(sequence, now, source, payload), number)

    def enter(self, order_id: str, event: OrderEvent, number: int = 0) -> Said:
        """An event that is made already, as reconciliation makes them."""
        before = self.orders.get(order_id)
        after, incidents = apply(before, event)
        self.orders[order_id] = after
        self.sequence += 1
        if number:
            self.empty = False
            self.numbers[order_id] = number
            self._ids_by_number[number] = order_id
        self._index(after)
        self._weigh(after)
        if before is None or before.book is not after.book:
            self.holdings.moved(before, after)
            self._hold((after.request.instrument,))
        return Said(Entry(self.sequence, after, event, number), incidents)

    def post(self, posting: Posting) -> None:
        """Something other than a trade changed what is held."""
        self.holdings.post(posting)
        self.empty = False
        if posting.instrument:
            self._hold((posting.instrument,))

    def ids_by_number(self) -> Mapping[int, str]:
        """Order ids by the numbers they were sent under."""
        return self._ids_by_number

    def _index(self, order: Order) -> None:
        if order.request.client_order_id:
            self._by_client_id[order.request.client_order_id] = order.id
        for broker_id in order.broker_ids:
            self._by_broker_id[broker_id] = order.id
        for root in order.book.by_root:
            self._by_execution[root] = order.id

    def _weigh(self, order: Order) -> None:
        request = order.request
        self.risk.keep(
            OpenOrder(
                order.id,
                request.strategy_id,
                request.instrument,
                request.side,
                order.remaining,
                request.group,
                request.parent_id,
            )
        )

    def _hold(self, instruments: Collection[str]) -> None:
        for name in instruments:
            held = self.holdings.positions.get(name)
            self.risk.set_position("", name, held.shares if held else Decimal(0))
        for (strategy_id, name), position in self.holdings.by_strategy.items():
            if strategy_id and name in instruments:
                self.risk.set_position(strategy_id, name, position.shares)
