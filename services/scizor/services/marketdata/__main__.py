"""`python -m scizor.services.marketdata`: the one place that picks the adapters the service runs on."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import PackageNotFoundError, version

from pydantic import ValidationError

from scizor.adapters import files
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.sql.embedded import EmbeddedPostgres, home_directory
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import PoolSettings, SqlStorage
from scizor.domain.errors import ScizorError
from scizor.marketdata.v1.market_data_service_pb2_grpc import add_MarketDataServiceServicer_to_server
from scizor.ports.storage import Storage
from scizor.rpc import logs
from scizor.rpc.server import Service, run, serve
from scizor.rpc.settings import ServerSettings
from scizor.services.marketdata.coverage import CoverageReport
from scizor.services.marketdata.gathering import ImportLimits
from scizor.services.marketdata.imports import Imports
from scizor.services.marketdata.intake import FileFormat, Intake
from scizor.services.marketdata.servicer import SERVICE, MarketDataServicer, UseCases
from scizor.services.marketdata.settings import MarketDataSettings


def service(storage: Storage, calendar: ExchangeSessions, limits: ImportLimits) -> Service:
    """The service over this storage."""
    clock = SystemClock()
    intake = Intake({FileFormat.CSV: files.read_csv, FileFormat.PARQUET: files.read_parquet}, limits)
    imports = Imports(storage, calendar, clock, intake, limits)
    use_cases = UseCases(storage, imports, CoverageReport(calendar, clock), clock, _version())
    return Service(SERVICE, add_MarketDataServiceServicer_to_server, MarketDataServicer(use_cases))


async def main(settings: MarketDataSettings) -> None:
    """Serve until told to stop."""
    dsn = settings.database_url
    if dsn is None:
        dsn = await asyncio.to_thread(_embedded_database, settings)
    await migrate(dsn)
    storage = SqlStorage(dsn, PoolSettings(size=settings.database_connections))
    calendar = ExchangeSessions(SystemClock())
    warming = asyncio.create_task(asyncio.to_thread(_warm, calendar))
    await serve(
        [service(storage, calendar, settings.import_limits)],
        ServerSettings(port=settings.port, host=settings.bind_host),
        on_stop=[storage.close, lambda: warming],
    )


def _warm(calendar: ExchangeSessions) -> None:
    """Load what the first import would wait a second for; calls that need none of it are answered meanwhile."""
    calendar.warm()
    files.warm()


def _embedded_database(settings: MarketDataSettings) -> str:
    """The DSN of the home's server, which every service of the home shares and which therefore outlives this one."""
    return EmbeddedPostgres(settings.home or home_directory(os.environ)).start()


def _version() -> str:
    try:
        return version("scizor")
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    try:
        chosen = MarketDataSettings()
        logs.configure(chosen.log_level)
        run(main(chosen))
    except (ScizorError, OSError, ValidationError) as error:
        sys.exit(str(error))
