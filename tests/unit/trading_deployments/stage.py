"""A roster over a real desk: rows come when a test says, strategies run in this process, and any of it may die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from scizor.domain.trading.deployments import CatchUp, Deployment, DeploymentSpec, DeploymentState, Step
from scizor.domain.trading.reports import BrokerStatus, StatusReport
from scizor.engine.settings import Settings
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Step as Told
from scizor.services.trading.deployments import crew, roster
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.roster import Means, Roster
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.strategy import Context, EventStrategy, Int
from scizor.strategy.live import Intent, LiveStrategy, Row, View, live_of
from scizor.strategy.views import Bar, Fill, Order
from tests.fakes.storage import FakeStorage
from tests.unit.trading_desk.stage import Stage
from tests.unit.trading_desk.stage import stage as desk_stage
from tests.unit.trading_desk.world import ACCOUNT, NAME, named

ID: Final = "d1"
DAY: Final = timedelta(days=1)
BEGAN: Final = datetime(2026, 11, 19, 12, tzinfo=UTC)
FIRST: Final = date(2026, 11, 19)


class Buyer(EventStrategy):
    """Buys ten shares at each of its first bars, and remembers what it is told."""

    bars = Int(1, 0, 10, "How many bars it buys at")

    def on_start(self, ctx: Context) -> None:
        self.seen = 0
        self.told: list[str] = []

    def on_bar(self, ctx: Context) -> None:
        self.seen += 1
        if self.seen <= self.bars:
            ctx.buy(NAME, 10)

    def on_order(self, ctx: Context, order: Order) -> None:
        self.told.append(f"{order.id} {order.state.name}")

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.told.append(f"{fill.order_id} filled {fill.quantity:g}")


class Faulty(Buyer):
    """Divides by nothing at its second bar."""

    def on_bar(self, ctx: Context) -> None:
        super().on_bar(ctx)
        if self.seen > 1:
            _ = 1 / 0


class InProcess:
    """A player without a process. `die`: asked before each call; what it raises is what happens."""

    def __init__(self, strategy: LiveStrategy, die: Callable[[], None]) -> None:
        self._strategy, self._die = strategy, die

    async def warm(self, rows: Sequence[Row], splits: Mapping[int, Sequence[tuple[str, float]]] | None = None) -> None:
        for place, row in enumerate(rows):
            for symbol, ratio in (splits or {}).get(place, ()):
                self._strategy.split(symbol, ratio)
            self._strategy.warm(row)

    async def replay(self, steps: Sequence[Told]) -> None:
        for one in steps:
            self._take(one, acting=False)

    async def row(
        self, row: Row, view: View, *, acting: bool = True, splits: Sequence[tuple[str, float]] = ()
    ) -> tuple[Intent, ...]:
        self._die()
        return self._take(Told(view, row, tuple(splits)), acting=acting)

    async def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        self._die()
        return self._take(Told(view), acting=acting)

    async def stop(self, view: View) -> None:
        self._strategy.stop(view)

    def _take(self, step: Told, *, acting: bool) -> tuple[Intent, ...]:
        for symbol, ratio in step.splits:
            self._strategy.split(symbol, ratio)
        if step.row is None:
            return self._strategy.tell(step.view, acting=acting)
        return self._strategy.advance(step.row, step.view, acting=acting)


@dataclass
class FakePlayers:
    """Makes them of `kind`. `fates`: raised by the next calls of any player, None for nothing."""

    kind: type[EventStrategy] = Buyer
    parameters: Mapping[str, Any] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)
    fates: list[Exception | None] = field(default_factory=list)

    @asynccontextmanager
    async def play(self, stored: StoredDeployment) -> AsyncIterator[InProcess]:
        strategy = self.kind(**stored.deployment.spec.parameters)
        live = live_of(strategy, stored.deployment.spec.symbols, Settings(initial_cash=100_000.0))
        self.made.append(live._strategy if hasattr(live, "_strategy") else strategy)
        yield InProcess(live, self._die)

    def _die(self) -> None:
        fate = self.fates.pop(0) if self.fates else None
        if fate is not None:
            raise fate


@dataclass
class FakeRows:
    """Rows of the days from `FIRST` on; those of `closed` days have closed, each at 21:00 UTC."""

    clock: Callable[[], datetime]
    warmed: int = 3
    closed: int = 0
    fresh_for: timedelta = timedelta(hours=17)

    def now(self) -> datetime:
        return self.clock()

    async def before(self, until: datetime, count: int) -> Past:
        rows = [row_of(FIRST + DAY * place) for place in range(-self.warmed, self.closed)]
        return Past([row for row in rows if _closed(row) <= until][-count:])

    async def next(self, after_ns: int) -> Coming:
        while True:
            rows = [row_of(FIRST + DAY * place) for place in range(self.closed)]
            later = [row for row in rows if row.close_ns > after_ns]
            if later:
                return Coming(later[0], len(later) == 1, self.fresh_for)
            await asyncio.sleep(0.001)


def row_of(session: date) -> Row:
    """A bar at 50 each day."""
    opened = datetime(session.year, session.month, session.day, 14, 30, tzinfo=UTC)
    open_ns = int(opened.timestamp()) * 10**9
    return Row(session, open_ns, open_ns + 23_400 * 10**9, {NAME: Bar(50.0, 51.0, 49.0, 50.0, 1e6)})


def _closed(row: Row) -> datetime:
    return datetime.fromtimestamp(row.close_ns / 1e9, UTC)


@dataclass
class Scene:
    """All of it."""

    desk: Stage
    storage: FakeStorage
    players: FakePlayers
    rows: FakeRows
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """The process's roster begins."""
        means = Means(self.storage, self.desk.clock, self.players, self.desk.listings, lambda _: self.rows)  # type: ignore[arg-type] # fakes
        self.roster = Roster(means, lambda _: self.desk.desk)
        self._task = asyncio.create_task(self.roster.run(lambda: [ACCOUNT]))

    async def kill(self) -> None:
        """kill -9 of the process, its desk too."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.desk.kill()

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
        if self._task:
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
        last = _closed(row_of(FIRST + DAY * (self.rows.closed - 1)))
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
    patched += [(crew, "_LOOK_S", 0.005), (crew, "_RETRY_S", 0.002)]
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
