"""Risk over a real desk: the broker, the journal and the storage do as a test says, and prices are what it sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from scizor.domain.orders import Side
from scizor.domain.trading.exposure import Funds
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.money import Rates
from scizor.domain.trading.question import Prices
from scizor.domain.trading.states import Order
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.valuation import Mark
from scizor.ports.trading import AccountState, BreachAction, RiskEvent, RiskEventKind, StoredLimit
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.risk import events, monitor, standing, switch
from scizor.services.trading.risk.room import RiskRoom
from scizor.services.trading.use_cases import LimitWish, StateWish
from tests.fakes.storage import FakeStorage
from tests.unit.trading_desk.stage import Stage, draft
from tests.unit.trading_desk.stage import stage as desk_stage
from tests.unit.trading_desk.world import ACCOUNT, LIMIT, ME, NAME, JournalStorage, until

D = Decimal
FUNDS = Funds(equity=D(100_000), available=D(100_000), day_start_equity=D(100_000), peak_equity=D(100_000))


@dataclass
class FakeMarket:
    """Prices as they are set. `marks`: by instrument; `reads`: how often they were looked at."""

    now: Callable[[], datetime]
    marks: dict[str, Mark] = field(default_factory=dict)
    rates: Rates = field(default_factory=lambda: Rates("USD", {"AUD": D("0.5")}))
    reads: int = 0

    def price(self, price: str, instrument: str = NAME) -> None:
        self.marks[instrument] = Mark(D(price), self.now())

    def prices(self) -> Prices:
        self.reads += 1
        return Prices(self.marks, self.rates)

    def want(self, instruments: Sequence[str]) -> None:
        """They come when a test says."""

    async def priced(self, instrument: str, deadline_s: float) -> bool:
        return instrument in self.marks


@dataclass
class Scene:
    """All of it. `paused`: strategies that were."""

    stage: Stage
    storage: FakeStorage
    market: FakeMarket
    paused: list[tuple[str, str]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """The process's risk side begins; nothing of it watches yet."""
        if self.stage.lost is None:
            await self.stage.start()
        self.room = RiskRoom(
            cast("Any", self.storage),
            self.stage.clock,
            lambda _: self.desk,
            lambda _: cast("Any", self.market),
            0.02,
        )
        on = self.stage
        self.desk = Desk(
            on.seat,
            self.room.guard(ACCOUNT),
            self.market,
            cast("Any", on.listings),
            cast("Any", JournalStorage(on.journal)),
            on.watching,
            lambda: f"order-{next(on.ids)}",
        )
        self.watcher = self.room.monitor(ACCOUNT, self._pause)
        await self.room.begin([ACCOUNT])
        self.desk.books.risk.funds = FUNDS
        self._task(self.room.run(lambda: [ACCOUNT]))

    def watch(self) -> None:
        """Limits are watched from now on."""
        self._task(self.watcher.run(ACCOUNT))

    def arm(self) -> None:
        """The kill switch works from now on."""
        self._task(self.room.switch(ACCOUNT).run(ACCOUNT))

    async def kill(self) -> None:
        """kill -9 of the process, its desk too."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.stage.kill()
        self.stage.lost = None

    async def limit(
        self, rule: Rule, value: str, action: BreachAction = BreachAction.TELL, *, etag: str = "", strategy: str = ""
    ) -> StoredLimit:
        """Set it, and have it in force."""
        scope, key = (Scope.STRATEGY, strategy) if strategy else (Scope.ACCOUNT, ACCOUNT)
        async with self.storage.begin() as work:
            stored = await self.room.set_limit(
                cast("Any", work), LimitWish(rule, scope, key, D(value), action, etag), ME
            )
        await self.room.committed()
        return stored

    async def state(self, state: TradingState, *, flatten: bool = False) -> AccountState:
        """What a person sets."""
        async with self.storage.begin() as work:
            after = await self.room.set_state(cast("Any", work), StateWish(ACCOUNT, state, "wanted", flatten), ME)
        await self.room.committed(ACCOUNT)
        return after

    async def buy(self, name: str = "mine-1", shares: int = 100, **more: Any) -> Order:
        """At 50."""
        return (await self.desk.place(draft(name, replace(LIMIT, quantity=D(shares)), **more), ME))[0]

    async def sell(self, name: str = "mine-2", shares: int = 100, **more: Any) -> Order:
        """At 50."""
        return await self.buy(name, shares, side=Side.SELL, **more)

    async def hold(self, shares: int = 100, name: str = "first", **more: Any) -> None:
        """Bought, and filled."""
        order = await self.buy(name, shares, **more)
        self.filled(shares)
        await until(lambda: self.stage.stored(order.id).ended)

    def filled(self, shares: int, place: int = -1) -> None:
        """The order sent at that place fills, wholly or what is left of it."""
        on = self.stage
        on.fill(f"{len(on.broker.executions) + 1:04}.01", shares, place=place)
        ticket = on.broker.sent[place]
        if self.desk.books.orders[ticket.request.id].state.ended:
            on.broker.alive.pop(ticket.number, None)

    def worth(self, equity: int) -> None:
        """The account is, from now on."""
        self.desk.books.risk.funds = replace(FUNDS, equity=D(equity))

    @property
    def events(self) -> list[RiskEvent]:
        """All that are stored, in order."""
        return [one for _, one in sorted(self.storage.tables.trading.events.items())]

    def kinds(self, *without: RiskEventKind) -> list[str]:
        """Of all that are stored, in order."""
        return [one.kind.name for one in self.events if one.kind not in without]

    @property
    def names(self) -> list[str]:
        """Of the orders that were sent, in their order."""
        return [one.request.client_order_id for one in self.stage.broker.sent]

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _pause(self, account: str, strategy_id: str) -> None:
        if not self.storage.available:
            async with self.storage.begin():
                """It raises."""
        self.paused.append((account, strategy_id))


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    """Risk at work; what it waits for between two looks is short."""
    patched: list[tuple[Any, str, float]] = [(monitor, "_LOOK_S", 0.002), (switch, "_LOOK_S", 0.002)]
    patched += [(standing, "_REREAD_S", 0.01), (events, "_RETRY_S", 0.002)]
    before = [(module, name, getattr(module, name)) for module, name, _ in patched]
    for module, name, value in patched:
        setattr(module, name, value)
    async with desk_stage() as on:
        made = Scene(on, FakeStorage(on.clock.now), FakeMarket(lambda: on.clock.time))
        made.market.price("50")
        try:
            await made.start()
            yield made
        finally:
            await made.kill()
            for module, name, value in before:
                setattr(module, name, value)
