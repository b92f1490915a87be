"""Searches under kills at random: service, workers and database, seed by seed, and the trials they come to."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import psutil
import pytest

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import optimization_pb2 as pb
from tests.integration.backtest_server import DEADLINE_S
from tests.integration.test_backtest_recovery import ServiceProcess, service_process
from tests.integration.test_optimization_recovery import searched, trials_of, undisturbed, workers_of
from tests.unit.backtest.build import store_bars, waves

METHODS = [
    pb.OPTIMIZATION_METHOD_GRID,
    pb.OPTIMIZATION_METHOD_RANDOM,
    pb.OPTIMIZATION_METHOD_TPE,
    pb.OPTIMIZATION_METHOD_CMA_ES,
]
FAULTS = 4
DONE_WITHIN_S = 240.0


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A database of this test's own, which it may kill."""
    folder = Path(tempfile.mkdtemp(prefix="scizor-"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "home")
    try:
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder)


async def kill_a_worker(service: ServiceProcess, chance: random.Random) -> None:
    workers = workers_of(service)
    if workers:
        with suppress(psutil.NoSuchProcess):
            chance.choice(workers).kill()


async def kill_the_database(postgres: EmbeddedPostgres, dsn: str) -> None:
    """kill -9 of the postmaster, and a new one on what it left."""
    pid = postgres.pid
    assert pid is not None
    leader = psutil.Process(pid)
    family = [leader, *leader.children(recursive=True)]
    leader.kill()
    await asyncio.to_thread(psutil.wait_procs, family, timeout=DEADLINE_S)
    assert postgres.start(die_with_parent=True) == dsn  # of this thread, which lives as long as the test


async def state_of(service: ServiceProcess, optimization_id: str) -> pb.Optimization | None:
    """As it stands; None while nobody answers."""
    try:
        request = pb.GetOptimizationRequest(id=optimization_id)
        return (await service.served.stub.GetOptimization(request, timeout=5.0)).optimization
    except grpc.aio.AioRpcError:
        return None


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_is_killed_a_search_ends_once_with_the_trials_of_an_undisturbed_one(
    server: EmbeddedPostgres, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a schedule to repeat, not a secret
    dsn = server.start(die_with_parent=True)
    await migrate(dsn)
    storage = SqlStorage(dsn)
    await store_bars(storage, "AAPL.NASDAQ", waves(1_000))
    request = searched(METHODS[seed % len(METHODS)])
    if request.optimization.method == pb.OPTIMIZATION_METHOD_GRID:
        request.optimization.max_trials = 0
    expected = await undisturbed(storage, request)
    await storage.close()

    optimization_id, faults = "", FAULTS
    async with asyncio.timeout(DONE_WITHIN_S):
        while True:
            async with service_process(dsn) as service:
                if not optimization_id:
                    created = await service.served.stub.CreateOptimization(request, timeout=DEADLINE_S)
                    optimization_id = created.optimization.id
                killed = False
                while not killed:
                    await asyncio.sleep(chance.uniform(0.2, 2.0))
                    found = await state_of(service, optimization_id)
                    if found is not None and found.progress.state >= pb.OPTIMIZATION_STATE_SUCCEEDED:
                        assert found.state == pb.OPTIMIZATION_STATE_SUCCEEDED, found.error
                        assert await trials_of(service.served, optimization_id) == expected
                        return
                    if faults:
                        faults -= 1
                        fault = chance.choice(["service", "worker", "database"])
                        killed = fault == "service"
                        if fault == "worker":
                            await kill_a_worker(service, chance)
                        elif fault == "database":
                            await kill_the_database(server, dsn)
                if killed:
                    await service.kill()
