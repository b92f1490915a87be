"""Orders at Interactive Brokers: a connection of their own, so that nothing asked of the market can hold them up."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.contracts import IbContracts
from scizor.adapters.ib.errors import disconnected
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.orders.books import Books
from scizor.adapters.ib.orders.figures import Figures
from scizor.adapters.ib.orders.hearing import Hearing
from scizor.adapters.ib.orders.names import Names
from scizor.adapters.ib.orders.references import References
from scizor.adapters.ib.orders.terms import wire_order
from scizor.adapters.ib.session import FIRST_REQUEST_ID, Session
from scizor.adapters.ib.settings import IbOrderSettings, IbSettings
from scizor.adapters.ib.translate import wire_contract
from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.domain.trading.reports import Report, Snapshot
from scizor.ports.clock import Clock
from scizor.ports.order_broker import BrokerAccount, OrderListener, Ticket

_log = structlog.get_logger(__name__)


class IbOrderBroker:
    """Implements `OrderBroker`. Made, started and stopped in one event loop."""

    def __init__(self, settings: IbSettings, clock: Clock, orders: IbOrderSettings | None = None) -> None:
        orders = orders or IbOrderSettings()
        settings = replace(settings, client_id=orders.client_id)
        self._listener: OrderListener | None = None
        self._names = Names(orders.client_id)
        self.connection = IbConnection(settings, clock, HistoryLane(settings.pacing))
        self.contracts = IbContracts(self.connection, settings)
        self._references = References(self.contracts)
        self._hearing = Hearing(self._names, self._references, orders, self._report, self._give_up)
        self._books = Books(self.connection, self._hearing, self._references, orders, clock)
        self._figures = Figures(self.connection, clock, orders.step_s, self._tell_account)
        self._asking: set[asyncio.Task[Snapshot]] = set()
        self._task: asyncio.Task[None] | None = None
        self.connection.orders = self._hearing
        self.connection.listen(self)

    async def start(self) -> None:
        """Begin to connect; does not wait for it."""
        if self._task is None:
            self._task = asyncio.create_task(self.connection.run(), name="order connection")

    async def stop(self) -> None:
        """Hang up, and fail whoever still waits. Stopping twice is fine; it may be started again."""
        task, self._task = self._task, None
        if task is None:
            return
        self.connection.drain()
        task.cancel()
        await asyncio.gather(task, *self._asking, return_exceptions=True)

    def listen(self, listener: OrderListener) -> None:
        """Tell it from now on."""
        self._listener = listener

    def know(self, numbers: Mapping[int, str]) -> None:
        """Whose the numbers are that were sent by an earlier process."""
        self._names.know(numbers)

    def place(self, ticket: Ticket) -> None:
        """Send it. Raises SourceFailure: not sent."""
        if not 0 < ticket.number < FIRST_REQUEST_ID:
            message = f"an order's number must be between 1 and {FIRST_REQUEST_ID - 1}, not {ticket.number}"
            raise SourceFailure(FailureCategory.REFUSED, message)
        session = self._demand(self.connection.usable)
        self._names.sent(ticket)
        self._references.sent(ticket)
        contract, order = wire_contract(ticket.contract), wire_order(ticket)
        session.tell(lambda client: client.placeOrder(ticket.number, contract, order))

    def cancel(self, number: int) -> None:
        """Ask for its end, also while the connection drains. Raises SourceFailure: not sent."""
        self._demand(self.connection.linked).tell(lambda client: client.cancelOrder(number))

    async def snapshot(self, account: str) -> Snapshot:
        """The books of one account. Raises SourceFailure."""
        # Whoever asked may go: half an answer would be taken for the beginning of the next.
        asking = asyncio.create_task(self._books.snapshot(account))
        self._asking.add(asking)
        asking.add_done_callback(self._answered)
        return await asyncio.shield(asking)

    async def account(self, account: str) -> BrokerAccount:
        """Its figures, followed from then on. Raises SourceFailure."""
        return await self._figures.account(account)

    def session_opened(self, session: Session) -> None:
        """Orders may be sent."""
        if self._listener:
            self._listener.opened(session.account_names, session.lowest_number)
        self._figures.opened(session)

    def session_interrupted(self, reason: str) -> None:
        """Nothing can be sent."""
        self._hearing.interrupted()
        if self._listener:
            self._listener.interrupted(reason)

    def _demand(self, session: Session | None) -> Session:
        if session is None:
            raise disconnected(f"the broker is not connected: {self.connection.status.message}")
        return session

    def _answered(self, asking: asyncio.Task[Snapshot]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # told to whoever still waits

    def _report(self, report: Report) -> None:
        if self._listener:
            self._listener.reported(report)

    def _tell_account(self, account: BrokerAccount) -> None:
        if self._listener:
            self._listener.account_told(account)

    def _give_up(self, reason: str) -> None:
        _log.error("order_session_given_up", reason=reason)
        if (session := self.connection.linked) is not None:
            session.end(reason)
