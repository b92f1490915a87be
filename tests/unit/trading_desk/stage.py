"""A desk on a journal and at a broker that do as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any, cast

from scizor.domain.orders import Side
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import (
    CommissionReport,
    ExecutionReport,
    Report,
)
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.leases import Lease
from scizor.services.trading.desk import reconciling, seat
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Draft
from scizor.services.trading.desk.seat import Means, Seat, Told
from scizor.services.trading.desk.watching import Watching
from tests.unit.trading_desk.world import (
    ACCOUNT,
    LIMIT,
    Clock,
    FakeBroker,
    Guard,
    JournalStorage,
    Listings,
    MemoryJournal,
    Prices,
    named,
    until,
)


@dataclass
class Stage:
    """All of it. `serving`: whether a process runs."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    clock: Clock = field(default_factory=Clock)
    listings: Listings = field(default_factory=Listings)

    def __post_init__(self) -> None:
        self.broker = FakeBroker(self.clock)
        self.ids = count(1)
        self.incidents: list[str] = []
        self.lost: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None

    def make(self) -> None:
        """A process's own part, as it is after its start."""
        self.watching = Watching(ACCOUNT, cast("Any", JournalStorage(self.journal)), 0.05)
        told = Told(self.watching.publish, lambda them: self.incidents.extend(one.kind.name for one in them), _no, _no)
        means = Means(self.journal, cast("Any", self.broker), self.clock, cast("Any", self.listings))
        self.seat = Seat(ACCOUNT, means, told)
        self.desk = Desk(
            self.seat,
            Guard(),
            Prices(),
            cast("Any", self.listings),
            cast("Any", JournalStorage(self.journal)),
            self.watching,
            lambda: f"order-{next(self.ids)}",
        )

    async def start(self, *, wait: bool = True) -> None:
        """The process starts, and the link is there."""
        self.make()
        self.lost = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self.seat.run(Lease("account", 1, self.lost)))
        self.seat.opened(1)
        if wait:
            await self.serves()

    async def serves(self) -> None:
        await until(lambda: self.seat.gate.name == "OPEN")

    async def kill(self) -> None:
        """kill -9, as far as one process can have it: nothing of it goes on."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def cut(self) -> None:
        self.broker.up = False
        self.seat.interrupted("cut")

    def mend(self) -> None:
        self.broker.up = True
        self.seat.opened(1)

    def tell(self, report: Report) -> None:
        """The broker tells it."""
        if not self.seat.reported(report):
            self.seat.ask()

    def works(self, place: int = -1) -> None:
        """The broker tells of the order sent at that place that it works."""
        self.tell(self.broker.told(self.broker.sent[place]))

    def fill(self, exec_id: str, shares: int, price: str = "50", place: int = -1, *, tell: bool = True) -> None:
        """An execution in the broker's books; with the `tell` it is told too."""
        ticket = self.broker.sent[place]
        side, name = ticket.request.side, ticket.request.instrument
        trade = Execution(exec_id, ACCOUNT, name, side, Decimal(shares), Decimal(price), self.clock.now())
        report = ExecutionReport(named(ticket), trade)
        cost = Commission(exec_id, Decimal(1), "USD")
        self.broker.executions.append(report)
        self.broker.commissions.append(cost)
        self.broker.positions[name] = self.broker.positions.get(name, Decimal(0)) + trade.shares
        paid = trade.shares * trade.price + 1
        self.broker.cash["USD"] = self.broker.cash.get("USD", Decimal(0)) - paid
        if tell:
            self.tell(report)
            self.tell(CommissionReport(cost))

    @property
    def order(self) -> Order:
        """The only one, or the first."""
        return next(iter(self.seat.tenure.books.orders.values()))

    def stored(self, order_id: str) -> OrderState:
        return self.journal.orders()[order_id].state


def draft(client_order_id: str = "mine-1", terms: Terms = LIMIT, side: Side = Side.BUY, **more: Any) -> Draft:
    return replace(Draft(client_order_id, "AAPL", side, terms), **more)


def _no(_: object) -> None:
    """Nobody listens."""


@asynccontextmanager
async def stage(*, start: bool = True) -> AsyncIterator[Stage]:
    """A desk that serves; what it waits for between two looks is short."""
    patched = [
        (seat, "_RETRY_S", 0.01),
        (seat, "_LOOK_S", 0.01),
        (seat, "_LEAST_BETWEEN_S", 0.0),
        (reconciling, "_BETWEEN_LOOKS_S", 0.0),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in patched]
    for module, name, value in patched:
        setattr(module, name, value)
    made = Stage()
    try:
        if start:
            await made.start()
        yield made
    finally:
        made.journal.free.set()
        await made.kill()
        for module, name, value in before:
            setattr(module, name, value)
