"""What is traded, at about which prices, and who tells the services of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import grpc

from scizor.adapters.sql.storage import SqlStorage
from scizor.codec.times import to_timestamp
from scizor.domain.instruments import Instrument
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import (
    MarketDataServiceServicer,
    add_MarketDataServiceServicer_to_server,
)

START: Final = datetime(2024, 3, 14, 14, 30, tzinfo=UTC)
"""An hour into a session in New York."""
SPEED: Final = 10.0
PRICES: Final = {
    "AAPL.NASDAQ.USD": Decimal(611),
    "IBM.NYSE.USD": Decimal(436),
    "MSFT.NASDAQ.USD": Decimal(74),
    "BHP.ASX.AUD": Decimal(47),  # its exchange is closed
}
"""By reference, about as the simulated market has them then."""
_HEARTBEAT_S: Final = 2.0


async def store_symbols(dsn: str) -> None:
    """Have them listed."""
    storage = SqlStorage(dsn)
    try:
        async with storage.begin() as work:
            for reference in PRICES:
                symbol, exchange, currency = reference.split(".")
                await work.symbols.add(Instrument(symbol, exchange, currency))
    finally:
        await storage.close()


@dataclass(frozen=True, slots=True)
class Quotes:
    """Where a service of prices listens that tells one of each symbol, and keeps the stream open."""

    address: str


class _Servicer(MarketDataServiceServicer):
    async def StreamQuotes(self, request: Any, context: object) -> AsyncGenerator[pb.StreamQuotesResponse, None]:
        """The price of each, then signs of life."""
        sequence = 0
        while True:
            for symbol in request.symbols:
                sequence += 1
                yield pb.StreamQuotesResponse(
                    sequence=sequence,
                    quote=pb.Quote(
                        symbol=symbol.rpartition(".")[0],
                        receive_time=to_timestamp(datetime.now(UTC)),
                        market_data_type=pb.MARKET_DATA_TYPE_LIVE,
                        last=float(PRICES[symbol]),
                    ),
                )
            await asyncio.sleep(_HEARTBEAT_S)


@asynccontextmanager
async def quotes() -> AsyncIterator[Quotes]:
    """Serve them."""
    server = grpc.aio.server()
    servicer = _Servicer()  # type: ignore[abstract]  # mypy asks for all methods, grpc does not
    add_MarketDataServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield Quotes(f"127.0.0.1:{port}")
    finally:
        await server.stop(None)
