"""How fast a tick reaches those who read it: one source, one hub, many streams over gRPC.

The service runs in a process of its own, with a source in it that ticks by the clock; all clients share another. What
`python -m benchmarks.live` prints is what is measured.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final, cast

import grpc
import numpy as np

from scizor.adapters.clock import SystemClock
from scizor.domain.broker import BrokerContract, ConnectionState, ConnectionStatus, DataOrigin
from scizor.domain.instruments import AssetType
from scizor.domain.live import FeedEvent, LiveInterval, MarketDataType, Quote
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.marketdata.v1 import market_data_service_pb2
from scizor.marketdata.v1.market_data_service_pb2_grpc import (
    MarketDataServiceServicer,
    MarketDataServiceStub,
    add_MarketDataServiceServicer_to_server,
)
from scizor.rpc import logs
from scizor.rpc.server import Service, run, serve
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.calls.live import LiveCalls
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.news import Line
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.use_cases import UseCases

SYMBOLS: Final = 100
LOADS: Final = ((1, 1_000), (10, 1_000), (50, 1_000), (10, 10_000))
"""Streams, each of all symbols, and ticks a second."""
_SERVICE: Final = market_data_service_pb2.DESCRIPTOR.services_by_name["MarketDataService"].full_name
_NAMES: Final = [f"S{number:03}" for number in range(SYMBOLS)]
_START_S: Final = 60
_WARM_UP_S: Final = 1.0
_MEASURE_S: Final = 3.0
_FANOUT_TICKS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One load. `conflated`: of the updates of a reader, how many a newer one overtook."""

    streams: int
    ticks_in: float
    quotes_out: float
    p50_ms: float
    p99_ms: float
    conflated: float


@dataclass(slots=True)
class _Reader:
    """What one stream saw while it was measured. `conflated`: the first and the newest count of each symbol."""

    latencies_ns: list[int] = field(default_factory=list)
    conflated: dict[str, tuple[int, int]] = field(default_factory=dict)

    def see(self, quote: pb.Quote) -> None:
        self.latencies_ns.append(time.time_ns() - quote.receive_time.ToNanoseconds())
        first, _ = self.conflated.get(quote.symbol, (quote.conflated, 0))
        self.conflated[quote.symbol] = first, quote.conflated

    @property
    def missed(self) -> int:
        """Updates that newer ones overtook."""
        return sum(newest - first for first, newest in self.conflated.values())


async def measure() -> list[Measured]:
    """Every load, one after the other."""
    return [await _load(streams, ticks_a_second) for streams, ticks_a_second in LOADS]


async def fanout_ns(streams: int = 50) -> float:
    """What a tick costs for each reader who does not keep up, ns: the hub alone, without encoding and writing."""
    source = _Ticker(0)
    hub = LiveHub(source, _Up(), SystemClock())
    with ExitStack() as subscribed:
        for _ in range(streams):
            subscribed.enter_context(hub.subscribe(await _find(_NAMES[:1])))
        quote = Quote(datetime.now(UTC), MarketDataType.LIVE, 1.0, 2.0, 1.5)
        started = time.perf_counter_ns()
        for _ in range(_FANOUT_TICKS):
            source.listeners[0](quote)
        took_ns = time.perf_counter_ns() - started
    await hub.close()
    return took_ns / _FANOUT_TICKS / streams


async def _load(streams: int, ticks_a_second: int) -> Measured:
    async with _serving(ticks_a_second) as stub:
        readers = [_Reader() for _ in range(streams)]
        started = time.perf_counter() + _WARM_UP_S
        async with asyncio.TaskGroup() as reading:
            for reader in readers:
                reading.create_task(_read(stub, reader, started))
    latencies_ms = np.concatenate([reader.latencies_ns for reader in readers]) / 1e6
    shown, missed = len(latencies_ms), sum(reader.missed for reader in readers)
    p50_ms, p99_ms = np.percentile(latencies_ms, [50, 99])
    return Measured(
        streams,
        ticks_in=(shown + missed) / streams / _MEASURE_S,
        quotes_out=shown / _MEASURE_S,
        p50_ms=float(p50_ms),
        p99_ms=float(p99_ms),
        conflated=missed / (shown + missed),
    )


async def _read(stub: Any, reader: _Reader, started: float) -> None:
    call = stub.StreamQuotes(pb.StreamQuotesRequest(symbols=_NAMES))
    async for message in call:
        now = time.perf_counter()
        if now > started + _MEASURE_S:
            call.cancel()
            return
        if now > started and message.WhichOneof("event") == "quote":
            reader.see(message.quote)


@asynccontextmanager
async def _serving(ticks_a_second: int) -> AsyncIterator[Any]:
    """A stub of a service that ticks and lives as long as the block."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    arguments = ["-m", "benchmarks.live", str(port), str(ticks_a_second)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            async with asyncio.timeout(_START_S):
                await channel.channel_ready()
            yield MarketDataServiceStub(channel)
    finally:
        process.terminate()
        await process.wait()


class _Up:
    """A connection that never fails."""

    status = ConnectionStatus(ConnectionState.READY, "benchmark", datetime.now(UTC))

    async def watch(self) -> AsyncIterator[ConnectionStatus]:
        yield self.status


class _Closed:
    """A feed that need not be given back."""

    def close(self) -> None:
        pass


class _Ticker:
    """A source that ticks symbol after symbol."""

    def __init__(self, ticks_a_second: int) -> None:
        self._ticks_a_second = ticks_a_second
        self.listeners: list[Callable[[FeedEvent], None]] = []

    def open_quotes(self, contract: BrokerContract, listener: Callable[[FeedEvent], None]) -> _Closed:
        self.listeners.append(listener)
        return _Closed()

    def open_bars(
        self, contract: BrokerContract, interval: LiveInterval, listener: Callable[[FeedEvent], None]
    ) -> _Closed:
        raise AssertionError("quotes are measured here, not bars")

    async def tick(self) -> None:
        """As many as are due, each millisecond, for ever."""
        started, ticks = time.perf_counter(), 0
        while True:
            due = int((time.perf_counter() - started) * self._ticks_a_second)
            for number in range(ticks, due) if len(self.listeners) == SYMBOLS else ():
                quote = Quote(datetime.now(UTC), MarketDataType.LIVE, 99.99, 100.01, 100.0, 300.0, 200.0, 100.0, 1e6)
                self.listeners[number % SYMBOLS](quote)
            ticks = due
            await asyncio.sleep(0.001)


class _Servicer(LiveCalls, MarketDataServiceServicer):
    """Live prices alone."""


def _contract(con_id: int) -> BrokerContract:
    name, zone = _NAMES[con_id], "America/New_York"
    origins = (DataOrigin("benchmark"),)
    kind = AssetType.STOCK
    return BrokerContract(con_id, name, "NASDAQ", "USD", "SMART", name, kind, Decimal("0.01"), zone, origins)


async def _find(symbols: Sequence[str]) -> list[Line]:
    return [Line(name, _contract(_NAMES.index(name))) for name in symbols]


async def _serve(port: int, ticks_a_second: int) -> None:
    logs.configure("WARNING")
    source, clock = _Ticker(ticks_a_second), SystemClock()
    hub = LiveHub(source, _Up(), clock)
    use_cases = cast("UseCases", SimpleNamespace(live=LiveStreams(_find, hub), clock=clock, storage=None))
    servicer = _Servicer(use_cases)  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
    ticking = asyncio.create_task(source.tick())
    service = Service(_SERVICE, add_MarketDataServiceServicer_to_server, servicer)
    await serve([service], ServerSettings(port, grace_s=0.1), on_stop=[hub.close])
    ticking.cancel()


def _report() -> None:
    print(f"fan-out: {asyncio.run(fanout_ns()):.0f} ns a tick and reader")
    for one in asyncio.run(measure()):
        print(
            f"{one.streams:3} streams of {SYMBOLS} symbols: {one.ticks_in:,.0f} ticks/s in, {one.quotes_out:,.0f} "
            f"quotes/s out, p50 {one.p50_ms:.2f} ms, p99 {one.p99_ms:.2f} ms, conflated {one.conflated:.0%}"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(_serve(int(sys.argv[1]), int(sys.argv[2])))
    else:
        _report()
