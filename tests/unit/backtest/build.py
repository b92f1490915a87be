"""Stored symbols, bars and backtests for tests, on any storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from scizor.adapters.bus import MemoryBus
from scizor.domain.backtests import BacktestJob, BacktestSpec, ParameterValue
from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.storage import Storage
from scizor.services.backtest.app import Backtests

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
    queue_limit: int = 1000
    wakes: int = 0

    @property
    def backtests(self) -> Backtests:
        return Backtests(self.storage, self.bus, self.clock, self._wake, self.queue_limit)

    async def create(self, spec: BacktestSpec) -> BacktestJob:
        async with self.storage.begin() as work:
            job = await self.backtests.create(work, spec)
        self.backtests.announce(job)
        return job

    async def cancel(self, backtest_id: str) -> BacktestJob:
        async with self.storage.begin() as work:
            job = await self.backtests.cancel(work, backtest_id)
        self.backtests.announce(job)
        return job

    def _wake(self) -> None:
        self.wakes += 1
