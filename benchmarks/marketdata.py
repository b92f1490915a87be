"""How fast bars go in and come out: imports beside a bare COPY upsert, streams beside a bare COPY into arrays."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.codec import packed
from scizor.codec.bars import column
from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import DayArray, SessionRange, days_to_yyyymmdd, from_day
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.rpc.server import Server
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.__main__ import service
from scizor.services.marketdata.gathering import ImportLimits
from scizor.services.marketdata.servicer import SERVICE

SYMBOLS = 400
SESSIONS = 2_500
ROWS = SYMBOLS * SESSIONS
AMOUNTS = ("open", "high", "low", "close", "volume")
_PIECE_BYTES = 1 << 20
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """A rate beside the limit it is held against, bars a second."""

    name: str
    rate: float
    limit_name: str
    limit: float

    @property
    def fraction(self) -> float:
        """The rate as a part of the limit."""
        return self.rate / self.limit


async def measure(dsn: str) -> list[Measured]:
    """All measurements, on a database that may be filled."""
    await migrate(dsn)
    storage = SqlStorage(dsn)
    calendar = ExchangeSessions(SystemClock())
    names, days, bars = _market(calendar)
    server = Server([service(storage, calendar, ImportLimits())], ServerSettings(port=0))
    port = await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_UNLIMITED) as channel:
            await _store_symbols(storage, names)
            bare = await _emptied(storage, names, lambda: _bare_upsert(storage, names, bars))
            columns = await _emptied(storage, names, lambda: _import(channel, _row_messages(names, days, bars)))
            content = _parquet(names, days, bars)
            file = await _emptied(storage, names, lambda: _import(channel, _file_messages(content)))
            direct = await _best(lambda: _bare_read(storage, names))
            stream = await _best(lambda: _stream(channel, names))
    finally:
        await server.stop()
        await storage.close()
    return [
        Measured("ImportBars, columns", columns, "COPY upsert", bare),
        Measured("ImportBars, Parquet", file, "COPY upsert", bare),
        Measured("StreamBars", stream, "COPY to numpy", direct),
    ]


def _market(calendar: ExchangeSessions) -> tuple[list[str], DayArray, BarArray]:
    """Names, sessions and one walk of prices; every symbol has the same bars."""
    days = calendar.sessions("NASDAQ", from_day(0), SystemClock().now().date())[-SESSIONS:]
    random = np.random.default_rng(1)
    bars = empty_bars(SESSIONS)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, SESSIONS)))
    bars["day"], bars["close"], bars["open"] = days, close, close * 1.001
    bars["high"], bars["low"] = close * 1.01, close * 0.99
    bars["volume"] = random.integers(1_000, 1_000_000, SESSIONS)
    return [f"B{number:03}" for number in range(SYMBOLS)], days, bars


async def _store_symbols(storage: SqlStorage, names: list[str]) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing([Instrument(name, "NASDAQ", "USD") for name in names])


async def _emptied(storage: SqlStorage, names: list[str], run: Callable[[], Awaitable[None]]) -> float:
    """Rows a second of a run into tables that hold no bars of these symbols."""
    async with storage.begin() as work:
        for one in await work.symbols.get_many(names):
            await work.symbols.delete(one.key)
    await _store_symbols(storage, names)
    started = time.perf_counter()
    await run()
    return ROWS / (time.perf_counter() - started)


async def _best(run: Callable[[], Awaitable[None]], times: int = 3) -> float:
    """Bars a second of the fastest of a few runs."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        await run()
        seconds.append(time.perf_counter() - started)
    return ROWS / min(seconds)


async def _bare_upsert(storage: SqlStorage, names: list[str], bars: BarArray) -> None:
    """The least that storing these bars can take."""
    async with storage.begin() as work, work.bars.writer("benchmark") as writer:
        for one in await work.symbols.get_many(names):
            await writer.add(np.full(len(bars), one.key, dtype=np.int32), bars)
        assert (await writer.store()).inserted == ROWS


async def _bare_read(storage: SqlStorage, names: list[str]) -> None:
    count = 0
    async with storage.begin() as work:
        async for _, series in work.bars.stream(await work.symbols.get_many(names), SessionRange(), 5_000):
            count += len(series.bars)
    assert count == ROWS


async def _import(channel: grpc.aio.Channel, messages: AsyncIterator[Any]) -> None:
    call: Any = channel.stream_unary(
        f"/{SERVICE}/ImportBars",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=pb.ImportBarsResponse.FromString,
    )
    summary = (await call(messages)).summary
    assert (summary.rows_inserted, summary.rows_rejected) == (ROWS, 0)


async def _row_messages(names: list[str], days: DayArray, bars: BarArray) -> AsyncIterator[Any]:
    yield pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="benchmark"))
    dates = packed.to_bytes(days_to_yyyymmdd(days), "<i4")
    for name in names:
        amounts = {column: packed.to_bytes(bars[column], "<f8") for column in AMOUNTS}
        yield packed.ImportBarsRequest(rows=packed.ImportRows(symbol=name, session_date=dates, **amounts))


async def _file_messages(content: bytes) -> AsyncIterator[Any]:
    header = pb.ImportBarsHeader(source="benchmark", format=pb.FILE_FORMAT_PARQUET)
    yield pb.ImportBarsRequest(header=header)
    for start in range(0, len(content), _PIECE_BYTES):
        yield pb.ImportBarsRequest(data=content[start : start + _PIECE_BYTES])


def _parquet(names: list[str], days: DayArray, bars: BarArray) -> bytes:
    columns = {name: pa.array(np.tile(bars[name], len(names))) for name in AMOUNTS}
    symbols = pa.array(np.repeat(np.array(names), len(days)).tolist())
    dates = pa.array(np.tile(days, len(names)), pa.int32()).cast(pa.date32())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.parquet"
        parquet.write_table(pa.table({"symbol": symbols, "date": dates, **columns}), path)
        return path.read_bytes()


async def _stream(channel: grpc.aio.Channel, names: list[str]) -> None:
    """Through the twin into arrays, as the Python client does."""
    call: Any = channel.unary_stream(
        f"/{SERVICE}/StreamBars",
        request_serializer=pb.StreamBarsRequest.SerializeToString,
        response_deserializer=packed.StreamBarsResponse.FromString,
    )
    messages = call(pb.StreamBarsRequest(symbols=names))
    chunks = [
        {name: column(message.bars, name, "<f8") for name in AMOUNTS}
        async for message in messages
        if message.WhichOneof("event") == "bars"
    ]
    assert sum(len(chunk["close"]) for chunk in chunks) == ROWS
