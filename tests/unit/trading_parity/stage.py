"""A deployment that was at work for some days: what it was shown, what it asked for, and what became of that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from scizor.codec.plain import to_plain
from scizor.domain.orders import OrderType, Side
from scizor.domain.trading import events as e
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.machine import fold
from scizor.domain.trading.money import Rates
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.parity import ParityCause, ParityReport
from scizor.engine.costs.schedules import ib_fixed_us
from scizor.engine.settings import Settings
from scizor.ports.journal import Entry
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Start
from scizor.services.trading.deployments.moments import Moment, Split
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.services.trading.parity.app import Parity
from scizor.strategy.live import Place, Row, View
from scizor.strategy.views import Bar
from tests.fakes.sandbox import FakeSandbox
from tests.fakes.storage import FakeStorage

ID, ACCOUNT, NAME = "d1", "DU1", "UP.NYSE.USD"
FIRST: Final = date(2012, 1, 2)
WARM, DAYS = 3, 10
BEGAN: Final = datetime(2012, 1, 4, 22, tzinfo=UTC)
SOURCE: Final = '''
from scizor.strategy import Context, EventStrategy


class Above(EventStrategy):
    """Buys ten, once, of what closes above 104, and sells them above 106."""

    def on_start(self, ctx: Context) -> None:
        self.bought = set()

    def on_bar(self, ctx: Context) -> None:
        for name in ctx.symbols:
            if name not in self.bought and ctx.close(name) > 104:
                self.bought.add(name)
                ctx.buy(name, 10)
            elif ctx.position(name) > 0 and ctx.close(name) > 106:
                ctx.sell(name, 10)
'''


def row_of(place: int, **changes: float) -> Row:
    """It opens at 100 on the first day, one higher each day, and closes half above its open."""
    session = FIRST + timedelta(days=place)
    opened = int(datetime(session.year, session.month, session.day, 14, 30, tzinfo=UTC).timestamp()) * 10**9
    bar = Bar(100.0 + place, 101.0 + place, 99.0 + place, 100.5 + place, 1e6)
    return Row(session, opened, opened + 23_400 * 10**9, {NAME: bar._replace(**changes)})


def close_of(place: int) -> datetime:
    return datetime.fromtimestamp(row_of(place).close_ns / 1e9, UTC)


@dataclass
class FakeRows:
    """Those that are stored now."""

    rows: list[Row]
    splits: dict[int, tuple[Split, ...]] = field(default_factory=dict)

    def now(self) -> datetime:
        return close_of(len(self.rows))

    async def before(self, until: datetime, count: int) -> Past:
        kept = [row for row in self.rows if row.close_ns <= until.timestamp() * 1e9][-count:]
        return Past(kept, self.splits)

    async def next(self, after_ns: int) -> Coming:
        raise NotImplementedError


@dataclass(frozen=True)
class Did:
    """An order that was decided at the close of a day and traded in a later one. `fee`: None where none was told."""

    side: Side
    decided: int
    price: str
    quantity: str = "10"
    traded: int | None = None
    fee: str | None = "1"

    @property
    def time(self) -> datetime:
        """Half an hour after the open."""
        day = self.decided + 1 if self.traded is None else self.traded
        return close_of(day) - timedelta(hours=6)


BOUGHT, SOLD = Did(Side.BUY, 4, "105"), Did(Side.SELL, 6, "107", fee="1.00166")
"""What the strategy does on these rows; each costs the schedule's least, and who sells pays for its supervision."""


@dataclass
class Life:
    """All of it. `shown`: rows in place of those that are stored; `asleep`: days at whose close nothing was asked."""

    orders: Sequence[Did] = (BOUGHT, SOLD)
    shown: dict[int, Row] = field(default_factory=dict)
    asleep: Sequence[int] = ()
    days: int = DAYS
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    storage: FakeStorage = field(default_factory=lambda: FakeStorage(lambda: BEGAN))

    def __post_init__(self) -> None:
        self.rows = FakeRows([row_of(place) for place in range(self.days)])
        self.parity = Parity(self.storage, self.sandbox, _start, lambda _: self.rows, lambda _: Rates("USD"))

    async def live(self) -> None:
        """Store what it lived through."""
        spec = DeploymentSpec("above", 1, {}, (NAME,), ACCOUNT, Decimal(10_000), "USD")
        async with self.storage.begin() as work:
            await work.deployments.add(StoredDeployment(Deployment(ID, spec), 1, "", BEGAN, BEGAN))
        await self._moment(Moment(1, 0, row_of(WARM - 1).close_ns, BEGAN, View(0.0, 0.0)))
        for place in range(WARM, self.days):
            await self.day(place)
        self.journal()

    async def day(self, place: int) -> None:
        """One row is shown."""
        row = self.shown.get(place, row_of(place))
        asked = [
            Place(number, NAME, one.side, float(one.quantity))
            for number, one in enumerate(self.orders, start=1)
            if one.decided == place
        ]
        until = close_of(place) + timedelta(hours=17)
        made = Moment(2 + place - WARM, 0, row.close_ns, until, View(0.0, 0.0), row)
        await self._moment(replace(made, intents=() if place in self.asleep else tuple(asked)))

    def journal(self) -> None:
        """Every order with its trade and what that cost."""
        entries: list[Entry] = []
        for number, one in enumerate(self.orders, start=1):
            terms = Terms(Decimal(one.quantity), OrderType.MARKET)
            request = OrderRequest(f"o{number}", f"{ID}:{number}", ACCOUNT, NAME, one.side, terms, deployment_id=ID)
            exec_id = f"{number:04}.01"
            trade = Execution(exec_id, ACCOUNT, NAME, one.side, terms.quantity, Decimal(one.price), one.time)
            told: list[e.Payload] = [e.Placed(request), e.Executed(trade)]
            if one.fee is not None:
                told.append(e.Charged(Commission(exec_id, Decimal(one.fee), "USD")))
            events = [e.OrderEvent(n, one.time, e.Source.BROKER, said) for n, said in enumerate(told, start=1)]
            for n, event in enumerate(events, start=1):
                entries.append(Entry(len(entries) + 1, fold(events[:n]), event))
        self.storage.tables.trading.entries[ACCOUNT] = entries

    async def reports(self, sessions: int = 30) -> Sequence[ParityReport]:
        return await self.parity.reports(ID, sessions)

    async def differences(self) -> list[tuple[int, ParityCause, Decimal]]:
        """By the day of the session."""
        return [
            ((report.session - FIRST).days, one.cause, one.pnl)
            for report in reversed(await self.reports())
            for one in report.differences
        ]

    async def _moment(self, moment: Moment) -> None:
        async with self.storage.begin() as work:
            await work.moments.add(ID, moment.sequence, json.dumps(to_plain(moment)))


async def _start(stored: StoredDeployment) -> Start:
    settings = Settings(initial_cash=float(stored.deployment.spec.capital), commission=ib_fixed_us())
    return Start(stored.deployment.spec.symbols, settings, source=SOURCE)
