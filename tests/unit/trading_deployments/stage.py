"""A roster over a real desk: rows come when a test says, strategies run in this process, and any of it may die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from scizor.domain.trading.deployments import CatchUp, Deployment, DeploymentSpec, DeploymentState, Step
from scizor.domain.trading.reports import BrokerStatus, StatusReport
from scizor.ports.journal import Batch
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments import crew, roster, stopping
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.roster import Means, Roster
from scizor.strategy import EventStrategy
from tests.fakes.storage import FakeStorage, FakeUnitOfWork
from tests.unit.trading_deployments.parts import BEGAN, DAY, FIRST, Buyer, FakePlayers, FakeRows, closed_at, row_of
from tests.unit.trading_desk.stage import Stage
from tests.unit.trading_desk.stage import stage as desk_stage
from tests.unit.trading_desk.world import ACCOUNT, NAME, named, until

ID: Final = "d1"


class Mortal:
    """Instants at which a process may be killed: around each commit, and around each answer of a strategy.

    At the one numbered `at` it stops for good, wherever it is, and `dead` is set.
    """

    def __init__(self, storage: FakeStorage, at: int) -> None:
        self._storage, self._at = storage, at
        self.n = 0
        self.dead = asyncio.Event()

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[FakeUnitOfWork]:
        """As the storage; what only reads is no instant."""
        before = self._written()
        async with self._storage.begin(durable=durable) as work:
            yield work
            writes = self._written() != before
            if writes:
                await self.instant()
        if writes:
            await self.instant()

    def _written(self) -> tuple[object, ...]:
        trading = self._storage.tables.trading
        return (len(trading.moments), *trading.deployments.values())

    async def instant(self) -> None:
        """Another one has come."""
        self.n += 1
        if self.n == self._at:
            self.dead.set()
            await asyncio.Event().wait()


@dataclass
class Scene:
    """All of it."""

    desk: Stage
    storage: FakeStorage
    players: FakePlayers
    rows: FakeRows
    mortal: Mortal | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """The process's roster begins. Called twice, there are two that believe it is their turn."""
        storage: Any = self.mortal or self.storage
        means = Means(storage, self.desk.clock, self.players, self.desk.listings, lambda _: self.rows)  # type: ignore[arg-type] # fakes
        self.roster = Roster(means, lambda _: self.desk.desk)
        self._tasks.append(asyncio.create_task(self.roster.run(lambda: [ACCOUNT])))

    async def kill(self) -> None:
        """kill -9 of the process, its desk too."""
        for task in self._tasks:
            task.cancel()
        await self.desk.kill()  # a command that was journalled waits for the journal, cancelled or not
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def dies(self, at: int) -> Mortal:
        """Have the process, once it is started, stop for good at that instant."""
        self.mortal = mortal = Mortal(self.storage, at)
        self.players.instant = mortal.instant
        journal = self.desk.journal
        append = journal.append

        async def appended(batch: Batch) -> None:
            await mortal.instant()
            await append(batch)
            await mortal.instant()

        journal.append = appended  # type: ignore[method-assign] # a test's own
        return mortal

    async def outlives(self, holds: Callable[[], object]) -> None:
        """Wait for it, and start the process anew should it have died."""
        dead = self.mortal.dead if self.mortal else asyncio.Event()
        await until(lambda: holds() or dead.is_set())
        if dead.is_set():
            dead.clear()
            await self.again()
            await until(holds)

    async def again(self) -> None:
        """It is started anew."""
        await self.kill()
        await self.desk.start()
        await self.start()

    async def deploy(self, **parameters: Any) -> None:
        """Store a deployment that is to start."""
        spec = DeploymentSpec("buyer", 0, parameters, (NAME,), ACCOUNT, Decimal(100_000), "USD")
        now = self.desk.clock.now()
        async with self.storage.begin() as work:
            await work.deployments.add(StoredDeployment(Deployment(ID, spec), 1, "", now, now))
        if self._tasks:
            self.roster.wake()

    async def policy(self, catch_up: CatchUp) -> None:
        """As if it had been started with it."""
        stored = await self.stored()
        spec = replace(stored.deployment.spec, catch_up=catch_up)
        async with self.storage.begin() as work:
            await work.deployments.update(replace(stored, deployment=replace(stored.deployment, spec=spec)))

    async def step(self, step: Step, **more: Any) -> None:
        """What a person asks for."""
        record = Record(await self.stored(), self.storage, self.desk.clock)
        await record.step(step, **more)
        self.roster.wake()

    async def stored(self) -> StoredDeployment:
        async with self.storage.begin() as work:
            return await work.deployments.get(ID)

    async def reaches(self, state: DeploymentState) -> StoredDeployment:
        """Wait for it."""
        async with asyncio.timeout(5):
            while (stored := await self.stored()).deployment.state is not state:  # noqa: ASYNC110 - storage has no events
                await asyncio.sleep(0.001)
        return stored

    def closed(self, days: int = 1) -> datetime:
        """Days pass. Returns when the last of them closed."""
        self.rows.closed += days
        last = closed_at(row_of(FIRST + DAY * (self.rows.closed - 1)))
        self.desk.clock.time = max(self.desk.clock.time, last + timedelta(seconds=1))
        return last

    async def closes(self, days: int = 1) -> None:
        """Days pass; wait until the last of them was shown."""
        last = self.closed(days)
        async with asyncio.timeout(5):
            while (await self.stored()).deployment.last_bar != last:  # noqa: ASYNC110 - storage has no events
                await asyncio.sleep(0.001)

    @property
    def names(self) -> list[str]:
        """Of the orders that were sent, in their order."""
        return [one.request.client_order_id for one in self.desk.broker.sent]

    @property
    def placed(self) -> list[str]:
        """Of the orders in the journal, in their order."""
        entries = self.desk.journal.entries
        return [one.order.request.client_order_id for one in entries if one.event.sequence == 1]

    @property
    def moments(self) -> int:
        """How many are stored."""
        return len(self.storage.tables.trading.moments)

    def cancelled(self) -> None:
        """The broker tells that the newest order is."""
        ticket = self.desk.broker.sent[-1]
        self.desk.broker.alive.pop(ticket.number, None)
        self.desk.tell(StatusReport(named(ticket), BrokerStatus.CANCELED))

    def journalled(self) -> None:
        """The desk's journal is what storage has, as it is with one database."""
        self.storage.tables.trading.entries[ACCOUNT] = self.desk.journal.entries


@asynccontextmanager
async def scene(kind: type[EventStrategy] = Buyer, *, start: bool = True) -> AsyncIterator[Scene]:
    """A roster at work; what it waits for between two looks is short."""
    patched = [(roster, "_LOOK_S", 0.02), (roster, "_STEP_S", 0.002), (roster, "_FIRST_PAUSE_S", 0.002)]
    patched += [(crew, "_LOOK_S", 0.005), (crew, "_RETRY_S", 0.002), (stopping, "_FIRST_PAUSE_S", 0.1)]
    before = [(module, name, getattr(module, name)) for module, name, _ in patched]
    for module, name, value in patched:
        setattr(module, name, value)
    async with desk_stage() as desk:
        desk.clock.time = BEGAN
        made = Scene(desk, FakeStorage(desk.clock.now), FakePlayers(kind), FakeRows(desk.clock.now))
        made.journalled()
        try:
            if start:
                await made.start()
            yield made
        finally:
            await made.kill()
            for module, name, value in before:
                setattr(module, name, value)
