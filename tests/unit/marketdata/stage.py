"""Use cases over fakes: storage in dicts, a calendar of weekdays, a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime

import numpy as np

from scizor.adapters.files import read_csv, read_parquet
from scizor.domain.bars import BarArray, BarSeries, empty_bars
from scizor.domain.errors import InvalidInput
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.quality import ImportSummary
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import DAY_NS, DayArray, SessionRange, to_day
from scizor.ports.calendar import SessionHours
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.imports.app import Imports
from scizor.services.marketdata.imports.gathering import ImportLimits
from scizor.services.marketdata.imports.intake import FileFormat, ImportOrder, Intake
from tests.fakes.storage import FakeStorage

AAPL = Instrument("AAPL", "NASDAQ", "USD")
BHP = Instrument("BHP", "ASX", "AUD")
NOW = datetime(2020, 1, 31, 12, tzinfo=UTC)
HOLIDAYS = (date(2019, 12, 25), date(2020, 1, 1), date(2020, 1, 20))
MINUTE_NS = 60_000_000_000
HEAD = "date,open,high,low,close,volume\n"


class StandingClock:
    """Always the same instant."""

    def now(self) -> datetime:
        return NOW


class Weekdays:
    """A session on each weekday but the holidays."""

    def code(self, exchange: str) -> str:
        if exchange == "MOON":
            raise InvalidInput.of_field("primary_exchange", "has no calendar of sessions: MOON")
        return "X" + exchange

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        days = np.arange(to_day(start), to_day(end) + 1, dtype=np.int32)
        return days[((days + 3) % 7 < 5) & ~np.isin(days, [to_day(day) for day in HOLIDAYS])]

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        """From 14:30 to 21:00 UTC."""
        days = self.sessions(exchange, start, end)
        midnight_ns = days.astype(np.int64) * DAY_NS
        return SessionHours(days, midnight_ns + 870 * MINUTE_NS, midnight_ns + 1260 * MINUTE_NS)

    def time_zone(self, exchange: str) -> str:
        self.code(exchange)
        return "America/New_York"


class Importing:
    """Runs imports against a storage."""

    def __init__(self, storage: FakeStorage) -> None:
        self._storage = storage

    async def file(
        self,
        content: str | bytes,
        symbol: str = "AAPL",
        *,
        file_format: FileFormat = FileFormat.CSV,
        max_rejected_fraction: float = 0.2,
        limits: ImportLimits | None = None,
    ) -> ImportSummary:
        """Import a file, sent in two pieces."""
        data = content.encode() if isinstance(content, str) else content
        order = ImportOrder(symbol, "test", file_format, max_rejected_fraction)
        return await self.run(order, [data[:10], data[10:]], limits or ImportLimits())

    async def run(self, order: ImportOrder, pieces: list[bytes | RowBatch], limits: ImportLimits) -> ImportSummary:
        return await self.imports(limits).run(order, sent(pieces), always)

    def imports(self, limits: ImportLimits) -> Imports:
        """The use case itself."""
        readers = {FileFormat.CSV: read_csv, FileFormat.PARQUET: read_parquet}
        return Imports(self._storage, Weekdays(), StandingClock(), Intake(readers, limits), limits)


async def sent(pieces: list[bytes | RowBatch]) -> AsyncIterator[bytes | RowBatch]:
    """The pieces as a caller sends them."""
    for piece in pieces:
        yield piece


async def always(_work: UnitOfWork, _digest: bytes, act: Callable[[], Awaitable[ImportSummary]]) -> ImportSummary:
    """Every import is the first of its id."""
    return await act()


async def stored(storage: FakeStorage, instrument: Instrument) -> StoredInstrument:
    """Store an instrument."""
    async with storage.begin() as work:
        return await work.symbols.add(instrument)


async def give_bars(storage: FakeStorage, owner: StoredInstrument, closes: dict[str, float]) -> None:
    """Give an instrument a bar for each date, all of whose prices are its close."""
    bars: BarArray = empty_bars(len(closes))
    bars["day"] = [to_day(date.fromisoformat(day)) for day in closes]
    for name in ("open", "high", "low", "close"):
        bars[name] = list(closes.values())
    bars["volume"] = 100
    async with storage.begin() as work, work.bars.writer("test") as writer:
        await writer.add(np.full(len(bars), owner.key, dtype=np.int32), bars)
        await writer.store()


async def bars_of(storage: FakeStorage, reference: str) -> BarSeries:
    """All that an instrument owns."""
    async with storage.begin() as work:
        return await work.bars.read(await work.symbols.get(reference), SessionRange())
