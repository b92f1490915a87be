"""Stored symbols, bars and backtests for tests, on any storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.backtests import BacktestJob, BacktestSpec, ParameterValue
from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import SessionRange, to_day
from scizor.domain.strategies import StoredStrategy
from scizor.ports.storage import Storage
from scizor.services.backtest.app import Backtests, Wish
from scizor.services.backtest.strategies.catalog import Catalog, Draft
from scizor.services.backtest.strategies.checking import Checking
from scizor.services.backtest.strategies.hosting import Hosting
from tests.fakes.sandbox import FakeSandbox

FIRST_SESSION = date(2020, 1, 2)


@dataclass
class HandClock:
    """A clock that a test moves."""

    time: datetime = datetime(2024, 5, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def bars_of(opens: Sequence[float], closes: Sequence[float], first: date = FIRST_SESSION) -> BarArray:
    """One bar a calendar day from `first` on."""
    bars = empty_bars(len(opens))
    bars["day"] = to_day(first) + np.arange(len(opens))
    bars["open"], bars["close"] = opens, closes
    bars["high"], bars["low"] = np.maximum(opens, closes), np.minimum(opens, closes)
    bars["volume"] = 1_000
    return bars


def waves(n_bars: int, first: date = FIRST_SESSION, phase: float = 0.0) -> BarArray:
    """Prices that rise and fall around a rising line, so that moving averages cross."""
    closes = 100 + 20 * np.sin(np.arange(n_bars) / 7 + phase) + np.arange(n_bars) / 50
    opens = np.concatenate([[100.0], closes[:-1]])
    return bars_of(opens.tolist(), closes.tolist(), first)


async def store_bars(storage: Storage, symbol: str, bars: BarArray, currency: str = "USD") -> None:
    """Store bars of a symbol such as `AAPL.NASDAQ`, which is added when it is missing."""
    ticker, exchange = symbol.split(".")
    async with storage.begin() as work:
        await work.symbols.add_missing([Instrument(ticker, exchange, currency)])
        instrument = await work.symbols.get(f"{symbol}.{currency}")
        async with work.bars.writer("test") as writer:
            await writer.add(np.full(len(bars), instrument.key, np.int32), bars)
            await writer.store()


def spec_of(
    symbols: Sequence[str] = ("AAPL.NASDAQ",),
    strategy_id: str = "sma_cross",
    parameters: dict[str, ParameterValue] | None = None,
    sessions: SessionRange | None = None,
    **others: object,
) -> BacktestSpec:
    if parameters is None:
        parameters = {"fast": 3, "slow": 8} if strategy_id == "sma_cross" else {}
    return BacktestSpec(
        strategy_id=strategy_id,
        parameters=parameters,
        symbols=tuple(symbols),
        sessions=sessions or SessionRange(),
        **{"initial_capital": Decimal(10_000), "currency": "USD", **others},  # type: ignore[arg-type] # by name
    )


@dataclass
class App:
    """The use cases on a storage, with what they told others."""

    storage: Storage
    clock: HandClock = field(default_factory=HandClock)
    bus: MemoryBus[BacktestJob] = field(default_factory=MemoryBus)
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    queue_limit: int = 1000
    caller_limit: int = 1000
    wakes: int = 0

    @property
    def backtests(self) -> Backtests:
        return Backtests(self.storage, self.bus, self.clock, self._wake, self.queue_limit, self.caller_limit)

    @property
    def hosting(self) -> Hosting:
        return Hosting(self.sandbox, ExchangeSessions(self.clock))

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.storage, self.clock, self.hosting)

    @property
    def checking(self) -> Checking:
        return Checking(self.storage, self.clock, self.catalog, self.hosting)

    async def store(self, source: str, strategy_id: str = "", **draft: Any) -> StoredStrategy:
        declared = await self.catalog.declared(strategy_id, source)
        async with self.storage.begin() as work:
            return await self.catalog.create(work, strategy_id, Draft(source=source, **draft), declared)

    async def update(self, strategy_id: str, etag: str = "", **draft: Any) -> StoredStrategy:
        wanted = Draft(**draft)
        declared = await self.catalog.declared(strategy_id, wanted.source) if wanted.source is not None else None
        async with self.storage.begin() as work:
            return await self.catalog.update(work, strategy_id, wanted, declared, etag)

    async def create(self, spec: BacktestSpec, wish: Wish | None = None) -> BacktestJob:
        async with self.storage.begin() as work:
            job = await self.backtests.create(work, spec, wish)
        self.backtests.announce(job)
        return job

    async def cancel(self, backtest_id: str) -> BacktestJob:
        async with self.storage.begin() as work:
            job = await self.backtests.cancel(work, backtest_id)
        self.backtests.announce(job)
        return job

    def _wake(self) -> None:
        self.wakes += 1
