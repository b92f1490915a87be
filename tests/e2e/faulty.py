"""A collection over the real socket while everything around it fails: what may happen, and what must hold after it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.instruments import Instrument
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceStub
from scizor.services.marketdata.symbols.universe import universe
from tests.conftest import dsn_of, run_on_server
from tests.e2e.stack import free_ports
from tests.integration.collecting import DISK_FREE, DISK_FULL, execute, query
from tests.integration.marketdata_server import calendar

ROOT = Path(__file__).parents[2]
SERVICE = "scizor.marketdata.v1.MarketDataService"
FIRST, LAST = date(2013, 1, 2), date(2025, 12, 31)
SYMBOLS = 12
FAULTS_S = 3.0
DEADLINE_S = 90.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens `at_s` into the collection and lasts `seconds`."""

    at_s: float
    kind: str
    seconds: float


class Process:
    """A child that is started anew as often as a test likes."""

    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self._module, self._environment, self._log = module, environment, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin; it may end by itself when what it needs is away."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, env={**self._environment}, cwd=ROOT, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._process is not None:
            await self._process.wait()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None


@dataclass
class Site:
    """A database, a simulated gateway and the service, each a process that can be hit."""

    folder: Path
    postgres: EmbeddedPostgres
    dsn: str
    ports: list[int] = field(default_factory=lambda: free_ports(3))

    def __post_init__(self) -> None:
        source = os.pathsep.join(str(ROOT / part) for part in ("shared", "services", "clients", "protos/gen"))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("SCIZOR_", "DATABASE_", "IBKR_"))
        }
        common = kept | {"PYTHONPATH": source + os.pathsep + str(ROOT), "SCIZOR_HOME": str(self.folder)}
        gateway, control, service = (str(port) for port in self.ports)
        self.gateway = Process(
            "scizor.services.ibsim",
            common
            | {
                "SCIZOR_IBSIM_PORT": gateway,
                "SCIZOR_IBSIM_CONTROL_PORT": control,
                "SCIZOR_IBSIM_HISTORY_LATENCY_MS": "400",
            },
            self.folder / "ibsim.log",
        )
        self.service = Process(
            "tests.e2e.quick_service",
            common | {"DATABASE_URL": self.dsn, "SCIZOR_MARKETDATA_PORT": service, "IBKR_PORT": gateway},
            self.folder / "service.log",
        )

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        """To the service, as soon as it serves; one that could not start is started again."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.ports[2]}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    if not self.service.runs:
                        await self.service.start()
                    try:
                        await health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=1.0)
                    except grpc.aio.AioRpcError:
                        await asyncio.sleep(0.1)
                    else:
                        break
            yield channel

    async def collect(self) -> pb.Collection:
        """A collection of all symbols' past, just begun."""
        request = pb.CollectHistoryRequest(start=str(FIRST), end=str(LAST))
        async with self.channel() as channel, asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    answer = await anext(aiter(MarketDataServiceStub(channel).CollectHistory(request)))
                except grpc.aio.AioRpcError as error:  # the broker may not be ready yet
                    if error.code() is not grpc.StatusCode.UNAVAILABLE:
                        raise
                else:
                    found: pb.Collection = answer.collection
                    return found

    async def ended(self, collection_id: str) -> pb.GetCollectionResponse:
        """The collection with its ledger, once it has ended."""
        request = pb.GetCollectionRequest(id=collection_id, page_size=10_000)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                async with self.channel() as channel:
                    stub = MarketDataServiceStub(channel)
                    try:
                        answer = await stub.GetCollection(request, timeout=5.0)
                    except grpc.aio.AioRpcError:
                        continue
                    if answer.collection.progress.state > pb.COLLECTION_STATE_RUNNING:
                        return answer
                await asyncio.sleep(0.1)

    async def demand(self, **demand: Any) -> None:
        """A fault of the gateway's; one that is away cannot have any."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[1])
        except OSError:
            return
        writer.write(json.dumps(demand).encode() + b"\n")
        answer = json.loads(await reader.readline() or '{"ok": true}')
        writer.close()
        assert answer["ok"], answer

    async def kill_service(self, seconds: float) -> None:
        await self.service.kill()
        await asyncio.sleep(seconds / 4)
        await self.service.start()

    async def kill_gateway(self, seconds: float) -> None:
        await self.gateway.kill()
        await asyncio.sleep(seconds)
        await self.gateway.start()

    async def restart_database(self, seconds: float) -> None:
        await asyncio.to_thread(self.postgres.stop)
        await asyncio.sleep(seconds / 2)
        self.postgres.start(die_with_parent=True)  # of this thread, which lives as long as the tests

    async def fill_disk(self, seconds: float) -> None:
        await self._as_owner(DISK_FULL)
        await asyncio.sleep(seconds)
        await self._as_owner(DISK_FREE)

    async def _as_owner(self, commands: tuple[str, ...]) -> None:
        """Whenever the database is there to take it."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    return await execute(self.dsn, *commands)
                except Exception:  # noqa: BLE001 - it may be stopped, starting, or in the middle of either
                    await asyncio.sleep(0.1)


Act = Callable[[Site, float], Awaitable[None]]
KINDS: dict[str, Act] = {
    "kill_service": Site.kill_service,
    "kill_gateway": Site.kill_gateway,
    "restart_database": Site.restart_database,
    "fill_disk": Site.fill_disk,
    "lose_1102": lambda site, seconds: site.demand(do="lose", seconds=seconds, code=1102),
    "lose_1101": lambda site, seconds: site.demand(do="lose", seconds=seconds, code=1101),
    "stall": lambda site, seconds: site.demand(do="stall", seconds=2 * seconds),
    "pacing": lambda site, seconds: site.demand(do="pacing", count=int(5 * seconds)),
    "nightly_reset": lambda site, seconds: site.demand(do="reset", seconds=seconds),
    "disconnect": lambda site, seconds: site.demand(do="disconnect", seconds=seconds),
    "slow": lambda site, seconds: site.demand(do="slow", delay_ms=300.0, seconds=seconds),
    "farms": lambda site, seconds: site.demand(do="farms", seconds=seconds),
    "repeat": lambda site, seconds: site.demand(do="repeat", count=int(20 * seconds)),
}
"""What may happen. Each lasts about as long as it is told to."""


def schedule(number: int) -> list[Fault]:
    """The faults of one run, the same for the same number."""
    # Not for secrets: a schedule must come again when it is asked for again.
    chance = random.Random(20_260 + number)  # noqa: S311
    kinds = chance.sample(sorted(KINDS), k=chance.randint(2, 5))
    faults = [
        Fault(round(chance.uniform(0.0, FAULTS_S), 2), kind, round(chance.uniform(0.3, 1.5), 2)) for kind in kinds
    ]
    return sorted(faults, key=lambda fault: fault.at_s)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """A database server and a gateway, for several runs."""
    folder = _folder()
    postgres = EmbeddedPostgres(folder)
    server = postgres.start(die_with_parent=True)
    await run_on_server(server, "CREATE DATABASE faults TEMPLATE template0")
    made = Site(folder, postgres, dsn_of(server, "faults"))
    await migrate(made.dsn)
    try:
        await made.gateway.start()
        yield made
    finally:
        await made.service.kill()
        await made.gateway.kill()
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """One that the account of a root's database can reach."""
    folder = Path(tempfile.mkdtemp(prefix="scizor-faults-"))
    folder.chmod(0o755)
    return folder


async def survives(place: Site, faults: list[Fault]) -> pb.GetCollectionResponse:
    """Run one collection through the faults; afterwards every session is there once, and the ledger agrees."""
    await execute(place.dsn, "DELETE FROM collections", "DELETE FROM symbols", "DELETE FROM imports")
    await _store_symbols(place)
    begun = await place.collect()
    start = asyncio.get_running_loop().time()

    async def strike(fault: Fault) -> None:
        await asyncio.sleep(start + fault.at_s - asyncio.get_running_loop().time())
        await KINDS[fault.kind](place, fault.seconds)

    async with asyncio.TaskGroup() as striking:
        for fault in faults:
            striking.create_task(strike(fault))
    ended = await place.ended(begun.id)
    await _demand_whole(place, ended)
    return ended


async def _store_symbols(place: Site) -> None:
    storage = SqlStorage(place.dsn)
    try:
        async with storage.begin() as work:
            await work.symbols.add_missing(_symbols())
    finally:
        await storage.close()


def _symbols() -> list[Instrument]:
    """Some of either market."""
    known = universe()
    asx = [one for one in known if one.primary_exchange == "ASX"]
    others = [one for one in known if one.primary_exchange != "ASX"]
    return asx[: SYMBOLS // 3] + others[: SYMBOLS - SYMBOLS // 3]


async def _demand_whole(place: Site, ended: pb.GetCollectionResponse) -> None:
    progress = ended.collection.progress
    assert progress.state == pb.COLLECTION_STATE_SUCCEEDED, ended.collection
    assert {chunk.state for chunk in ended.chunks} == {pb.CHUNK_STATE_DONE}
    assert progress.chunks_done == progress.chunks_total == len(ended.chunks)
    assert progress.symbols_done == progress.symbols_total == SYMBOLS
    bars = await query(
        place.dsn,
        "SELECT primary_exchange, count(*) AS bars, count(DISTINCT session) AS sessions FROM daily_prices "
        "JOIN symbols ON symbols.id = symbol_id GROUP BY symbol_id, primary_exchange",
    )
    gaps = await query(place.dsn, "SELECT count(*) AS gaps FROM session_gaps")
    both = await query(place.dsn, "SELECT 1 FROM session_gaps JOIN daily_prices USING (symbol_id, session)")
    assert not both, "a session has a bar and is known to have none"
    expected = sum(len(calendar().sessions(one.primary_exchange, FIRST, LAST)) for one in _symbols())
    stored = sum(row["bars"] for row in bars)
    assert all(row["bars"] == row["sessions"] for row in bars)
    assert stored + gaps[0]["gaps"] == expected
    assert stored == progress.new_bars == sum(chunk.new_bars for chunk in ended.chunks)
    assert progress.bars_updated == 0
    assert await query(place.dsn, "SELECT 1 FROM bar_revisions LIMIT 1") == []
    assert await query(place.dsn, "SELECT 1 FROM session_gaps WHERE state = 5 LIMIT 1") == []
    (imported,) = await query(place.dsn, "SELECT sum(rows_inserted) AS rows FROM imports")
    assert imported["rows"] == stored
    again = await place.ended((await place.collect()).id)
    assert (again.collection.progress.requests, len(again.chunks)) == (0, 0)
