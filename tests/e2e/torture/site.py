"""What there is to be tortured: a database, a simulated broker, and Trading services of which one acts at a time."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceStub
from tests.conftest import dsn_of, run_on_server
from tests.e2e.stack import free_ports, processes_with, until
from tests.e2e.storm.programs import IMPATIENT
from tests.e2e.storm.site import SOURCES
from tests.e2e.torture.instants import ARMED
from tests.e2e.torture.market import SPEED, START, Quotes, quotes, store_symbols
from tests.e2e.torture.programs import Nursery, Program, nursing

if TYPE_CHECKING:
    from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceAsyncStub

RECONCILE_EVERY_S: Final = 3
_DEMAND_WITHIN_S: Final = 5.0
_ROOM_BYTES: Final = 2 << 30
_MIGRATING: Final = asyncio.Lock()
"""Any number of processes may do so at once, but not one process twice."""


class Service(Program):
    """A Trading service and a channel to it."""

    def __init__(self, nursery: Nursery, environment: dict[str, str], log: Path) -> None:
        (port,) = free_ports(1)
        super().__init__(nursery, "trading", environment | {"SCIZOR_TRADING_PORT": str(port)}, log)
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=IMPATIENT)

    @property
    def stub(self) -> TradingServiceAsyncStub:
        """What it answers to."""
        return TradingServiceStub(self.channel)


class Gateway(Program):
    """The simulated broker; when it comes back, its market is where it would be had it stayed."""

    def __init__(self, nursery: Nursery, environment: dict[str, str], folder: Path) -> None:
        self.port, self._control = free_ports(2)
        self._began_s = time.monotonic()
        settings = environment | {
            "SCIZOR_IBSIM_PORT": str(self.port),
            "SCIZOR_IBSIM_CONTROL_PORT": str(self._control),
            "SCIZOR_IBSIM_HOME": str(folder / "ibsim"),
        }
        super().__init__(nursery, "gateway", settings, folder / "ibsim.log")
        self.killed()

    def killed(self) -> None:
        """Where the market is by now, for the next start."""
        now = START + timedelta(seconds=(time.monotonic() - self._began_s) * SPEED)
        self._environment["SCIZOR_IBSIM_CLOCK"] = f"{now.isoformat()}@{SPEED:g}"

    async def demand(self, **demand: Any) -> dict[str, Any] | None:
        """Ask for a fault; None where nobody listens."""
        with suppress(OSError, TimeoutError, ValueError):
            async with asyncio.timeout(_DEMAND_WITHIN_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._control, limit=1 << 26)
                try:
                    writer.write(json.dumps(demand).encode() + b"\n")
                    answer: dict[str, Any] = json.loads(await reader.readline())
                    return answer
                finally:
                    writer.close()
        return None


@dataclass
class Site:
    """All of it. `active`: the service that placed an order last."""

    folder: Path
    nursery: Nursery
    environment: dict[str, str]
    services: list[Service] = field(default_factory=list)
    active: Service | None = None

    def __post_init__(self) -> None:
        self.postgres = EmbeddedPostgres(self.folder)
        self.database = Program(self.nursery, "database", self.environment, self.folder / "database.log")
        self.gateway = Gateway(self.nursery, self.environment, self.folder)

    @property
    def dsn(self) -> str:
        """Of the services' database."""
        return dsn_of(self.postgres.dsn, "torture")

    @property
    def state(self) -> Path:
        """Where the broker keeps its books."""
        return self.folder / "ibsim" / "state.sqlite"

    def populate(self, services: int, prices: Quotes) -> None:
        """Start the broker and the services."""
        settings = {
            "DATABASE_URL": self.dsn,
            "IBKR_PORT": str(self.gateway.port),
            "SCIZOR_TRADING_MARKETDATA": prices.address,
            "SCIZOR_TRADING_RECONCILE_EVERY_S": str(RECONCILE_EVERY_S),
        }
        for place in range(services):
            log = self.folder / f"trading-{place}.log"
            self.services.append(Service(self.nursery, self.environment | settings, log))
        for program in (self.gateway, *self.services):
            program.start()

    async def kill_database(self) -> None:
        """The whole of PostgreSQL, by its first process, as soon as it runs."""
        while (pid := self.postgres.pid) is None:  # noqa: ASYNC110 - what is waited for is elsewhere
            await asyncio.sleep(0.02)
        with suppress(ProcessLookupError):
            os.kill(pid, 9)

    async def kill_at(self, instant: str, skip: int) -> None:
        """Whichever service comes to that instant for the time after so many kills itself; until one has."""
        armed = self.folder / ARMED
        armed.with_suffix(".new").write_text(f"{instant} {skip}")
        armed.with_suffix(".new").rename(armed)
        while armed.exists():  # noqa: ASYNC110 - what is waited for is elsewhere
            await asyncio.sleep(0.01)

    async def stop_trading(self) -> None:
        """Stop the services, then the broker: what they know by then is all that there will be to know."""
        await asyncio.gather(*(service.stop() for service in self.services))
        await self.gateway.stop()

    async def end(self) -> None:
        """Stop all of it."""
        await self.stop_trading()
        await asyncio.gather(*(service.channel.close() for service in self.services))
        await self.database.stop()
        await asyncio.to_thread(self.postgres.stop)

    def processes(self) -> list[int]:
        """All that carry this site's mark."""
        return processes_with(str(self.folder))


@asynccontextmanager
async def site(services: int = 2) -> AsyncIterator[Site]:
    """A system on an empty database."""
    folder = _folder()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCIZOR_", "DATABASE_"))}
    environment = kept | {"PYTHONPATH": SOURCES, "HOME": str(folder), "SCIZOR_HOME": str(folder)}
    async with (
        nursing(environment, folder / "nursery.log") as nursery,
        _peopled(Site(folder, nursery, environment), services) as made,
    ):
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _peopled(made: Site, services: int) -> AsyncIterator[Site]:
    try:
        made.database.start()
        await asyncio.to_thread(until, made.postgres.is_running, "the database answers")
        await run_on_server(made.postgres.dsn, "CREATE DATABASE torture TEMPLATE template0")
        async with _MIGRATING:
            await migrate(made.dsn)
        await store_symbols(made.dsn)
        async with quotes() as prices:
            made.populate(services, prices)
            yield made
            await made.stop_trading()
    finally:
        await made.end()


def _folder() -> Path:
    """One that the other user, as whom root has the database run, can reach; in memory where there is room.

    `kill -9` takes nothing of what was written, synced or not: for the disk nothing is waited for but time.
    """
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="scizor-torture-", dir=memory if roomy else None))
    folder.chmod(0o755)
    return folder
