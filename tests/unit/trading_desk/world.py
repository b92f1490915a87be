"""What a desk stands on, doing as a test says: what is committed, what arrives, what is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Literal

from scizor.domain.broker import BrokerContract, ConnectionState, FailureCategory, SourceFailure
from scizor.domain.errors import AlreadyExists, Reason, ScizorError, Unavailable
from scizor.domain.instruments import AssetType, Instrument
from scizor.domain.orders import OrderType
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import (
    BrokerStatus,
    ExecutionReport,
    HeldPosition,
    Named,
    OrderReport,
    Snapshot,
    StatusReport,
)
from scizor.domain.trading.states import Order
from scizor.ports.journal import Batch, BookedExecution, Books, Entry, Posting
from scizor.ports.order_broker import Ticket
from scizor.services.trading.desk.drafts import Actor, Checked
from scizor.services.trading.desk.listings import Listing

ACCOUNT, NAME = "DU1", "AAPL.NASDAQ.USD"
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
LIMIT = Terms(Decimal(100), OrderType.LIMIT, limit=Decimal("50.00"))
ME = Actor("tester")
WITHIN_S = 5.0
CONTRACT = BrokerContract(
    1, "AAPL", "NASDAQ", "USD", "SMART", "Apple", AssetType.STOCK, Decimal("0.01"), "America/New_York", ()
)


async def until(holds: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 - whatever a test looks at has no events
            await asyncio.sleep(0.001)


async def a_while() -> None:
    """Let everything that can happen at once happen."""
    for _ in range(50):
        await asyncio.sleep(0)


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


Outcome = Literal["lost", "kept"]


class MemoryJournal:
    """Commits at once, unless told otherwise. `fates`: of the next commits that fail, with or without being stored."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.postings: list[Posting] = []
        self.answers: dict[tuple[str, str], bytes] = {}
        self.audit: list[str] = []
        self.fates: deque[Outcome] = deque()
        self.free = asyncio.Event()
        self.free.set()
        self.appends = self.loads = 0

    async def append(self, batch: Batch) -> None:
        self.appends += 1
        await self.free.wait()
        fate = self.fates.popleft() if self.fates else None
        if fate != "lost":
            self._commit(batch)
        if fate:
            raise Unavailable("the database is away", Reason.STORAGE_UNAVAILABLE)
        await asyncio.sleep(0)

    def _commit(self, batch: Batch) -> None:
        known = {one.order.request.client_order_id for one in self.entries}
        for entry in batch.entries:
            request = entry.order.request
            if entry.event.sequence == 1 and request.client_order_id and request.client_order_id in known:
                raise AlreadyExists("had before", Reason.ORDER_EXISTS)
        sequences = [one.sequence for one in (*self.entries, *batch.entries)]
        assert sequences == list(range(1, len(sequences) + 1)), "the journal has a gap"
        self.entries += batch.entries
        self.postings += batch.postings
        self.audit += [f"{one.action} {one.subject}" for one in batch.audit]
        for one in batch.answers:
            assert (one.method, one.request_id) not in self.answers, "one request was done twice"
            self.answers[one.method, one.request_id] = one.answer

    async def load(self, account: str, ended_since: datetime) -> Books:
        self.loads += 1
        await asyncio.sleep(0)
        orders = self.orders()
        numbers = {one.number: one.order.id for one in self.entries if one.number}
        booked = [
            BookedExecution(trade, one.id, "", "", {told.currency: told.amount} if told else {})
            for one in orders.values()
            for trade in one.book.valid()
            for told in (one.book.commission_of(trade),)
        ]
        return Books(
            {key: one for key, one in orders.items() if not one.state.ended},
            {key: one for key, one in orders.items() if one.state.ended},
            numbers,
            booked,
            self.postings,
            max(numbers, default=0),
            len(self.entries),
        )

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        return self.answers.get((method, request_id))

    def orders(self) -> dict[str, Order]:
        """As the entries tell them."""
        return {one.order.id: one.order for one in self.entries}


@dataclass
class FakeBroker:
    """Takes what is sent while the link is up. `deaf`: what is sent arrives nowhere; `alive`: what it has open."""

    clock: Clock
    up: bool = True
    deaf: bool = False
    sent: list[Ticket] = field(default_factory=list)
    cancels: list[int] = field(default_factory=list)
    alive: dict[int, Ticket] = field(default_factory=dict)
    status: BrokerStatus = BrokerStatus.WORKING
    executions: list[ExecutionReport] = field(default_factory=list)
    commissions: list[Commission] = field(default_factory=list)
    positions: dict[str, Decimal] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)
    snapshots: int = 0
    asked: Callable[[], object] = lambda: None
    """Called between the question and the answer of a snapshot."""
    fails_at: int = 0
    known: Mapping[int, str] = field(default_factory=dict)

    connection: Any = field(
        default_factory=lambda: SimpleNamespace(status=SimpleNamespace(state=ConnectionState.READY))
    )
    contracts: Any = None

    def listen(self, listener: object) -> None:
        """The test calls."""

    def know(self, numbers: Mapping[int, str]) -> None:
        self.known = dict(numbers)

    def place(self, ticket: Ticket) -> None:
        if not self.up or (self.fails_at and len(self.sent) + 1 == self.fails_at):
            raise SourceFailure(FailureCategory.DISCONNECTED, "not connected")
        self.sent.append(ticket)
        if not self.deaf:
            self.alive[ticket.number] = ticket

    def cancel(self, number: int) -> None:
        if not self.up:
            raise SourceFailure(FailureCategory.DISCONNECTED, "not connected")
        self.cancels.append(number)

    async def snapshot(self, account: str) -> Snapshot:
        if not self.up:
            raise SourceFailure(FailureCategory.DISCONNECTED, "not connected")
        self.snapshots += 1
        asked = self.clock.now()
        open_orders = tuple(self.told(ticket) for ticket in self.alive.values())
        self.asked()
        await asyncio.sleep(0)
        return Snapshot(
            account,
            asked,
            NOW - timedelta(hours=10),
            open_orders,
            executions=tuple(self.executions),
            commissions=tuple(self.commissions),
            positions=tuple(HeldPosition(name, held, Decimal(50)) for name, held in self.positions.items()),
            cash=dict(self.cash),
        )

    def told(self, ticket: Ticket, status: BrokerStatus | None = None) -> OrderReport:
        request = ticket.request
        standing = StatusReport(named(ticket), status or self.status)
        return OrderReport(request.account, request.instrument, request.side, ticket.terms, standing)


def named(ticket: Ticket) -> Named:
    return Named(ticket.request.id, str(9_000 + ticket.number))


class Guard:
    def check(self, request: object, *, filled: Decimal = Decimal(0), flattens: bool = False) -> None:
        """Nothing speaks against it."""

    def preview(self, request: object) -> Checked:
        return Checked((), None, None)

    async def refused(self, request: object, error: ScizorError) -> None:
        raise error


class Prices:
    def want(self, instruments: Sequence[str]) -> None:
        """They are there."""

    async def priced(self, instrument: str, deadline_s: float) -> bool:
        return True


class Listings:
    """One instrument. `gone`: it is not known any more."""

    def __init__(self) -> None:
        self.error: ScizorError | None = None
        self.listing = Listing(Instrument("AAPL", "NASDAQ", "USD"), CONTRACT)

    def known(self, symbol: str) -> Listing | None:
        return None if self.error else self.listing

    async def find(self, symbol: str) -> Listing:
        if self.error:
            raise self.error
        return self.listing


class JournalStorage:
    """What the desk reads of old orders."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self.orders = self

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[JournalStorage]:
        await asyncio.sleep(0)
        yield self

    async def order_by_client_id(self, account: str, client_order_id: str) -> Order | None:
        found = [one for one in self._journal.orders().values() if one.request.client_order_id == client_order_id]
        return found[0] if found else None

    async def entries_after(self, account: str, sequence: int, limit: int) -> Sequence[Entry]:
        return self._journal.entries[sequence : sequence + limit]
