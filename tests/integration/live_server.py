"""A server of live prices over a fake broker, and the strings behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import grpc

from scizor.domain.broker import BrokerContract
from scizor.domain.instruments import Instrument
from scizor.domain.live import Quote
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import (
    MarketDataServiceServicer,
    MarketDataServiceStub,
    add_MarketDataServiceServicer_to_server,
)
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.calls.live import LiveCalls
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.lines import LineFinder
from scizor.services.marketdata.live.settings import LiveSettings
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.symbols.contracts import Contracts
from scizor.services.marketdata.use_cases import UseCases
from tests.fakes.broker import FakeBroker, HandClock
from tests.fakes.storage import FakeStorage
from tests.integration.edge_stack import MARKETDATA

if TYPE_CHECKING:
    from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceAsyncStub

WITHIN_S = 10


class Servicer(LiveCalls, MarketDataServiceServicer):
    """Live prices alone."""


class Live:
    """A server of live prices and the strings behind it."""

    def __init__(self, settings: LiveSettings) -> None:
        self.clock = HandClock()
        self.broker, self.storage = FakeBroker(self.clock, deadline_s=0.05), FakeStorage()
        self.hub = LiveHub(self.broker.quotes, self.broker.connection, self.clock, settings)
        contracts = Contracts(self.storage, self.broker.contracts, self.clock)
        live = LiveStreams(LineFinder(self.storage, contracts).find, self.hub)
        use_cases = cast("UseCases", SimpleNamespace(live=live, clock=self.clock, storage=self.storage))
        servicer = Servicer(use_cases)  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
        service = Service(MARKETDATA, add_MarketDataServiceServicer_to_server, servicer)
        self.server = Server([service], ServerSettings(port=0, grace_s=1.0))
        self.port = 0
        self.stub: MarketDataServiceAsyncStub

    async def list(self, symbol: str) -> BrokerContract:
        """Known to the broker and stored."""
        await self.store(symbol)
        return self.broker.list(symbol)

    async def store(self, symbol: str) -> None:
        async with self.storage.begin() as work:
            await work.symbols.add(Instrument(symbol, "NASDAQ", "USD"))

    def push(self, contract: BrokerContract, last: float) -> None:
        self.broker.push_quote(contract, Quote(self.clock.now(), last=last))

    def quotes(self, *symbols: str) -> Any:
        return self.stub.StreamQuotes(pb.StreamQuotesRequest(symbols=symbols))

    async def quiet(self) -> None:
        """Until no feed is open."""
        await until(lambda: not self.broker.quotes.feeds)


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[Live]:
    live = Live(LiveSettings(**({"linger_s": 0.02, "heartbeat_s": 60.0} | limits)))
    live.port = await live.server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{live.port}") as channel:
            live.stub = MarketDataServiceStub(channel)
            yield live
    finally:
        await live.hub.close()
        await live.server.stop()


async def take(call: Any, count: int) -> list[Any]:
    """The next messages."""
    async with asyncio.timeout(WITHIN_S):
        return [await anext(call) for _ in range(count)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - a feed that closes tells nobody
            await asyncio.sleep(0.005)
