"""What is there to be killed: a database, Backtest services with all that they start, and on demand a Dask cluster."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from tests.conftest import dsn_of, run_on_server
from tests.e2e.stack import free_ports, processes_with, until
from tests.e2e.storm.programs import ROOT, Program, Service

SOURCES = os.pathsep.join(str(ROOT / part) for part in ("shared", "services", "clients", "protos/gen", "."))
LEASE_S = 3
_ENDS_WITHIN_S = 10.0
_LOOKS_S = 3.0
WORKER, WARDEN = "scizor.adapters.compute.worker", "scizor.adapters.sandbox.warden"


@dataclass
class Site:
    """A running system whose parts can be hit. Each hit says what it hit, or nothing where there was nothing to hit."""

    folder: Path
    environment: dict[str, str]
    services: list[Service] = field(default_factory=list)
    cluster: list[Program] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.postgres = EmbeddedPostgres(self.folder)
        self.database = self._program("database", "tests.e2e.storm.database", str(self.folder))

    @property
    def dsn(self) -> str:
        """Of the services' database."""
        return dsn_of(self.postgres.dsn, "storm")

    def populate(self, services: int, dask_workers: int) -> None:
        """Start that many, where there are Dask workers with their scheduler."""
        settings = {
            "DATABASE_URL": self.dsn,
            "SCIZOR_HOME": str(self.folder),
            "SCIZOR_BACKTEST_LEASE_S": str(LEASE_S),
            "SCIZOR_BACKTEST_MAX_JOBS": "2",
            "SCIZOR_BACKTEST_WORKERS": "1",
        }
        if dask_workers:
            port = str(free_ports(1)[0])
            settings["SCIZOR_COMPUTE"] = address = f"tcp://127.0.0.1:{port}"
            common = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
            scheduler = self._program("scheduler", "distributed.cli.dask_scheduler", "--port", port, *common)
            words = ("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1", *common)
            workers = [self._program(f"worker-{place}", *words) for place in range(dask_workers)]
            self.cluster += [scheduler, *workers]
        for place in range(services):
            log = self.folder / f"service-{place}.log"
            self.services.append(Service(self.environment | settings, log))
        for program in (*self.cluster, *self.services):
            program.start()

    async def end(self) -> None:
        """Stop all of it."""
        await asyncio.gather(*(service.stop() for service in self.services))
        # A worker that is asked to end waits for its scheduler, which may be gone.
        await asyncio.gather(*(program.stop(signal.SIGKILL) for program in self.cluster))
        await asyncio.gather(*(service.channel.close() for service in self.services))
        await self.database.stop()
        await asyncio.to_thread(self.postgres.stop)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def kill_service(self, chance: random.Random) -> str:
        """One service."""
        place = chance.randrange(len(self.services))
        await self.services[place].kill(chance.uniform(0.0, 1.0))
        return f"service {place}"

    async def kill_database(self, chance: random.Random) -> str:
        """The whole of PostgreSQL, by its first process."""
        async with self.database.down(chance.uniform(0.0, 0.5)):
            self._kill(self.postgres.pid)
        return "database"

    async def kill_connection(self, chance: random.Random) -> str:
        """One of PostgreSQL's processes that serve a connection: it then ends all others, and recovers."""
        return await self._kill_one(chance, "connection", self._connections)

    async def kill_worker(self, chance: random.Random) -> str:
        """A process that runs trials."""
        return await self._kill_one(chance, "worker", lambda: self._theirs(WORKER))

    async def kill_warden(self, chance: random.Random) -> str:
        """What starts the processes of uploaded code."""
        return await self._kill_one(chance, "warden", self._wardens)

    async def kill_locked(self, chance: random.Random) -> str:
        """A process that runs uploaded code."""
        return await self._kill_one(chance, "locked", self._locked)

    async def kill_scheduler(self, chance: random.Random) -> str:
        """Dask's scheduler, with all that it knows."""
        await self.cluster[0].kill(chance.uniform(0.0, 1.0))
        return "scheduler"

    async def kill_dask_worker(self, chance: random.Random) -> str:
        """One of Dask's workers."""
        place = chance.randrange(1, len(self.cluster))
        await self.cluster[place].kill(chance.uniform(0.0, 1.0))
        return f"dask worker {place}"

    async def orphans(self) -> list[str]:
        """Processes whose parent is gone, after a moment in which they may end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN_S):
                while self._orphans():  # noqa: ASYNC110 - processes have no events
                    await asyncio.sleep(0.05)
        return self._orphans()

    def processes(self) -> list[int]:
        """All that carry this site's mark, or were started for one that did."""
        return processes_with(str(self.folder))

    def _program(self, name: str, *words: str) -> Program:
        return Program(words, self.environment, self.folder / f"{name}.log")

    def _orphans(self) -> list[str]:
        ours = self.processes()
        parents = {pid: _parent(pid) for pid in ours}
        return [_command(pid) for pid, parent in parents.items() if parent not in {None, os.getpid(), *ours}]

    def _connections(self) -> list[psutil.Process]:
        return [one for one in _children(self.postgres.pid) if "[local]" in _command(one.pid)]

    def _wardens(self) -> list[psutil.Process]:
        return self._theirs(WARDEN)

    def _locked(self) -> list[psutil.Process]:
        return [child for warden in self._wardens() for child in _children(warden.pid)]

    def _theirs(self, module: str) -> list[psutil.Process]:
        """What the services have started of that module."""
        return [one for service in self.services for one in _children(service.pid) if module in _command(one.pid)]

    async def _kill_one(self, chance: random.Random, name: str, find: Callable[[], list[psutil.Process]]) -> str:
        """As soon as there is one; nothing where there is none for long."""
        draw = chance.random()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKS_S):
                while not (found := find()):  # noqa: ASYNC110 - processes have no events
                    await asyncio.sleep(0.01)
                self._kill(sorted(one.pid for one in found)[int(draw * len(found))])
                return name
        return ""

    @staticmethod
    def _kill(pid: int | None) -> None:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def site(services: int = 2, dask_workers: int = 0) -> AsyncIterator[Site]:
    """A system that serves, on an empty database."""
    folder = _folder()
    made = Site(folder, _environment(folder))
    try:
        made.database.start()
        await asyncio.to_thread(until, made.postgres.is_running, "the database answers")
        server = made.postgres.dsn
        await run_on_server(server, "CREATE DATABASE storm TEMPLATE template0")
        await migrate(made.dsn)
        made.populate(services, dask_workers)
        await asyncio.gather(*(service.serves() for service in made.services))
        yield made
    finally:
        await made.end()


def _folder() -> Path:
    """One that the other users, as whom root has the database and uploaded code run, can reach."""
    folder = Path(tempfile.mkdtemp(prefix="scizor-storm-"))
    folder.chmod(0o755)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    """What all see. HOME reaches every process that a service starts, so it is the mark that they are known by."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCIZOR_", "DATABASE_"))}
    return kept | {"PYTHONPATH": SOURCES, "HOME": str(folder)}


def _children(pid: int | None) -> list[psutil.Process]:
    if pid is None:
        return []
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children()
    return []


def _parent(pid: int) -> int | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).ppid()
    return None


def _command(pid: int) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(psutil.Process(pid).cmdline())
    return ""
