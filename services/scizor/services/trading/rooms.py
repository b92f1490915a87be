"""What belongs to one account, put together: its desk, its prices, what it is worth, and what watches over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scizor.domain.trading.incidents import Incident
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.journal import Entry
from scizor.ports.live_prices import LivePrices
from scizor.ports.order_broker import OrderBroker
from scizor.ports.storage import Storage
from scizor.services.trading.account.actions import CompanyActions
from scizor.services.trading.account.appraisal import Appraiser, Stake
from scizor.services.trading.account.market import Market
from scizor.services.trading.account.sessions import AccountSessions
from scizor.services.trading.account.views import Ledger
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.listings import Listings
from scizor.services.trading.desk.reconciling import Reconciled
from scizor.services.trading.desk.seat import Means, Seat, Told
from scizor.services.trading.desk.watching import Watching
from scizor.services.trading.risk.monitor import Pause
from scizor.services.trading.risk.room import RiskRoom

Moved = Callable[[str, Sequence[str]], None]
"""Told an account, and the instruments whose orders or positions changed."""


@dataclass(frozen=True, slots=True)
class RoomPorts:
    """What all rooms stand on."""

    storage: Storage
    broker: OrderBroker
    live: LivePrices
    calendar: SessionCalendar
    clock: Clock
    listings: Listings
    new_id: Callable[[], str]
    heartbeat_s: float


class Room:
    """Of one account. Its tasks run from when it is made until `end`."""

    def __init__(
        self,
        account: str,
        ports: RoomPorts,
        means: Means,
        risk: RiskRoom,
        *,
        stakes: Callable[[], Sequence[Stake]],
        pause: Pause,
        moved: Moved,
    ) -> None:
        self.account, self._risk, self._moved = account, risk, moved
        self.market = Market(ports.live, ports.calendar, ports.broker.connection, ports.clock)
        self._watching = Watching(account, ports.storage, ports.heartbeat_s)
        told = Told(self._stored, self._happened, self._reconciled, self._loaded)
        self.seat = Seat(account, means, told)
        self.desk = Desk(
            self.seat,
            risk.guard(account),
            self.market,
            ports.listings,
            ports.storage,
            self._watching,
            ports.new_id,
        )
        self.appraiser = Appraiser(
            account, self._books, self.market, ports.storage, AccountSessions(ports.calendar), stakes
        )
        self.ledger = Ledger(account, self.desk.paper, self._books, self.market, self.appraiser)
        self._actions = CompanyActions(self.desk, ports.storage, ports.calendar, self.market)
        self._monitor = risk.monitor(account, pause)
        self._broker = ports.broker
        running = (
            self.appraiser.run(),
            self._actions.run(),
            self._monitor.run(account),
            risk.switch(account).run(account),
        )
        self._tasks = [asyncio.create_task(one) for one in running]

    async def prepare(self) -> None:
        """Before the gate opens: limits and state are known, company actions booked, and what the account is worth.

        Raises Unavailable.
        """
        await self._risk.begin([self.account])
        self.market.told(await self._broker.account(self.account))
        await self._actions.look()
        await self.appraiser.load()
        self.appraiser.refresh()

    async def end(self) -> None:
        """Stop what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.market.close()

    def _books(self) -> AccountBooks:
        return self.desk.books

    def _stored(self, entries: Sequence[Entry]) -> None:
        self._watching.publish(entries)
        if entries:
            self._moved(self.account, [one.order.request.instrument for one in entries])

    def _happened(self, incidents: Sequence[Incident]) -> None:
        self._monitor.incidents(incidents, self.account)

    def _reconciled(self, found: Reconciled) -> None:
        self._monitor.differences(found.differences, self.account)

    def _loaded(self, books: AccountBooks) -> None:
        self.market.want(books.holdings.shares())
