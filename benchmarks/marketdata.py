"""How fast bars go in and come out over the wire. What PostgreSQL alone could do, `benchmarks.storage` measures."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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
from scizor.domain.sessions import DayArray, days_to_yyyymmdd, from_day
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.services.marketdata.servicer import SERVICE

SYMBOLS = 400
SESSIONS = 2_500
ROWS = SYMBOLS * SESSIONS
AMOUNTS = ("open", "high", "low", "close", "volume")
_PIECE_BYTES = 1 << 20
_START_S = 60
_ROUNDS = 3
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """Bars a second of one kind of call, the best of the rounds."""

    name: str
    rate: float


async def measure(dsn: str) -> list[Measured]:
    """All measurements, on a database that may be filled; the service runs in a process of its own, as it does."""
    await migrate(dsn)
    storage = SqlStorage(dsn)
    names, days, bars = _market(ExchangeSessions(SystemClock()))
    content = _parquet(names, days, bars)
    try:
        async with _serving(dsn) as channel:
            columns = await _imported(storage, names, lambda: _import(channel, _row_messages(names, days, bars)))
            file = await _imported(storage, names, lambda: _import(channel, _file_messages(content)))
            stream = max([await _rate(lambda: _stream(channel, names)) for _ in range(_ROUNDS)])
    finally:
        await storage.close()
    return [
        Measured("ImportBars, columns", columns),
        Measured("ImportBars, Parquet", file),
        Measured("StreamBars", stream),
    ]


@asynccontextmanager
async def _serving(dsn: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a service that writes no line a call and lives as long as the block."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    said = {"DATABASE_URL": dsn, "SCIZOR_MARKETDATA_PORT": str(port), "SCIZOR_LOG_LEVEL": "WARNING"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scizor.services.marketdata", env=os.environ | said
    )
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_UNLIMITED) as channel:
            async with asyncio.timeout(_START_S):
                await channel.channel_ready()
            yield channel
    finally:
        process.terminate()
        await process.wait()


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


async def _imported(storage: SqlStorage, names: list[str], run: Callable[[], Awaitable[None]]) -> float:
    """Rows a second of the fastest of a few runs, each into tables that hold no bars of these symbols."""
    return max([await _rate(run) async for _ in _emptied(storage, names)])


async def _emptied(storage: SqlStorage, names: list[str]) -> AsyncIterator[None]:
    for _ in range(_ROUNDS):
        async with storage.begin() as work:
            for one in await work.symbols.find_many(names):
                if one:
                    await work.symbols.delete(one.key)
            await work.symbols.add_missing([Instrument(name, "NASDAQ", "USD") for name in names])
        yield


async def _rate(run: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await run()
    return ROWS / (time.perf_counter() - started)


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
