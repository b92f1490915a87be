"""Service processes that are stopped and killed in the middle of a job, and the one that comes after them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.domain.backtests import BacktestState
from tests.integration.backtest_server import DEADLINE_S, NAME, Served, request_for
from tests.unit.backtest.build import store_bars, waves

ROOT = Path(__file__).parents[2]
SLOW = "tests.integration.slow_computation"


@dataclass
class ServiceProcess:
    """`python -m scizor.services.backtest` on a free port."""

    process: asyncio.subprocess.Process
    served: Served

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), DEADLINE_S)


@asynccontextmanager
async def service_process(dsn: str, program: str = "scizor.services.backtest") -> AsyncIterator[ServiceProcess]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(
            str(ROOT / part) for part in ("shared", "services", "clients", "protos/gen", ".")
        ),
        "DATABASE_URL": dsn,
        "SCIZOR_BACKTEST_PORT": str(port),
        "SCIZOR_BACKTEST_LEASE_S": "3",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", program, env=environment)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            request = health_pb2.HealthCheckRequest(service=NAME)
            answer = await health.Check(request, timeout=DEADLINE_S, wait_for_ready=True)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            yield ServiceProcess(process, Served(channel))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_job_outlives_a_stop_and_a_kill_of_its_service_and_is_run_to_its_end_once(
    compiled: None, database: str, sql_storage: SqlStorage
) -> None:
    await store_bars(sql_storage, "LONG.NYSE", waves(60_000))

    async with service_process(database, SLOW) as stopped:
        created = await stopped.served.stub.CreateBacktest(request_for(["LONG"], "buy_and_hold"), timeout=DEADLINE_S)
        await stopped.served.until(created.backtest.id, lambda seen: seen.progress.bars_done > 0)
        assert await stopped.stop() == 0
    async with sql_storage.begin() as work:
        left = await work.backtests.get(created.backtest.id)
    assert (left.progress.state, left.attempts) == (BacktestState.QUEUED, 0), "given back, not left to its lease"

    async with service_process(database, SLOW) as killed:
        job = await killed.served.until(
            created.backtest.id, lambda seen: 0 < seen.progress.bars_done < seen.progress.bars_total
        )
        await killed.kill()
    async with sql_storage.begin() as work:
        left = await work.backtests.get(job.id)
    assert (left.progress.state, left.attempts) == (BacktestState.RUNNING, 1)

    async with service_process(database) as last:
        messages = await last.served.finished(job.id)
        assert messages[-2].progress.state == pb.BACKTEST_STATE_SUCCEEDED
        assert messages[-2].sequence > left.progress.sequence
        done = await last.served.get(job.id)
        assert done.progress.bars_done == 60_000
        assert done.start_time == job.start_time
        request = rpc.GetBacktestResultsRequest(id=job.id)
        results = (await last.served.stub.GetBacktestResults(request, timeout=DEADLINE_S)).results
        trades = await last.served.stub.ListBacktestTrades(rpc.ListBacktestTradesRequest(id=job.id))
        assert trades.total_size == results.trades > 0
        assert await last.stop() == 0
