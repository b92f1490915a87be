"""Who acts for an account: the books and the journal while they are ours, the link, and the gate between the two.

The gate opens when the books are read, the link is there, and the two have been compared; whatever ends one of these
closes it, and the way back is always the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from scizor.domain.broker import ConnectionState
from scizor.domain.errors import FailedPrecondition, InvalidInput, NotFound, ScizorError, Unavailable
from scizor.domain.trading.incidents import Incident
from scizor.domain.trading.reports import Report
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.clock import Clock
from scizor.ports.journal import Entry, Journal
from scizor.ports.leases import Lease
from scizor.ports.order_broker import OrderBroker
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.gate import GateState, closed
from scizor.services.trading.desk.hearing import Hearing
from scizor.services.trading.desk.listings import Listings
from scizor.services.trading.desk.numbers import Numbers
from scizor.services.trading.desk.reconciling import Reconciled, compare
from scizor.services.trading.desk.sending import Sending
from scizor.services.trading.desk.tenure import Tenure
from scizor.services.trading.desk.writer import Writer

_KEPT: Final = timedelta(days=7)  # brokers tell executions of a week at most
_OVERDUE: Final = timedelta(seconds=5)
_LONGEST_PATIENCE: Final = timedelta(minutes=5)
_LOOK_S: Final = 1.0
_RETRY_S: Final = 1.0
_LEAST_BETWEEN_S: Final = 0.3

_log = structlog.get_logger(__name__)


async def _nothing(_account: str) -> None:
    """Nothing else is to be ready."""


@dataclass(frozen=True, slots=True)
class Means:
    """What seats stand on. `prepare`: what else must be ready before an account's gate opens; raises Unavailable."""

    journal: Journal
    broker: OrderBroker
    clock: Clock
    listings: Listings
    reconcile_every_s: float = 300.0
    numbers: Numbers = field(default_factory=Numbers)
    prepare: Callable[[str], Awaitable[None]] = _nothing


@dataclass(slots=True)
class Told:
    """Who is told: of entries once they are stored, of incidents, of comparisons, of books that were read anew."""

    entries: Callable[[Sequence[Entry]], None]
    incidents: Callable[[Sequence[Incident]], None]
    reconciled: Callable[[Reconciled], None]
    loaded: Callable[[AccountBooks], None]


class Seat:
    """Of one account. `run` keeps it while the lease is ours; the broker's listener calls the rest."""

    def __init__(self, account: str, means: Means, told: Told) -> None:
        self.account = account
        self._means, self._told = means, told
        self._held = False
        self._tenure: Tenure | None = None
        self._sending: Sending | None = None
        self._hearing: Hearing | None = None
        self._lowest: int | None = None
        self._why = ""
        self._compared = False
        self._links = 0
        self._asked = asyncio.Event()
        self._comparing = asyncio.Lock()
        self.reconciled: Reconciled | None = None

    @property
    def gate(self) -> GateState:
        """Whether orders may be sent."""
        if not self._held:
            return GateState.STANDBY
        if self._means.broker.connection.status.state is ConnectionState.DRAINING:
            return GateState.DRAINING
        if self._lowest is None:
            return GateState.BROKER_AWAY
        reads = self._tenure is None or self._tenure.writer.broken
        return GateState.OPEN if self._compared and not reads else GateState.RECONCILING

    def open(self) -> tuple[Tenure, Sending]:
        """What a command needs. Raises Unavailable while the gate is closed, LimitExceeded where too much waits."""
        gate = self.gate
        if gate is not GateState.OPEN or self._tenure is None or self._sending is None:
            raise closed(self.account, gate, self._why)
        self._tenure.writer.check_room()
        return self._tenure, self._sending

    @property
    def tenure(self) -> Tenure:
        """The books, whether the gate is open or not. Raises Unavailable while they are not read."""
        if self._tenure is None:
            raise closed(self.account, self.gate, self._why)
        return self._tenure

    def opened(self, lowest_number: int) -> None:
        """The link is there; all that was told before may have gaps."""
        self._lowest, self._why, self._compared = lowest_number, "", False
        self._links += 1
        self._means.numbers.above(lowest_number - 1)
        self.ask()

    def interrupted(self, reason: str) -> None:
        """The link is gone."""
        if self._lowest is not None and self._hearing:
            self._hearing.interrupted()
        self._lowest, self._why, self._compared = None, reason, False

    def reported(self, report: Report) -> bool:
        """Whether it is about an order of this account."""
        return self._hearing is not None and self._hearing.heard(report)

    def ask(self) -> None:
        """Only the broker's books can tell: compare soon."""
        self._asked.set()

    async def reconcile(self, actor: str) -> Reconciled:
        """Compare now. Raises Unavailable."""
        if self._lowest is None or self._tenure is None:
            raise closed(self.account, self.gate, self._why)
        return await self._compare(actor)

    async def run(self, lease: Lease) -> None:
        """Read the books and act on them, again whenever a write has failed, until the lease is lost."""
        self._held = True
        try:
            while not lease.lost.done():
                try:
                    await self._one_tenure(lease)
                except ScizorError as error:
                    _log.warning("books_lost", account=self.account, error=error.message)
                    await asyncio.wait({lease.lost}, timeout=_RETRY_S)
        finally:
            self._held = False

    async def _one_tenure(self, lease: Lease) -> None:
        means = self._means
        loaded = await means.journal.load(self.account, means.clock.now() - _KEPT)
        books = AccountBooks(self.account, loaded, means.numbers)
        writer = Writer(means.journal, self.account, lease.epoch, self._told.entries)
        tenure = Tenure(books, writer, means.clock, self._happened)
        sending = Sending(means.broker, tenure, means.listings)
        self._tenure, self._sending = tenure, sending
        self._hearing = Hearing(tenure, sending, self.ask)
        means.broker.know(books.ids_by_number())
        self._told.loaded(books)
        self._told.entries(())
        self.ask()
        running = (writer.run(), self._keep_comparing(), self._watch_overdue(), _lost(lease))
        tasks = [asyncio.create_task(one) for one in running]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._tenure = self._sending = self._hearing = None
            self._compared = False
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _happened(self, incidents: Sequence[Incident]) -> None:
        self._told.incidents(incidents)
        if any(one.kind.needs_query for one in incidents):
            self.ask()

    async def _keep_comparing(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._means.reconcile_every_s):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            if self._lowest is None:
                continue
            try:
                await self._compare("system")
            except Unavailable as error:
                _log.warning("not_reconciled", account=self.account, error=error.message)
                await asyncio.sleep(_RETRY_S)
                self.ask()
            await asyncio.sleep(_LEAST_BETWEEN_S)

    async def _compare(self, actor: str) -> Reconciled:
        async with self._comparing:
            tenure, link = self.tenure, self._links
            await self._look_up(tenure)
            before = self.reconciled.differences if self.reconciled else ()
            result = await compare(tenure, self._means.broker, actor, before)
            await self._means.prepare(self.account)
            if self._tenure is tenure and self._lowest is not None and self._links == link:
                self._compared = True
                self._resume(tenure)
            self.reconciled = result
            self._told.reconciled(result)
            return result

    async def _look_up(self, tenure: Tenure) -> None:
        """What open orders are of: they can be changed only by those who know the contract."""
        for order in tenure.books.open_orders():
            if order.external:
                continue
            try:
                await self._means.listings.find(order.request.instrument)
            except (NotFound, InvalidInput, FailedPrecondition) as error:
                _log.warning("order_unlisted", account=self.account, order=order.id, error=error.message)

    def _resume(self, tenure: Tenure) -> None:
        """What follows from answers that the comparison gave, or that nobody lived to follow."""
        for order in list(tenure.books.orders.values()):
            if self._hearing:
                self._hearing.follow(order)

    async def _watch_overdue(self) -> None:
        """Commands that stay without an answer are asked about, less and less often while that tells nothing."""
        patience, asked, again = _OVERDUE, frozenset[str](), self._means.clock.now()
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._tenure is None or self.gate is not GateState.OPEN:
                continue
            now = self._means.clock.now()
            orders = self._tenure.books.open_orders()
            late = frozenset(one.id for one in orders if _waits(one) and one.update_time <= now - _OVERDUE)
            if late - asked:
                patience = _OVERDUE
            elif not late or now < again:
                continue
            asked, again = late, now + patience
            patience = min(2 * patience, _LONGEST_PATIENCE)
            self.ask()


def _waits(order: Order) -> bool:
    """Whether something is not known of it that the broker could tell."""
    return order.state.in_flight or order.state is OrderState.UNKNOWN or bool(order.unseen)


async def _lost(lease: Lease) -> None:
    await asyncio.wait([lease.lost])
