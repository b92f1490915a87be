"""MarketData on a real server over a real database, with a broker by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import grpc

from scizor.adapters.bus import MemoryBus
from scizor.adapters.sql.dsn import driver_dsn
from scizor.domain.broker import BrokerContract, FailureCategory
from scizor.domain.collections import Collection
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import SessionRange
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from scizor.ports.storage import Storage
from scizor.rpc.server import Server
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.assembly import Choices, MarketData, Outside
from scizor.services.marketdata.collection.settings import CollectionSettings
from tests.fakes.broker import FakeBroker
from tests.integration.marketdata_server import calendar

if TYPE_CHECKING:
    from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceAsyncStub

DEADLINE_S = 30.0
# A Wednesday: 17:00 in New York, 09:00 of the next day in Sydney.
NOW = datetime(2024, 1, 31, 22, tzinfo=UTC)
QUICK = CollectionSettings(
    ready_wait_s=0.1,
    batch_s=0.01,
    storage_retry_s=0.02,
    backoff_s=dict.fromkeys(FailureCategory, 0.01),
    watch_heartbeat_s=0.2,
)


class TickingClock:
    """Runs from NOW on."""

    def __init__(self) -> None:
        self._behind = datetime.now(UTC) - NOW

    def now(self) -> datetime:
        return datetime.now(UTC) - self._behind


@dataclass
class Collecting:
    """A running service, its broker and its storage."""

    stub: MarketDataServiceAsyncStub
    broker: FakeBroker
    storage: Storage

    async def add(self, *symbols: str, exchange: str = "NASDAQ", currency: str = "USD", **listing: Any) -> None:
        """Store symbols that the broker knows."""
        for symbol in symbols:
            self.broker.list(symbol, exchange, currency, **listing)
            async with self.storage.begin() as work:
                await work.symbols.add(Instrument(symbol, exchange, currency))

    def contract(self, symbol: str) -> BrokerContract:
        """The broker's."""
        return next(one.contract for one in self.broker.listings if one.contract.symbol == symbol)

    async def get(self, collection_id: str) -> pb.Collection:
        """The collection as it stands."""
        answer = await self.stub.GetCollection(pb.GetCollectionRequest(id=collection_id), timeout=DEADLINE_S)
        return answer.collection

    async def until(self, collection_id: str, holds: Callable[[pb.CollectionProgress], bool]) -> pb.Collection:
        """The collection as soon as something holds of it."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds((found := await self.get(collection_id)).progress):  # noqa: ASYNC110 - a row tells nothing
                await asyncio.sleep(0.01)
        return found

    async def sessions(self, symbol: str) -> list[int]:
        """Days of all stored bars."""
        async with self.storage.begin() as work:
            days: list[int] = (await work.bars.days(await work.symbols.get(symbol), SessionRange())).tolist()
        return days


@asynccontextmanager
async def collecting(
    storage: Storage, broker: FakeBroker | None = None, settings: CollectionSettings = QUICK
) -> AsyncIterator[Collecting]:
    """Serve on a port of the system's choice."""
    clock = TickingClock()
    broker = broker or FakeBroker(clock, calendar())
    bus: MemoryBus[Collection] = MemoryBus()
    market_data = MarketData(
        Outside(storage, broker, calendar(), clock, bus, {}), Choices(collections=settings), "test"
    )
    server = Server([market_data.service], ServerSettings(port=0, grace_s=0.5))
    port = await server.start()
    market_data.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Collecting(MarketDataServiceStub(channel), broker, storage)
    finally:
        await market_data.stop()
        await server.stop()


async def drained(call: Any) -> list[Any]:
    """Every message of a stream."""
    return [message async for message in call]


def expected(exchange: str, first: date, last: date) -> list[int]:
    """Session days by the real calendar."""
    days: list[int] = calendar().sessions(exchange, first, last).tolist()
    return days


async def execute(dsn: str, *commands: str) -> None:
    """Run commands as the database's owner."""
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        for command in commands:
            await connection.execute(command)
    finally:
        await connection.close()


async def query(dsn: str, statement: str) -> Sequence[Any]:
    """Rows."""
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        found: Sequence[Any] = await connection.fetch(statement)
        return found
    finally:
        await connection.close()


DISK_FULL = (
    "CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
    "CREATE TRIGGER disk_full BEFORE INSERT ON daily_prices FOR EACH STATEMENT EXECUTE FUNCTION disk_is_full()",
)
DISK_FREE = ("DROP TRIGGER IF EXISTS disk_full ON daily_prices",)


async def holds_soon(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for tells nothing
            await asyncio.sleep(0.01)
