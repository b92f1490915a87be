"""A real server on a real socket, with a servicer small enough to be told what to do by each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import market_data_service_pb2_grpc as stubs
from scizor.marketdata.v1.quality_pb2 import ImportSummary
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings

NAME = "scizor.marketdata.v1.MarketDataService"


async def _symbol(request: pb.GetSymbolRequest) -> object:
    return pb.GetSymbolResponse(symbol=Symbol(symbol=request.symbol))


async def _bars(request: pb.StreamBarsRequest) -> AsyncIterator[object]:
    for sequence in (1, 2):
        yield pb.StreamBarsResponse(sequence=sequence, cursor=request.symbol)


@dataclass
class Told(stubs.MarketDataServiceServicer):
    """Does what its attributes say; the methods left out answer UNIMPLEMENTED."""

    symbol: Callable[[pb.GetSymbolRequest], Awaitable[object]] = _symbol
    bars: Callable[[pb.StreamBarsRequest], AsyncIterator[object]] = _bars
    imported: list[pb.ImportBarsRequest] = field(default_factory=list)

    async def GetSymbol(self, request: pb.GetSymbolRequest, context: object) -> Any:
        return await self.symbol(request)

    async def StreamBars(self, request: pb.StreamBarsRequest, context: object) -> Any:
        async for response in self.bars(request):
            yield response

    async def ImportBars(self, request_iterator: Any, context: object) -> pb.ImportBarsResponse:
        async for request in request_iterator:
            self.imported.append(request)
        return pb.ImportBarsResponse(summary=ImportSummary(rows_read=len(self.imported)))

    async def CreateSymbol(self, request: pb.CreateSymbolRequest, context: object) -> pb.CreateSymbolResponse:
        return pb.CreateSymbolResponse(symbol=request.symbol)


def _add_echo(_: object, server: grpc.aio.Server) -> None:
    """The contracts have no method that streams both ways, so one is made up."""

    async def echo(requests: AsyncIterator[pb.ImportBarsRequest], _: object) -> AsyncIterator[pb.ImportBarsRequest]:
        async for request in requests:
            yield request

    behavior: Any = echo
    handler: Any = grpc.stream_stream_rpc_method_handler(behavior, pb.ImportBarsRequest.FromString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {"Talk": handler}),))


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Waits for what nothing announces."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.002)


@dataclass
class Running:
    """A started server and one channel to it."""

    server: Server
    told: Told
    channel: grpc.aio.Channel
    port: int

    @property
    def stub(self) -> Any:
        return stubs.MarketDataServiceStub(self.channel)


Started = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def started() -> Started:
    """Starts a server with the settings given and stops it at the end."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Running]:
        told = Told()  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
        services = [
            Service(NAME, stubs.add_MarketDataServiceServicer_to_server, told),
            Service("test.Echo", _add_echo, None),
        ]
        server = Server(services, ServerSettings(port=0, grace_s=0.2, **settings))
        port = await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Running(server, told, channel, port)
        await server.stop()

    return start


@pytest.fixture
async def running(started: Started) -> AsyncIterator[Running]:
    async with started() as running:
        yield running
