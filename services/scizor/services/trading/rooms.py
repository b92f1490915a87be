"""What belongs to one account, put together: its desk, its prices, what it is worth, and what watches over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from scizor.domain.trading.incidents import Incident
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.journal import Entry
from scizor.ports.live_prices import LivePrices
from scizor.ports.order_broker import BrokerAccount, OrderBroker
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

_log = structlog.get_logger(__name__)


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
    """Of one account. `begin` once it is to be worked in; `end` stops what runs in it."""

    def __init__(self, account: str, ports: RoomPorts, means: Means, stakes: Callable[[], Sequence[Stake]]) -> None:
        self.account, self._ports = account, ports
        self.paper = account.startswith("D")  # as Interactive Brokers names paper accounts
        self.watching = Watching(account, ports.storage, ports.heartbeat_s)
        self.market = Market(ports.live, ports.calendar, ports.broker.connection, ports.clock)
        told = Told(self._stored, self._happened, self._reconciled, self._loaded)
        self.seat = Seat(account, means, told)
        self.appraiser = Appraiser(
            account, lambda: self.desk.books, self.market, ports.storage, AccountSessions(ports.calendar), stakes
        )
        self.ledger = Ledger(account, self.paper, lambda: self.desk.books, self.market, self.appraiser)
        self._tasks: list[asyncio.Task[None]] = []

    def furnish(self, desk: Desk, *watchers: Coroutine[Any, Any, None]) -> None:
        """The desk, and what runs beside it as long as the room is there."""
        self.desk = desk
        self.actions = CompanyActions(desk, self._ports.storage, self._ports.calendar, self.market)
        running = (self.appraiser.run(), self.actions.run(), *watchers)
        self._tasks += [asyncio.create_task(one) for one in running]
