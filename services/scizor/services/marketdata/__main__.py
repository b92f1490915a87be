"""`python -m scizor.services.marketdata`: the one place that picks the adapters the service runs on."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version

from scizor.adapters import files
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.marketdata.v1.market_data_service_pb2_grpc import add_MarketDataServiceServicer_to_server
from scizor.ports.storage import Storage
from scizor.rpc.server import Service, serve
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.bars import BarStreams
from scizor.services.marketdata.coverage import CoverageReport
from scizor.services.marketdata.gathering import ImportLimits
from scizor.services.marketdata.imports import Imports
from scizor.services.marketdata.intake import FileFormat, Intake
from scizor.services.marketdata.servicer import SERVICE, MarketDataServicer
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.marketdata.use_cases import UseCases
from scizor.services.setup import open_storage, start


def service(storage: Storage, calendar: ExchangeSessions, limits: ImportLimits, stream_reads: int = 5) -> Service:
    """The service over this storage; `stream_reads`: connections that all streams together may read with."""
    clock = SystemClock()
    intake = Intake({FileFormat.CSV: files.read_csv, FileFormat.PARQUET: files.read_parquet}, limits)
    imports = Imports(storage, calendar, clock, intake, limits)
    streams = BarStreams(storage, stream_reads)
    use_cases = UseCases(storage, imports, CoverageReport(calendar, clock), streams, clock, _version())
    return Service(SERVICE, add_MarketDataServiceServicer_to_server, MarketDataServicer(use_cases))


async def main(settings: MarketDataSettings) -> None:
    """Serve until told to stop."""
    storage = await open_storage(settings)
    calendar = ExchangeSessions(SystemClock())
    warming = asyncio.create_task(asyncio.to_thread(_warm, calendar))
    await serve(
        [service(storage, calendar, settings.import_limits, settings.database_connections // 2)],
        ServerSettings(port=settings.port, host=settings.bind_host),
        on_stop=[storage.close, lambda: warming],
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
