"""`python -m scizor.services.trading`: the one place that decides which adapters the service runs on."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from typing import Final

import structlog

from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbOrderBroker
from scizor.adapters.marketdata import MarketDataPrices
from scizor.adapters.sandbox import LockedSandbox, SandboxSettings
from scizor.adapters.sql.journal import SqlJournal
from scizor.adapters.sql.leases import SqlLeases
from scizor.adapters.sql.storage import PoolSettings, SqlStorage
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.rpc.readiness import Readiness
from scizor.rpc.server import Service, serve
from scizor.services.research.live_talk import WARM
from scizor.services.setup import database, start
from scizor.services.trading.assembly import Choices, House, Ports
from scizor.services.trading.servicer import TradingServicer
from scizor.services.trading.settings import TradingSettings
from scizor.trading.v1 import trading_service_pb2
from scizor.trading.v1.trading_service_pb2_grpc import add_TradingServiceServicer_to_server

NAME = trading_service_pb2.DESCRIPTOR.services_by_name["TradingService"].full_name

_FIRST_UID: Final = 65_300  # beyond those of the Backtest service, should both be root on one machine

_log = structlog.get_logger(__name__)


async def main(settings: TradingSettings) -> None:
    """Serve, and act for the accounts of the connection while it is ours, until told to stop."""
    dsn = await database(settings)
    storage = SqlStorage(dsn, PoolSettings(size=settings.database_connections))
    journal, leases, clock = SqlJournal(dsn), SqlLeases(dsn), SystemClock()
    calendar = ExchangeSessions(clock)
    calendar.warm()
    broker = IbOrderBroker(settings.broker, clock, settings.orders)
    live = MarketDataPrices.at(settings.marketdata)

    def fresh_id() -> str:
        return new_id(int(clock.now().timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))

    seat = f"broker:{settings.ibkr_host}:{settings.ibkr_port}/{settings.client_id}"
    sandbox = LockedSandbox(
        SandboxSettings(preload=(WARM,), allow_weaker=settings.allow_weaker_sandbox, first_uid=_FIRST_UID)
    )
    ports = Ports(storage, journal, leases, broker, broker, live, calendar, clock, sandbox, fresh_id, seat, _owner())
    readiness = Readiness()
    house = House(ports, Choices(settings.reconcile_every_s, settings.heartbeat_s), readiness.set)
    servicer = TradingServicer(house.use_cases)
    running = asyncio.create_task(house.run())
    running.add_done_callback(_told)

    async def stop() -> None:
        running.cancel()
        await asyncio.wait([running])
        await house.close()
        await sandbox.close()
        await broker.stop()
        await live.close()
        await journal.close()
        await storage.close()

    service = Service(NAME, add_TradingServiceServicer_to_server, servicer, servicer.drain, readiness)
    figures = house.figures(lambda: readiness.ready)
    await serve([service], settings.server(settings.port), on_stop=[stop], figures=figures)


def _told(running: asyncio.Task[None]) -> None:
    """A defect that ends all acting is not to pass in silence."""
    if not running.cancelled() and (error := running.exception()):
        _log.error("acting_ended", exc_info=error)


def _owner() -> str:
    """A name that tells a reader of the table where to look."""
    return f"{socket.gethostname()}:{os.getpid()}"


if __name__ == "__main__":
    start(TradingSettings, main)
