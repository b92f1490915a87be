"""What a roster stands on in tests: strategies that run in this process, and rows that close when a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from scizor.engine.settings import Settings
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Step as Told
from scizor.services.trading.deployments.moments import Split
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.strategy import Context, EventStrategy, Int
from scizor.strategy.live import Intent, LiveStrategy, Row, View, live_of
from scizor.strategy.views import Bar, Fill, Order
from tests.unit.trading_desk.world import NAME

DAY: Final = timedelta(days=1)
BEGAN: Final = datetime(2026, 11, 19, 12, tzinfo=UTC)
FIRST: Final = date(2026, 11, 19)


class Buyer(EventStrategy):
    """Buys ten shares at each of its first bars, and remembers what it is told."""

    bars = Int(1, 0, 10, "How many bars it buys at")

    def on_start(self, ctx: Context) -> None:
        self.seen = 0
        self.told: list[str] = []
        self.held: list[float] = []

    def on_bar(self, ctx: Context) -> None:
        self.seen += 1
        self.held.append(ctx.position(NAME))
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

    def __init__(self, strategy: LiveStrategy, die: Callable[[], None], instant: Callable[[], Awaitable[None]]) -> None:
        self._strategy, self._die, self._instant = strategy, die, instant

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
        return await self._asked(Told(view, row, tuple(splits)), acting)

    async def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        return await self._asked(Told(view), acting)

    async def stop(self, view: View) -> None:
        self._strategy.stop(view)

    async def _asked(self, step: Told, acting: bool) -> tuple[Intent, ...]:
        self._die()
        await self._instant()
        intents = self._take(step, acting=acting)
        await self._instant()
        return intents

    def _take(self, step: Told, *, acting: bool) -> tuple[Intent, ...]:
        for symbol, ratio in step.splits:
            self._strategy.split(symbol, ratio)
        if step.row is None:
            return self._strategy.tell(step.view, acting=acting)
        return self._strategy.advance(step.row, step.view, acting=acting)


async def _nothing() -> None:
    """Nobody dies."""


@dataclass
class FakePlayers:
    """Makes them of `kind`. `fates`: raised by the next calls of any player, None for nothing.

    `instant`: awaited before and after each. `refusals`: raised in place of the next players.
    """

    kind: type[EventStrategy] = Buyer
    parameters: Mapping[str, Any] = field(default_factory=dict)
    made: list[Any] = field(default_factory=list)
    fates: list[Exception | None] = field(default_factory=list)
    instant: Callable[[], Awaitable[None]] = field(default=_nothing)
    refusals: list[Exception] = field(default_factory=list)

    @asynccontextmanager
    async def play(self, stored: StoredDeployment) -> AsyncIterator[InProcess]:
        if self.refusals:
            raise self.refusals.pop(0)
        strategy = self.kind(**stored.deployment.spec.parameters)
        live = live_of(strategy, stored.deployment.spec.symbols, Settings(initial_cash=100_000.0))
        self.made.append(live._strategy if hasattr(live, "_strategy") else strategy)
        yield InProcess(live, self._die, self.instant)

    def _die(self) -> None:
        fate = self.fates.pop(0) if self.fates else None
        if fate is not None:
            raise fate


@dataclass
class FakeRows:
    """Rows of the days from `FIRST` on; those of `closed` days have closed, each at 21:00 UTC.

    `stored`: how many of these can be read, where not all. `splits`: by the day they come before.
    """

    clock: Callable[[], datetime]
    warmed: int = 3
    closed: int = 0
    stored: int | None = None
    fresh_for: timedelta = timedelta(hours=17)
    splits: dict[int, Split] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock()

    async def before(self, until: datetime, count: int) -> Past:
        rows = [row_of(FIRST + DAY * place) for place in range(-self.warmed, self._readable)]
        return Past([row for row in rows if closed_at(row) <= until][-count:])

    async def next(self, after_ns: int) -> Coming:
        while True:
            rows = {place: row_of(FIRST + DAY * place) for place in range(self._readable)}
            later = [place for place, row in rows.items() if row.close_ns > after_ns]
            if later:
                splits = (self.splits[later[0]],) if later[0] in self.splits else ()
                return Coming(rows[later[0]], len(later) == 1, self.fresh_for, splits)
            await asyncio.sleep(0.001)

    @property
    def _readable(self) -> int:
        return self.closed if self.stored is None else self.stored


def row_of(session: date) -> Row:
    """A bar at 50 each day."""
    opened = datetime(session.year, session.month, session.day, 14, 30, tzinfo=UTC)
    open_ns = int(opened.timestamp()) * 10**9
    return Row(session, open_ns, open_ns + 23_400 * 10**9, {NAME: Bar(50.0, 51.0, 49.0, 50.0, 1e6)})


def closed_at(row: Row) -> datetime:
    return datetime.fromtimestamp(row.close_ns / 1e9, UTC)
