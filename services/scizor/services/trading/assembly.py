"""The service, put together from its ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.journal import Journal
from scizor.ports.leases import Leases
from scizor.ports.live_prices import LivePrices
from scizor.ports.order_broker import BrokerAccount, OrderBroker
from scizor.ports.sandbox import Sandbox
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.rpc.metrics import Figure
from scizor.services.trading.account.appraisal import stakes_of
from scizor.services.trading.account.hours import Hours
from scizor.services.trading.account.performance import Performance
from scizor.services.trading.account.views import Ledger, Values
from scizor.services.trading.deployments.app import Deployments
from scizor.services.trading.deployments.days import StoredDays
from scizor.services.trading.deployments.players import LockedPlayers
from scizor.services.trading.deployments.roster import Means as CrewMeans
from scizor.services.trading.deployments.roster import Roster
from scizor.services.trading.deployments.rows import Rows
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.floor import Connecting, Floor
from scizor.services.trading.desk.listings import Listings
from scizor.services.trading.desk.seat import Means, Seat
from scizor.services.trading.metrics import figures
from scizor.services.trading.parity.app import Parity
from scizor.services.trading.risk.room import RiskRoom
from scizor.services.trading.rooms import Room, RoomPorts
from scizor.services.trading.use_cases import UseCases


@dataclass(frozen=True, slots=True)
class Ports:
    """What the service stands on. `seat`: the name of the connection, which one process at a time holds."""

    storage: Storage
    journal: Journal
    leases: Leases
    broker: OrderBroker
    connecting: Connecting
    live: LivePrices
    calendar: SessionCalendar
    clock: Clock
    sandbox: Sandbox
    new_id: Callable[[], str]
    seat: str
    owner: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen, beyond the ports."""

    reconcile_every_s: float = 300.0
    heartbeat_s: float = 5.0


class House:
    """All accounts of one connection, and the use cases over them. `run` until cancelled, then `close`.

    `turn` is told when it begins to act for them, and when another does.
    """

    def __init__(self, ports: Ports, choices: Choices, turn: Callable[[bool], None]) -> None:
        self._ports = ports
        self._rooms: dict[str, Room] = {}
        listings = Listings(ports.storage, ports.broker.contracts)
        self._room_ports = RoomPorts(
            ports.storage,
            ports.broker,
            ports.live,
            ports.calendar,
            ports.clock,
            listings,
            ports.new_id,
            choices.heartbeat_s,
        )
        self._means = Means(
            ports.journal,
            ports.broker,
            ports.clock,
            listings,
            choices.reconcile_every_s,
            prepare=lambda account: self._rooms[account].prepare(),
        )
        self._floor = Floor(
            ports.leases, ports.connecting, ports.seat, ports.owner, self._made, self._account_told, turn
        )
        ports.broker.listen(self._floor)
        self._risk = RiskRoom(
            ports.storage,
            ports.clock,
            self._floor.desk,
            lambda account: self._rooms[account].market,
            choices.heartbeat_s,
        )
        self._hours = Hours(ports.calendar, ports.broker.connection, ports.clock)
        players = LockedPlayers(ports.storage, ports.sandbox, listings)
        crews = CrewMeans(
            ports.storage,
            ports.clock,
            players,
            listings,
            self._rows,
            prepare=lambda account: self._rooms[account].appraiser.load(),
        )
        self._roster = Roster(crews, self._floor.desk)
        self._parity = Parity(
            ports.storage, ports.sandbox, players.start, self._rows, lambda account: self._rooms[account].market.rates
        )
        self._values = Values(self._ledger, ports.broker, heartbeat_s=choices.heartbeat_s)

    @property
    def use_cases(self) -> UseCases:
        """What callers may ask."""
        ports = self._ports
        deployments = Deployments(
            ports.storage,
            ports.clock,
            lambda account: self._risk.state(account).state,
            lambda account: self._floor.desk(account).paper,
            self._roster.wake,
        )
        return UseCases(
            storage=ports.storage,
            answers=ports.journal,
            clock=ports.clock,
            desks=self._floor,
            values=self._values,
            risk=self._risk,
            deployments=deployments,
            performance=Performance(self._ledger, ports.storage, ports.calendar),
            parity=self._parity,
        )

    def figures(self, acts: Callable[[], bool]) -> list[Figure]:
        """What a scraper reads. `acts`: whether it is our turn."""
        return figures(acts, self._floor, self._risk.state, self._roster.unfinished)

    async def run(self) -> None:
        """Act for accounts whenever it is our turn."""
        async with asyncio.TaskGroup() as everything:
            everything.create_task(self._floor.run())
            everything.create_task(self._risk.run(self._floor.accounts))
            everything.create_task(self._roster.run(self._floor.accounts))

    async def close(self) -> None:
        """End what runs in the rooms."""
        for room in self._rooms.values():
            await room.end()
        self._values.close()

    def _made(self, account: str) -> tuple[Seat, Desk]:
        room = Room(
            account,
            self._room_ports,
            self._means,
            self._risk,
            stakes=lambda: stakes_of(self._roster.unfinished(account)),
            pause=self._roster.pause,
            moved=self._values.moved,
        )
        self._rooms[account] = room
        return room.seat, room.desk

    def _rows(self, stored: StoredDeployment) -> Rows:
        ports = self._ports
        return StoredDays(ports.storage, ports.calendar, self._hours.broker_now, stored.deployment.spec.symbols)

    def _account_told(self, account: BrokerAccount) -> None:
        if account.account in self._rooms:
            self._rooms[account.account].market.told(account)

    def _ledger(self, account: str) -> Ledger:
        return self._rooms[account].ledger
