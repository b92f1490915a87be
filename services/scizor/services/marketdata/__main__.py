"""`python -m scizor.services.marketdata`: the one place that picks the adapters the service runs on."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version

from scizor.adapters import files
from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbBroker
from scizor.rpc.server import serve
from scizor.services.marketdata.assembly import MarketData, Outside
from scizor.services.marketdata.imports.intake import FileFormat
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.setup import open_storage, start

READERS = {FileFormat.CSV: files.read_csv, FileFormat.PARQUET: files.read_parquet}


async def main(settings: MarketDataSettings) -> None:
    """Serve, collect and keep the broker's connection until told to stop."""
    clock = SystemClock()
    storage, calendar, broker = await open_storage(settings), ExchangeSessions(clock), IbBroker(settings.broker, clock)
    market_data = MarketData(
        Outside(storage, broker, calendar, clock, MemoryBus(), READERS), settings.choices, _version()
    )
    await broker.start()
    market_data.start()
    warming = asyncio.create_task(asyncio.to_thread(_warm, calendar))
    await serve(
        [market_data.service],
        settings.server(settings.port),
        on_stop=[market_data.stop, broker.stop, storage.close, lambda: warming],
        figures=market_data.figures,
    )


def _warm(calendar: ExchangeSessions) -> None:
    """Load what the first import would wait a second for; calls that need none of it are answered meanwhile."""
    calendar.warm()
    files.warm()


def _version() -> str:
    try:
        return version("scizor")
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    start(MarketDataSettings, main)
