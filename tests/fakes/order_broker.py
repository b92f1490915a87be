"""A broker of orders by hand: what is sent is written down, what is told is what a test says.

    broker = FakeOrderBroker("DU1")
    broker.listen(listener)
    broker.open()
    broker.place(ticket)                    # broker.tickets[-1] is ticket
    broker.tell(StatusReport(...))

With `obedient` it acknowledges by itself: orders work, cancels end them, `fill` trades.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.reports import (
    BrokerStatus,
    CommissionReport,
    ExecutionReport,
    HeldPosition,
    Named,
    OrderReport,
    Report,
    Snapshot,
    StatusReport,
)
from scizor.ports.clock import Clock
from scizor.ports.order_broker import BrokerAccount, OrderListener, Ticket
from tests.fakes.order_broker_ports import FakeLink, FakeListings

_COST = Decimal(1)


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class _Standing:
    """An order of the obedient broker."""

    ticket: Ticket
    broker_id: str
    status: BrokerStatus = BrokerStatus.WORKING
    filled: Decimal = Decimal(0)

    def report(self) -> OrderReport:
        named = Named(self.ticket.request.id, self.broker_id)
        request = self.ticket.request
        standing = StatusReport(named, self.status, self.filled)
        return OrderReport(request.account, request.instrument, request.side, self.ticket.terms, standing)


@dataclass
class _Book:
    """What the obedient broker has of one account."""

    executions: list[ExecutionReport] = field(default_factory=list)
    commissions: list[Commission] = field(default_factory=list)
    shares: dict[str, Decimal] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)


class FakeOrderBroker:
    """`tickets`, `cancels` and `known` are what was sent and said; `snapshots`: what is answered next, failures too.

    Without a scripted one a snapshot is made of what the obedient broker has. `fail_next`: raised by the next command.
    """

    def __init__(
        self, *accounts: str, clock: Clock | None = None, lowest_number: int = 1, obedient: bool = False
    ) -> None:
        self.accounts, self.lowest_number, self.obedient = accounts or ("DU1",), lowest_number, obedient
        self.clock: Clock = clock or _SystemClock()
        self.connection = FakeLink(self.clock)
        self.contracts = FakeListings()
        self.tickets: list[Ticket] = []
        self.cancels: list[int] = []
        self.known: dict[int, str] = {}
        self.snapshots: deque[Snapshot | SourceFailure] = deque()
        self.snapshot_requests: list[str] = []
        self.figures: dict[str, BrokerAccount] = {}
        self.fail_next: SourceFailure | None = None
        self._listener: OrderListener | None = None
        self._followed: set[str] = set()
        self._orders: dict[int, _Standing] = {}
        self._books: dict[str, _Book] = {}
        self._open = False
        self._broker_ids, self._exec_ids = count(9001), count(1)

    async def start(self) -> None:
        """Connected at once."""
        self.open()

    async def stop(self) -> None:
        """Gone."""
        if self._open:
            self.interrupt("stopped")

    def listen(self, listener: OrderListener) -> None:
        self._listener = listener

    def know(self, numbers: Mapping[int, str]) -> None:
        self.known.update(numbers)

    def place(self, ticket: Ticket) -> None:
        self._demand_open()
        self.tickets.append(ticket)
        if not self.obedient:
            return
        known = self._orders.get(ticket.number)
        if known is None:
            known = self._orders[ticket.number] = _Standing(ticket, str(next(self._broker_ids)))
        known.ticket = ticket
        self.tell(known.report())

    def cancel(self, number: int) -> None:
        self._demand_open()
        self.cancels.append(number)
        order = self._orders.get(number)
        if self.obedient and order is not None and order.status is BrokerStatus.WORKING:
            order.status = BrokerStatus.CANCELED
            self.tell(order.report())

    async def snapshot(self, account: str) -> Snapshot:
        self.snapshot_requests.append(account)
        await asyncio.sleep(0)
        self._demand_open()
        if self.snapshots:
            answer = self.snapshots.popleft()
            if isinstance(answer, SourceFailure):
                raise answer
            return answer
        return self._snapshot(account)

    async def account(self, account: str) -> BrokerAccount:
        await asyncio.sleep(0)
        self._demand_open()
        self._followed.add(account)
        if account not in self.figures:
            self.figures[account] = BrokerAccount(account, "USD", self.clock.now(), equity=Decimal(1_000_000))
        return self.figures[account]

    def open(self, *, lowest_number: int | None = None) -> None:
        """Orders may be sent: from now on, or again."""
        self.lowest_number = self.lowest_number if lowest_number is None else lowest_number
        self._open = True
        self.connection.set(ConnectionState.READY)
        if self._listener:
            self._listener.opened(self.accounts, self.lowest_number)

    def interrupt(self, reason: str = "cut") -> None:
        """Nothing can be sent."""
        self._open = False
        self.connection.set(ConnectionState.DOWN, reason)
        if self._listener:
            self._listener.interrupted(reason)

    def tell(self, report: Report) -> None:
        """The listener hears it."""
        if self._listener:
            self._listener.reported(report)

    def set_account(self, account: BrokerAccount) -> None:
        """Its figures are these; whoever follows them is told."""
        self.figures[account.account] = account
        if self._listener and account.account in self._followed:
            self._listener.account_told(account)

    def fill(self, number: int, quantity: Decimal | int, price: Decimal | str) -> Execution:
        """The obedient broker trades so many shares of an order: execution, status, commission."""
        order = self._orders[number]
        request = order.ticket.request
        execution = Execution(
            f"0000fa4e.{next(self._exec_ids):08x}.01.01",
            request.account,
            request.instrument,
            request.side,
            Decimal(quantity),
            Decimal(price),
            self.clock.now(),
        )
        order.filled += execution.quantity
        if order.filled >= order.ticket.terms.quantity:
            order.status = BrokerStatus.FILLED
        report = ExecutionReport(Named(request.id, order.broker_id), execution)
        commission = Commission(execution.exec_id, _COST, order.ticket.contract.currency)
        self._enter(request.account, report, commission)
        for told in (report, order.report(), CommissionReport(commission)):
            self.tell(told)
        return execution

    def _enter(self, account: str, report: ExecutionReport, commission: Commission) -> None:
        book, execution = self._books.setdefault(account, _Book()), report.execution
        book.executions.append(report)
        book.commissions.append(commission)
        book.shares[execution.instrument] = book.shares.get(execution.instrument, Decimal(0)) + execution.shares
        paid = execution.shares * execution.price + commission.amount
        book.cash[commission.currency] = book.cash.get(commission.currency, Decimal(0)) - paid

    def _snapshot(self, account: str) -> Snapshot:
        now, book = self.clock.now(), self._books.get(account, _Book())
        orders = [one for one in self._orders.values() if one.ticket.request.account == account]
        return Snapshot(
            account=account,
            asked_time=now,
            covered_since=now.replace(hour=0, minute=0, second=0, microsecond=0),
            open_orders=tuple(one.report() for one in orders if one.status is BrokerStatus.WORKING),
            completed_orders=tuple(one.report() for one in orders if one.status is not BrokerStatus.WORKING),
            executions=tuple(book.executions),
            commissions=tuple(book.commissions),
            positions=tuple(HeldPosition(name, held, Decimal(0)) for name, held in book.shares.items() if held),
            cash=dict(book.cash),
        )

    def _demand_open(self) -> None:
        failure, self.fail_next = self.fail_next, None
        if failure is not None:
            raise failure
        if not self._open:
            message = f"the broker is not connected: {self.connection.status.message}"
            raise SourceFailure(FailureCategory.DISCONNECTED, message, 504)
