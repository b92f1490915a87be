"""MarketData on a real server over a real database, and what tests say to it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.domain.broker import BrokerContract
from scizor.domain.instruments import Instrument
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import symbol_pb2
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from scizor.ports.storage import Storage
from scizor.rpc.server import Server
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.__main__ import READERS
from scizor.services.marketdata.assembly import Choices, MarketData, Outside
from scizor.services.marketdata.imports.gathering import ImportLimits
from tests.fakes.broker import FakeBroker
from tests.fakes.broker_ports import FakeDirectory

if TYPE_CHECKING:
    from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceAsyncStub

    Stub = MarketDataServiceAsyncStub

HEAD = "date,open,high,low,close,volume\n"
Code = grpc.StatusCode
SESSIONS = ("2010-01-04", "2010-01-05", "2010-01-06", "2010-01-07", "2010-01-08", "2010-01-11")


@cache
def calendar() -> ExchangeSessions:
    """One for all tests: loading takes a second."""
    return ExchangeSessions(SystemClock())


class ObligingDirectory(FakeDirectory):
    """One contract of whatever it is asked about."""

    def __init__(self, broker: FakeBroker) -> None:
        super().__init__(broker)
        self._list = broker.list

    async def find(self, instrument: Instrument) -> Sequence[BrokerContract]:
        found = await super().find(instrument)
        return found or [self._list(instrument.symbol, instrument.primary_exchange, instrument.currency)]


def obliging_broker() -> FakeBroker:
    """A broker that knows whatever it is asked about."""
    broker = FakeBroker(SystemClock(), calendar())
    broker.contracts = ObligingDirectory(broker)
    return broker


@asynccontextmanager
async def serving(
    storage: Storage, limits: ImportLimits | None = None, broker: FakeBroker | None = None, **choices: Any
) -> AsyncIterator[Stub]:
    """A stub of a server that lives as long as the block. Without a broker of the test's it has an obliging one."""
    outside = Outside(storage, broker or obliging_broker(), calendar(), SystemClock(), MemoryBus(), READERS)
    market_data = MarketData(outside, Choices(imports=limits or ImportLimits(), stream_reads=2, **choices), "test")
    server = Server([market_data.service], ServerSettings(port=0, grace_s=1.0))
    port = await server.start()
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
            yield MarketDataServiceStub(channel)
    finally:
        await market_data.stop()
        await server.stop()


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The machine-readable cause of an error."""
    return str(info_of(rpc_status.from_call(error)).reason)


def metadata_of(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """The values that an error tells of."""
    return dict(info_of(rpc_status.from_call(error)).metadata)


def info_of(status: Any) -> Any:
    """The ErrorInfo among a status's details."""
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info
    raise AssertionError(status)


async def create(
    stub: Stub, symbol: str = "AAPL", exchange: str = "NASDAQ", currency: str = "USD"
) -> pb.CreateSymbolResponse:
    """Store a symbol."""
    message = symbol_pb2.Symbol(symbol=symbol, primary_exchange=exchange, currency=currency)
    return await stub.CreateSymbol(pb.CreateSymbolRequest(symbol=message))


def header(symbol: str = "AAPL", *, request_id: str = "", fraction: float | None = None) -> pb.ImportBarsRequest:
    """The first message of a CSV import."""
    return pb.ImportBarsRequest(
        header=pb.ImportBarsHeader(
            symbol=symbol,
            source="test:file",
            format=pb.FILE_FORMAT_CSV,
            request_id=request_id,
            max_rejected_fraction=fraction,
        )
    )


def csv_of(days: Iterable[str], bar: str = "10,11,9,10.5,100") -> str:
    """A file of equal bars."""
    return HEAD + "".join(f"{day},{bar}\n" for day in days)


async def import_csv(
    stub: Stub, content: str | bytes, symbol: str = "AAPL", *, request_id: str = "", fraction: float | None = None
) -> pb.ImportBarsResponse:
    """Import a file in pieces."""
    data = content.encode() if isinstance(content, str) else content

    async def messages() -> AsyncIterator[pb.ImportBarsRequest]:
        yield header(symbol, request_id=request_id, fraction=fraction)
        for start in range(0, len(data), 1 << 20):
            yield pb.ImportBarsRequest(data=data[start : start + (1 << 20)])

    return await stub.ImportBars(messages())


@asynccontextmanager
async def unharmed(storage: Storage) -> AsyncIterator[Stub]:
    """A server with AAPL and its six bars; whatever a test does, it must still serve exactly those."""
    async with serving(storage, ImportLimits(file_bytes=1 << 20, rows=1000, rejected_rows=100)) as stub:
        await create(stub)
        await import_csv(stub, csv_of(SESSIONS))
        yield stub
        await demand_whole(stub)


async def demand_whole(stub: Stub) -> None:
    """It serves, and AAPL has its six bars."""
    bars = (await stub.GetBars(pb.GetBarsRequest(symbol="AAPL"))).bars
    assert len(bars.session_date) == len(SESSIONS)
    assert (await stub.GetHealth(pb.GetHealthRequest())).serving


async def refused(call: Awaitable[object], code: grpc.StatusCode, reason: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call
    assert (refusal.value.code(), reason_of(refusal.value)) == (code, reason)
    return refusal.value


async def drained(stream: AsyncIterable[Any]) -> list[Any]:
    return [message async for message in stream]


async def sent(*messages: pb.ImportBarsRequest) -> AsyncIterator[pb.ImportBarsRequest]:
    for message in messages:
        yield message
