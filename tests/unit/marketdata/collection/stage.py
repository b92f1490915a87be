"""Collections over fakes: storage in dicts, a broker by hand, exchanges whose holidays a test decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from scizor.adapters.bus import MemoryBus
from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.broker import BrokerContract, FailureCategory
from scizor.domain.collections import (
    Chunk,
    Collection,
    CollectionKind,
    CollectionProgress,
    CollectionSpec,
    SessionGap,
)
from scizor.domain.errors import InvalidInput, Reason, Unavailable
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from scizor.ports.calendar import SessionHours
from scizor.ports.collections import GapKey
from scizor.services.marketdata.collection.app import Collections
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.planner import Plan
from scizor.services.marketdata.collection.planning import Planning
from scizor.services.marketdata.collection.runner import CollectionRunner
from scizor.services.marketdata.collection.sessions import SessionTimes
from scizor.services.marketdata.collection.settings import CollectionSettings
from scizor.services.marketdata.symbols.contracts import Contracts
from tests.fakes.broker import FakeBroker, HandClock
from tests.fakes.storage import FakeStorage, FakeUnitOfWork

AAPL = Instrument("AAPL", "NASDAQ", "USD")
MSFT = Instrument("MSFT", "NASDAQ", "USD")
BHP = Instrument("BHP", "ASX", "AUD")
# A Wednesday: 17:00 in New York, 09:00 of the next day in Sydney.
NOW = datetime(2024, 1, 31, 22, tzinfo=UTC)
DEADLINE_S = 20.0
_HOURS = {
    "NASDAQ": (ZoneInfo("America/New_York"), time(9, 30), time(16)),
    "ASX": (ZoneInfo("Australia/Sydney"), time(10), time(16)),
}

QUICK = CollectionSettings(
    ready_wait_s=0.05,
    poll_s=0.01,
    heartbeat_s=0.05,
    batch_s=0.002,
    storage_retry_s=0.002,
    backoff_s=dict.fromkeys(FailureCategory, 0.002),
    watch_heartbeat_s=0.05,
    watch_reread_s=0.01,
)


class Exchanges:
    """Sessions on weekdays that are no holiday, in the exchange's own hours; `closes_early` at 13:00."""

    def __init__(self) -> None:
        self.holidays: set[date] = set()
        self.closes_early: set[date] = set()

    def code(self, exchange: str) -> str:
        if exchange not in _HOURS:
            raise InvalidInput.of_field("primary_exchange", f"has no calendar of sessions: {exchange}")
        return "X" + exchange

    def time_zone(self, exchange: str) -> str:
        self.code(exchange)
        return _HOURS[exchange][0].key

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        self.code(exchange)
        days = [start + timedelta(days=ahead) for ahead in range((end - start).days + 1)]
        held = [to_day(day) for day in days if day.weekday() < 5 and day not in self.holidays]
        return np.array(held, dtype=np.int32)

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        days = self.sessions(exchange, start, end)
        zone, opened, closed = _HOURS[exchange]
        dates = [from_day(day) for day in days.tolist()]
        early = [time(13) if day in self.closes_early else closed for day in dates]
        return SessionHours(
            days,
            np.array([_ns(datetime.combine(day, opened, zone)) for day in dates], dtype=np.int64),
            np.array([_ns(datetime.combine(day, at, zone)) for day, at in zip(dates, early, strict=True)], np.int64),
        )


def _ns(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000_000


class FlakyStorage(FakeStorage):
    """Storage where commits that save chunks fail on demand: undone, or done with the answer lost."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.undone = self.unanswered = self.begun = 0

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[FakeUnitOfWork]:
        self.begun += 1
        before = dict(self.tables.chunks)
        async with super().begin(durable=durable) as work:
            yield work
            saves = self.tables.chunks != before
            if saves and self.undone:
                self.undone -= 1
                raise Unavailable("the database is out of a resource", Reason.STORAGE_UNAVAILABLE)
        if saves and self.unanswered:
            self.unanswered -= 1
            raise Unavailable("the connection to the database broke", Reason.STORAGE_UNAVAILABLE)


@dataclass
class World:
    """One service: its storage, its broker, its clock."""

    settings: CollectionSettings = QUICK
    clock: HandClock = field(default_factory=lambda: HandClock(NOW))
    calendar: Exchanges = field(default_factory=Exchanges)
    bus: MemoryBus[Collection] = field(default_factory=MemoryBus)
    contracts: dict[str, BrokerContract] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.storage = FlakyStorage(self.clock.now)
        self.broker = FakeBroker(self.clock, self.calendar)
        self.restart("one")

    def restart(self, owner: str, **changes: Any) -> None:
        """A new process over the same storage and the same broker."""
        self.settings = replace(self.settings, **changes)
        times = SessionTimes(self.calendar, self.settings)
        self.planning = Planning(times, self.broker.history, self.clock, self.settings)
        self.means = Means(
            storage=self.storage,
            bus=self.bus,
            clock=self.clock,
            connection=self.broker.connection,
            history=self.broker.history,
            contracts=Contracts(self.storage, self.broker.contracts, self.clock),
            times=times,
            planning=self.planning,
            owner=owner,
            settings=self.settings,
        )
        self.runner = CollectionRunner(self.means)
        self.collections = Collections(self.means, self.runner.wake)

    async def add(self, instrument: Instrument, **listing: Any) -> StoredInstrument:
        """Store an instrument, and let the broker know it."""
        one = instrument
        self.contracts[one.symbol] = self.broker.list(one.symbol, one.primary_exchange, one.currency, **listing)
        async with self.storage.begin() as work:
            return await work.symbols.add(instrument)

    async def plan(self, spec: CollectionSpec) -> Plan:
        async with self.storage.begin() as work:
            return await self.planning.plan(work, spec)

    async def create(self, spec: CollectionSpec) -> Collection:
        async with self.storage.begin() as work:
            collection = await self.collections.create(work, spec)
        self.collections.announce(collection)
        return collection

    async def cancel(self, collection_id: str) -> Collection:
        async with self.storage.begin() as work:
            collection = await self.collections.cancel(work, collection_id)
        self.collections.announce(collection)
        return collection

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.runner.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def collect(self, spec: CollectionSpec) -> Collection:
        """One collection, run to its end."""
        collection = await self.create(spec)
        async with self.running():
            return await self.ended(collection.id)

    async def ended(self, collection_id: str) -> Collection:
        return await self.reached(collection_id, lambda progress: progress.state.ended)

    async def reached(self, collection_id: str, holds: Callable[[CollectionProgress], bool]) -> Collection:
        async def reached() -> bool:
            return holds((await self.get(collection_id)).progress)

        await until(reached)
        return await self.get(collection_id)

    async def get(self, collection_id: str) -> Collection:
        async with self.storage.begin() as work:
            return await work.collections.get(collection_id)

    async def ledger(self, collection_id: str) -> list[Chunk]:
        async with self.storage.begin() as work:
            return await work.collections.chunks(collection_id, None, 0, 100_000)

    async def give(self, owner: StoredInstrument, sessions: DayArray, source: str = "fake") -> None:
        """Bars as the broker would tell them of these sessions."""
        contract = self.contracts[owner.instrument.symbol]
        bars = self.bars_told(contract, sessions)
        async with self.storage.begin() as work, work.bars.writer(source, self.clock.now().date()) as writer:
            await writer.add(np.full(len(bars), owner.key, dtype=np.int32), bars)
            await writer.store()

    def bars_told(self, contract: BrokerContract, sessions: DayArray) -> BarArray:
        if len(sessions) == 0:
            return empty_bars()
        first, last = from_day(int(sessions[0])), from_day(int(sessions[-1]))
        told = self.broker.bars_of(contract, Interval.DAY_1, first, last)
        return told[np.isin(told["day"], sessions)]

    async def know(self, owner: StoredInstrument, *gaps: SessionGap, interval: Interval = Interval.DAY_1) -> None:
        async with self.storage.begin() as work:
            await work.gaps.mark(GapKey(owner.key, interval), gaps, self.clock.now())

    async def bars(self, owner: StoredInstrument) -> BarArray:
        async with self.storage.begin() as work:
            return (await work.bars.read(owner, SessionRange())).bars

    async def gaps(self, owner: StoredInstrument, interval: Interval = Interval.DAY_1) -> list[SessionGap]:
        async with self.storage.begin() as work:
            return await work.gaps.of(owner, interval, SessionRange())

    def sessions(self, exchange: str, first: str, last: str) -> DayArray:
        return self.calendar.sessions(exchange, date.fromisoformat(first), date.fromisoformat(last))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for is a row of a table
            await asyncio.sleep(0.001)


def daily(exchange: str = "", end: str = "") -> CollectionSpec:
    return CollectionSpec(CollectionKind.DAILY, primary_exchange=exchange, end=_date(end))


def one_symbol(symbol: str = "AAPL.NASDAQ", interval: Interval = Interval.DAY_1) -> CollectionSpec:
    return CollectionSpec(CollectionKind.SYMBOL, interval, (symbol,))


def history(start: str = "", end: str = "", *symbols: str, **changes: Any) -> CollectionSpec:
    return replace(
        CollectionSpec(CollectionKind.HISTORY, symbols=symbols, start=_date(start), end=_date(end)), **changes
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
