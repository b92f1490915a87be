"""Bars into PostgreSQL and out again: ours beside what the server can do, measured in turns on the same rows.

The bare write is the textbook's: the rows already encoded, binary COPY into a temporary table, INSERT … ON CONFLICT DO
UPDATE … WHERE IS DISTINCT FROM, into a table with a primary key and no rules. The bare read is binary COPY of that
table in any order, viewed as a numpy record array.

`DATABASE_URL=postgresql://… python -m benchmarks.storage` makes a database of its own there and drops it at the end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import asyncpg
import numpy as np

from scizor.adapters.sql.binary_copy import DAYS_TO_2000, RecordArray, decode, encode, new_records, record_dtype
from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.bars import PRICE_COLUMNS, BarArray, empty_bars
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.sessions import SessionRange
from scizor.ports.symbols import SymbolFilter

SYMBOLS, SESSIONS = 400, 2_500
ROWS = SYMBOLS * SESSIONS
CHUNK_BARS = 10_000

_PRICES = dict.fromkeys((*PRICE_COLUMNS, "volume"), ">f8")
_WRITTEN = record_dtype({"symbol_id": ">i4", "session": ">i4", **_PRICES, "partial": "?"})
_READ = record_dtype(
    {"symbol_id": ">i4", "session": ">i4", **_PRICES, "partial": "?", "source_id": ">i4", "revision": ">i4"}
)
_COLUMNS = "symbol_id, session, open, high, low, close, volume, partial"
_BARE_TABLE = """
CREATE TABLE bare (
    symbol_id integer NOT NULL, session date NOT NULL, open float8 NOT NULL, high float8 NOT NULL, low float8 NOT NULL,
    close float8 NOT NULL, volume float8 NOT NULL, partial boolean NOT NULL, source_id integer NOT NULL DEFAULT 1,
    revision integer NOT NULL DEFAULT 0, PRIMARY KEY (symbol_id, session)
)
"""
_STAGED_TABLE = f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {_COLUMNS} FROM bare LIMIT 0"  # noqa: S608
_BARE_UPSERT = f"""
INSERT INTO bare ({_COLUMNS}) SELECT {_COLUMNS} FROM staged
ON CONFLICT (symbol_id, session) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume = excluded.volume, partial = excluded.partial, revision = bare.revision + 1
WHERE (bare.open, bare.high, bare.low, bare.close, bare.volume, bare.partial)
    IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.partial)
"""  # noqa: S608 - built of constants


Keys = np.ndarray[tuple[int], np.dtype[np.int32]]
Seconds = tuple[float, float]
"""Of ours and of the bare work, one after the other."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Rows a second, the best of the rounds; `bare` is what the same work costs with nothing of ours."""

    name: str
    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


async def measure(dsn: str, rounds: int = 2) -> list[Figure]:
    """Write and read figures on the server that `dsn` names."""
    async with _database(dsn) as own, _connection(own) as bare:
        await migrate(own)
        await bare.execute(_BARE_TABLE)
        storage = SqlStorage(own)
        try:
            stored = await _symbols(storage)
            bars = _bars()
            keys = np.array([one.key for one in stored], dtype=np.int32).repeat(SESSIONS)
            encoded = [chunk async for chunk in encode([_records(keys, bars)])]
            new: list[Seconds] = []
            same: list[Seconds] = []
            for _ in range(rounds):
                await bare.execute("TRUNCATE bare, daily_prices")
                for runs in (new, same):
                    ours = await _seconds(lambda: _write(storage, keys, bars))
                    runs.append((ours, await _seconds(lambda: _write_bare(bare, encoded))))
            await bare.execute("VACUUM (ANALYZE) bare")
            await bare.execute("VACUUM (ANALYZE) daily_prices")
            read = [
                (await _seconds(lambda: _read(storage, stored)), await _seconds(lambda: _read_bare(bare)))
                for _ in range(2 * rounds)
            ]
        finally:
            await storage.close()
    return [_figure("write new bars", new), _figure("write equal bars", same), _figure("read bars", read)]


def _figure(name: str, seconds: list[Seconds]) -> Figure:
    return Figure(name, ROWS / min(ours for ours, _ in seconds), ROWS / min(bare for _, bare in seconds))


async def _seconds(work: Callable[[], Awaitable[object]]) -> float:
    start = perf_counter()
    await work()
    return perf_counter() - start


async def _write(storage: SqlStorage, keys: Keys, bars: BarArray) -> None:
    async with storage.begin() as work, work.bars.writer("benchmark") as writer:
        for start in range(0, ROWS, SESSIONS):
            await writer.add(keys[start : start + SESSIONS], bars[start : start + SESSIONS])
        counts = await writer.store()
    assert counts.inserted + counts.unchanged == ROWS


async def _write_bare(connection: asyncpg.Connection, encoded: list[bytes]) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in encoded:
            yield chunk

    async with connection.transaction():
        await connection.execute(_STAGED_TABLE)
        await connection.copy_to_table("staged", source=source(), format="binary")
        await connection.execute(_BARE_UPSERT)


async def _read(storage: SqlStorage, stored: list[StoredInstrument]) -> None:
    rows = 0
    async with storage.begin() as work:
        async for _, series in work.bars.stream(stored, SessionRange(), CHUNK_BARS):
            rows += len(series.bars)
    assert rows == ROWS


async def _read_bare(connection: asyncpg.Connection) -> None:
    received = bytearray()

    async def receive(data: bytes) -> None:
        received.extend(data)

    await connection.copy_from_table("bare", output=receive, format="binary")
    assert len(decode(received, _READ)) == ROWS


def _bars() -> BarArray:
    bars = empty_bars(ROWS)
    bars["day"] = np.tile(np.arange(15_000, 15_000 + SESSIONS), SYMBOLS)
    generator = np.random.default_rng(1)
    bars["open"], bars["close"] = generator.uniform(50, 100, (2, ROWS))
    bars["high"] = np.maximum(bars["open"], bars["close"]) * 1.01
    bars["low"] = np.minimum(bars["open"], bars["close"]) * 0.99
    bars["volume"] = generator.integers(1, 1_000_000, ROWS)
    return bars


def _records(keys: Keys, bars: BarArray) -> RecordArray:
    records = new_records(ROWS, _WRITTEN)
    records["symbol_id"], records["session"] = keys, bars["day"] - DAYS_TO_2000
    for column in (*_PRICES, "partial"):
        records[column] = bars[column]
    return records


async def _symbols(storage: SqlStorage) -> list[StoredInstrument]:
    async with storage.begin() as work:
        await work.symbols.add_missing([Instrument(f"S{number:03d}", "NYSE", "USD") for number in range(SYMBOLS)])
        return await work.symbols.page(SymbolFilter(), None, SYMBOLS)


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[str]:
    name = f"scizor_benchmark_{os.getpid()}"
    address, _, query = dsn.partition("?")
    async with _connection(dsn) as server:
        await server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{address.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
        finally:
            await server.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    for figure in asyncio.run(measure(os.environ["DATABASE_URL"])):
        sys.stdout.write(
            f"{figure.name:18} {figure.ours:12,.0f} rows/s, bare {figure.bare:12,.0f}: {figure.ratio:.0%}\n"
        )
