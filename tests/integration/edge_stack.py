"""The real Envoy in front of real servers, whose servicers do what the symbol's name says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx

from scizor.backtest.v1 import backtest_service_pb2 as backtest
from scizor.backtest.v1 import backtest_service_pb2_grpc as backtest_stubs
from scizor.backtest.v1.backtest_pb2 import Backtest
from scizor.domain.errors import Conflict, FieldViolation, InvalidInput, NotFound, Reason, Unavailable
from scizor.marketdata.v1 import market_data_service_pb2 as marketdata
from scizor.marketdata.v1 import market_data_service_pb2_grpc as marketdata_stubs
from scizor.marketdata.v1.quality_pb2 import ImportSummary
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.rpc.errors import to_status
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings
from scizor.services.edge.config import EdgeSettings, command, render
from scizor.type.v1.bars_pb2 import BarColumns
from scizor.type.v1.stream_pb2 import StreamEnd

MARKETDATA = "scizor.marketdata.v1.MarketDataService"
BACKTEST = "scizor.backtest.v1.BacktestService"
WIDE_TEXT = "\U0001f600" * 1000  # four bytes each as UTF-8, twelve in a trailer
ERRORS = {
    "GONE": NotFound("no symbol GONE", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": "GONE"}),
    "STALE": Conflict("the etag is stale", Reason.ETAG_STALE),
    "AWAY": Unavailable("the database is away", Reason.STORAGE_UNAVAILABLE),
    "BUG": ValueError("password=hunter2"),
    "WIDE": InvalidInput(
        WIDE_TEXT,
        Reason.FIELD_INVALID,
        metadata={"field": "x"} | {f"{n}{WIDE_TEXT}": WIDE_TEXT for n in range(100)},
        violations=[FieldViolation(WIDE_TEXT, WIDE_TEXT)] * 100,
    ),
}


@dataclass
class MarketData(marketdata_stubs.MarketDataServiceServicer):
    """Symbols by name: errors for those in ERRORS, FOREVER never answers."""

    calls: list[str] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def GetSymbol(self, request: marketdata.GetSymbolRequest, context: object) -> Any:
        self.calls.append(f"get {request.symbol}")
        await self._obey(request.symbol)
        return marketdata.GetSymbolResponse(symbol=Symbol(symbol=request.symbol))

    async def DeleteSymbol(self, request: marketdata.DeleteSymbolRequest, context: object) -> Any:
        self.calls.append(f"delete {request.symbol}")
        await self._obey(request.symbol)
        return marketdata.DeleteSymbolResponse(bars_deleted=1)

    async def CreateSymbol(self, request: marketdata.CreateSymbolRequest, context: object) -> Any:
        return marketdata.CreateSymbolResponse(symbol=request.symbol)

    async def GetBars(self, request: marketdata.GetBarsRequest, context: object) -> Any:
        rows = request.page_size
        columns = BarColumns(symbol=request.symbol, adjustment=request.adjustment, close=[1.25] * rows)
        return marketdata.GetBarsResponse(bars=columns)

    async def StreamBars(self, request: marketdata.StreamBarsRequest, context: object) -> Any:
        symbols = [request.symbol] if request.symbol else list(request.symbols)
        for sequence, symbol in enumerate(symbols, 1):
            yield marketdata.StreamBarsResponse(sequence=sequence, bars=BarColumns(symbol=symbol))
            if symbol in ERRORS:
                yield marketdata.StreamBarsResponse(sequence=sequence + 1, status=to_status(ERRORS[symbol]))
                raise ERRORS[symbol]
            await self._obey(symbol)
        yield marketdata.StreamBarsResponse(sequence=len(symbols) + 1, end=StreamEnd(message_count=len(symbols)))

    async def ImportBars(self, request_iterator: Any, context: object) -> Any:
        sizes = [len(request.data) async for request in request_iterator]
        return marketdata.ImportBarsResponse(summary=ImportSummary(rows_read=sum(sizes)))

    async def PopulateSymbols(self, request: marketdata.PopulateSymbolsRequest, context: object) -> Any:
        yield marketdata.PopulateSymbolsResponse(sequence=1, end=StreamEnd())

    async def GetHealth(self, request: marketdata.GetHealthRequest, context: object) -> Any:
        return marketdata.GetHealthResponse()

    async def _obey(self, symbol: str) -> None:
        if symbol in ERRORS:
            raise ERRORS[symbol]
        if symbol == "FOREVER":
            try:
                await asyncio.Event().wait()
            finally:
                self.left.set()


class Backtests(backtest_stubs.BacktestServiceServicer):
    async def CreateBacktest(self, request: backtest.CreateBacktestRequest, context: object) -> Any:
        return backtest.CreateBacktestResponse(backtest=request.backtest)

    async def CancelBacktest(self, request: backtest.CancelBacktestRequest, context: object) -> Any:
        return backtest.CancelBacktestResponse(backtest=Backtest(id=request.id))

    async def ListBacktests(self, request: backtest.ListBacktestsRequest, context: object) -> Any:
        return backtest.ListBacktestsResponse()


@dataclass
class Edge:
    """A running edge: `rest` is its shared port, `of` a client of another."""

    settings: EdgeSettings
    rest: httpx.AsyncClient
    channel: grpc.aio.Channel
    marketdata: MarketData

    @property
    def stub(self) -> Any:
        return marketdata_stubs.MarketDataServiceStub(self.channel)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def settings_for(marketdata_port: int, backtest_port: int) -> EdgeSettings:
    shared, *own, admin, nobody = free_ports(6)
    return EdgeSettings(
        port=shared,
        marketdata_port=own[0],
        backtest_port=own[1],
        trading_port=own[2],
        admin_port=admin,
        marketdata=f"127.0.0.1:{marketdata_port}",
        backtest=f"127.0.0.1:{backtest_port}",
        trading=f"127.0.0.1:{nobody}",
    )


async def answered(get: Callable[[], Any], status: int) -> None:
    """Waits until a GET has this status."""
    async with asyncio.timeout(15):
        while True:
            try:
                if (await get()).status_code == status:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running_envoy(settings: EdgeSettings, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    (folder / "envoy.yaml").write_text(render(settings))
    with (folder / "envoy.log").open("wb") as log:
        envoy = await asyncio.create_subprocess_exec(*command(folder / "envoy.yaml"), stdout=log, stderr=log)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=10) as client:
                await answered(lambda: client.get(f"http://127.0.0.1:{settings.admin_port}/ready"), 200)
                yield client
        finally:
            envoy.terminate()
            await envoy.wait()


@asynccontextmanager
async def running_edge(folder: Path) -> AsyncIterator[Edge]:
    """Both servers and the edge, with every route ready."""
    servicer = MarketData()  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
    backtests = Backtests()  # type: ignore[abstract]  # as above
    servers = [
        Server(
            [Service(MARKETDATA, marketdata_stubs.add_MarketDataServiceServicer_to_server, servicer)],
            ServerSettings(port=0, grace_s=0.2),
        ),
        Server(
            [Service(BACKTEST, backtest_stubs.add_BacktestServiceServicer_to_server, backtests)],
            ServerSettings(port=0, grace_s=0.2),
        ),
    ]
    settings = settings_for(*[await server.start() for server in servers])
    async with (
        running_envoy(settings, folder) as rest,
        grpc.aio.insecure_channel(f"127.0.0.1:{settings.port}") as channel,
    ):
        await answered(lambda: rest.get("/api/health"), 200)
        await answered(lambda: rest.get("/api/backtests"), 200)
        yield Edge(settings, rest, channel, servicer)
    for server in servers:
        await server.stop()
