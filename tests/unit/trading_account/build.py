"""An account by hand: prices pushed, orders filled, marks kept in a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np

from scizor.domain.bars import CorporateAction
from scizor.domain.broker import ConnectionState, ConnectionStatus
from scizor.domain.errors import InvalidInput
from scizor.domain.live import FeedStatus, LiveInterval, Quote
from scizor.domain.orders import OrderType, Side
from scizor.domain.sessions import from_day, to_day
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission, Execution
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.ports.broker import Feed
from scizor.ports.calendar import SessionHours
from scizor.ports.journal import BookedExecution, Books, Posting, PostingKind
from scizor.ports.live_prices import BarListener, QuoteListener
from scizor.ports.order_broker import BrokerAccount
from scizor.ports.storage import Storage
from scizor.ports.trading import EquityPoint, StoredDeployment
from scizor.services.trading.account.appraisal import Appraiser, Stake
from scizor.services.trading.account.market import Market
from scizor.services.trading.account.sessions import AccountSessions
from scizor.services.trading.account.views import Ledger
from scizor.services.trading.desk.books import AccountBooks

D = Decimal
ACCOUNT, AAPL, BHP = "DU1", "AAPL.NASDAQ.USD", "BHP.ASX.AUD"
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)  # a Friday, New York
_ZONES = {"NASDAQ": "America/New_York", "NYSE": "America/New_York", "ASX": "Australia/Sydney"}


class Clock:
    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def pass_(self, **length: float) -> None:
        self.instant += timedelta(**length)


class WeekdayCalendar:
    """Weekdays are sessions: 9:30 to 16:00 in New York, 10:00 to 16:00 in Sydney."""

    def code(self, exchange: str) -> str:
        self.time_zone(exchange)
        return exchange

    def sessions(self, exchange: str, start: date, end: date) -> Any:
        days = np.arange(to_day(start), to_day(end) + 1, dtype=np.int32)
        return days[(days + 3) % 7 < 5]

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        zone, days = ZoneInfo(self.time_zone(exchange)), self.sessions(exchange, start, end)
        opens = [_ns(day, (10, 0) if exchange == "ASX" else (9, 30), zone) for day in days]
        closes = [_ns(day, (16, 0), zone) for day in days]
        return SessionHours(days, np.array(opens, np.int64), np.array(closes, np.int64))

    def time_zone(self, exchange: str) -> str:
        if exchange not in _ZONES:
            raise InvalidInput.of_field("primary_exchange", f"has no calendar: {exchange}")
        return _ZONES[exchange]


def _ns(day: int, at: tuple[int, int], zone: ZoneInfo) -> int:
    return int(datetime(*from_day(day).timetuple()[:3], *at, tzinfo=zone).timestamp()) * 1_000_000_000


class Connection:
    def __init__(self) -> None:
        self.status = ConnectionStatus(ConnectionState.READY, "here", NOON)

    def skew(self, skew: timedelta) -> None:
        self.status = replace(self.status, clock_skew=skew)

    async def watch(self) -> AsyncIterator[ConnectionStatus]:
        yield self.status


class FakeLive:
    """`wanted`: the instruments asked for now."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.listener: QuoteListener

    def open_quotes(self, listener: QuoteListener) -> FakeLive:
        self.listener = listener
        return self

    def open_bars(self, instruments: Collection[str], interval: LiveInterval, listener: BarListener) -> Feed:
        raise NotImplementedError

    def want(self, instruments: Collection[str]) -> None:
        self.wanted = list(instruments)

    def close(self) -> None:
        self.wanted = []

    def push(self, instrument: str, event: Quote | FeedStatus) -> None:
        self.listener(instrument, event)


class FakeRisk:
    def __init__(self) -> None:
        self.points: list[EquityPoint] = []

    async def mark_equity(self, point: EquityPoint) -> None:
        self.points.append(point)

    async def equity(
        self, account: str, deployment_id: str, start: datetime | None = None, limit: int = 100_000
    ) -> Sequence[EquityPoint]:
        own = [one for one in self.points if (one.account, one.deployment_id) == (account, deployment_id)]
        return [one for one in own if start is None or one.time >= start][:limit]


class FakeSymbols:
    async def find_many(self, references: Sequence[str]) -> list[Any]:
        return list(references)


class FakeActions:
    def __init__(self) -> None:
        self.recorded: dict[str, list[CorporateAction]] = {}

    async def of(self, instrument: Any) -> list[CorporateAction]:
        return self.recorded.get(instrument, [])


class FakeDeployments:
    def __init__(self) -> None:
        self.stored: dict[str, StoredDeployment] = {}

    async def get(self, deployment_id: str) -> StoredDeployment:
        return self.stored[deployment_id]


class FakeStorage:
    def __init__(self) -> None:
        self.risk, self.actions, self.deployments = FakeRisk(), FakeActions(), FakeDeployments()
        self.symbols = FakeSymbols()

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[Any]:
        yield SimpleNamespace(risk=self.risk, actions=self.actions, symbols=self.symbols, deployments=self.deployments)

    async def ping(self) -> bool:
        return True

    @property
    def port(self) -> Storage:
        return cast("Storage", self)


def figures(**said: Any) -> BrokerAccount:
    return BrokerAccount(ACCOUNT, "USD", NOON, **({"rates": {"AUD": D("0.5")}} | said))


def empty_books(executions: Sequence[BookedExecution] = (), postings: Sequence[Posting] = ()) -> Books:
    return Books({}, {}, {}, executions, postings, 0, 0)


def opening_cash(amount: str, currency: str = "USD") -> Posting:
    return Posting(PostingKind.OPENING_CASH, NOON - timedelta(days=30), currency=currency, amount=D(amount))


@dataclass
class Account:
    """One account with everything around it. `desk` posts into its books."""

    clock: Clock = field(default_factory=Clock)
    live: FakeLive = field(default_factory=FakeLive)
    storage: FakeStorage = field(default_factory=FakeStorage)
    connection: Connection = field(default_factory=Connection)
    calendar: WeekdayCalendar = field(default_factory=WeekdayCalendar)
    postings: list[Posting] = field(default_factory=lambda: [opening_cash("10000")])
    stakes: list[Stake] = field(default_factory=list)
    said: BrokerAccount | None = field(default_factory=figures)
    account: str = ACCOUNT

    def __post_init__(self) -> None:
        self.posted: list[Posting] = []
        self._number = 0
        self.restart()

    def restart(self) -> None:
        """As after the process's death: the books as stored, prices and equity anew."""
        executions = getattr(self, "executions", [])
        self.executions: list[BookedExecution] = executions
        self.books = AccountBooks(ACCOUNT, empty_books(executions, [*self.postings, *self.posted]))
        self.market = Market(self.live, self.calendar, self.connection, self.clock)
        if self.said is not None:
            self.market.told(self.said)
        self.appraiser = Appraiser(
            ACCOUNT,
            lambda: self.books,
            self.market,
            self.storage.port,
            AccountSessions(self.calendar),
            lambda: self.stakes,
            pace_s=0.001,
        )
        self.ledger = Ledger(ACCOUNT, True, lambda: self.books, self.market, self.appraiser)

    async def post(self, postings: Sequence[Posting], note: str = "") -> None:
        for posting in postings:
            self.books.post(posting)
            self.posted.append(posting)

    def trade(
        self,
        shares: int,
        price: str,
        instrument: str = AAPL,
        *,
        strategy: str = "",
        fee: str = "",
        time: datetime | None = None,
    ) -> None:
        """An order, filled whole."""
        self._number += 1
        name, side = f"order-{self._number}", Side.BUY if shares > 0 else Side.SELL
        terms = Terms(D(abs(shares)), OrderType.MARKET)
        request = OrderRequest(name, "", ACCOUNT, instrument, side, terms, strategy_id=strategy)
        when = time or self.clock.now()
        told = Execution(f"{self._number:04}.01", ACCOUNT, instrument, side, D(abs(shares)), D(price), when)
        self.books.say(name, e.Placed(request), e.Source.CLIENT, when)
        self.books.say(name, e.Executed(told), e.Source.BROKER, when)
        fees = {"USD": D(fee)} if fee else {}
        if fee:
            self.books.say(name, e.Charged(Commission(told.exec_id, D(fee), "USD")), e.Source.BROKER, when)
        self.executions.append(BookedExecution(told, name, strategy, "", fees))

    def quote(self, price: float, instrument: str = AAPL) -> None:
        """A live market around a price."""
        self.market.want([instrument])
        self.live.push(instrument, Quote(self.clock.now(), last=price, bid=price, ask=price))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.002)
