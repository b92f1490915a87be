"""`python -m scizor.services.backtest`: the one place that decides which adapters the service runs on."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final

import structlog

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.compute import ProcessCompute, compute_at
from scizor.adapters.sandbox import LockedSandbox, SandboxSettings
from scizor.adapters.search import search_for
from scizor.backtest.v1 import backtest_service_pb2
from scizor.backtest.v1.backtest_service_pb2_grpc import add_BacktestServiceServicer_to_server
from scizor.domain.backtests import BacktestJob
from scizor.domain.errors import ScizorError
from scizor.domain.optimizations import Optimization
from scizor.ports.sandbox import Limits
from scizor.rpc.server import Service, serve
from scizor.services.backtest.assembly import Choices, Ports, assembled
from scizor.services.backtest.benches import ProcessBench
from scizor.services.backtest.metrics import figures
from scizor.services.backtest.optimization import hosted
from scizor.services.backtest.optimization.assembly import Lab
from scizor.services.backtest.optimization.runner import OptimizationRunnerSettings
from scizor.services.backtest.runner import RunnerSettings
from scizor.services.backtest.servicer import BacktestServicer
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.backtest.strategies.hosting import LOOKED_AT, WARM
from scizor.services.backtest.warm import warm_up_searches
from scizor.services.backtest.watch import WatchSettings
from scizor.services.setup import open_storage, start

_DRAWERS: Final = 1  # a tearsheet takes a second, and its worker some 200 MB
NAME = backtest_service_pb2.DESCRIPTOR.services_by_name["BacktestService"].full_name

_log = structlog.get_logger(__name__)


async def main(settings: BacktestSettings) -> None:
    """Serve and run jobs until told to stop."""
    storage, clock = await open_storage(settings), SystemClock()
    executor = ThreadPoolExecutor(settings.max_jobs, thread_name_prefix="backtest")
    calendar, sandbox = ExchangeSessions(clock), _sandbox(settings)
    computing = ProcessCompute(settings.max_jobs)
    bench = ProcessBench(computing, calendar)
    warming = asyncio.create_task(_warmed(bench, sandbox, executor, calendar))
    bus: MemoryBus[BacktestJob] = MemoryBus()
    optimization_bus: MemoryBus[Optimization] = MemoryBus()
    lab = Lab(optimization_bus, compute_at(settings.compute, settings.workers), search_for, settings.workers)
    drawing = ProcessCompute(_DRAWERS)
    ports = Ports(storage, bus, clock, calendar, executor, sandbox, _owner(), lab, drawing, bench)
    runner, use_cases = assembled(ports, _choices(settings))
    service = Service(NAME, add_BacktestServiceServicer_to_server, BacktestServicer(use_cases))
    running = asyncio.create_task(runner.run())
    searching = asyncio.create_task(use_cases.optimizing.runner.run())

    async def stop_running() -> None:
        for task in (running, searching, warming):
            task.cancel()
        await asyncio.wait([running, searching, warming])
        await asyncio.to_thread(lab.compute.close)
        await asyncio.to_thread(drawing.close)
        await asyncio.to_thread(computing.close)
        await sandbox.close()
        executor.shutdown(wait=False, cancel_futures=True)

    await serve(
        [service],
        settings.server(settings.port),
        on_stop=[stop_running, storage.close],
        figures=figures(runner, settings.max_jobs, use_cases.optimizing.runner, lab.compute),
    )


def _sandbox(settings: BacktestSettings) -> LockedSandbox:
    """Where uploaded code runs: as many at a time as there are jobs, and some texts that are looked at besides."""
    return LockedSandbox(
        SandboxSettings(
            concurrency=settings.max_jobs + LOOKED_AT,
            preload=(WARM, hosted.WARM),
            allow_weaker=settings.allow_weaker_sandbox,
        )
    )


async def _warmed(bench: ProcessBench, sandbox: LockedSandbox, executor: Executor, calendar: ExchangeSessions) -> None:
    """Have all ready before it is asked for: one after the other, since what one compiles the next one loads.

    Without the sandbox the service does all else, and says why it does not do this.
    """
    jobs = bench.warm()
    jobs.add_done_callback(log_failure)
    await asyncio.wait([asyncio.wrap_future(jobs)])
    searches = executor.submit(warm_up_searches, calendar)
    searches.add_done_callback(log_failure)
    await asyncio.wait([asyncio.wrap_future(searches)])
    try:
        await sandbox.start()
    except ScizorError as error:
        _log.error("sandbox_refused", error=error.message)


def _choices(settings: BacktestSettings) -> Choices:
    deadline_s = settings.strategy_deadline_s
    return Choices(
        RunnerSettings(settings.max_jobs, settings.lease_s),
        OptimizationRunnerSettings(settings.optimizations, settings.lease_s),
        WatchSettings(settings.heartbeat_s),
        strategy_limits=Limits(deadline_s, deadline_s, memory_bytes=settings.strategy_memory_mib << 20),
        queue_limit=settings.queue_limit,
        caller_limit=settings.caller_limit,
    )


def log_failure(warming: Future[None]) -> None:
    """The service works without what failed here, only slower at first; or each job says what is wrong with it."""
    if not warming.cancelled() and (error := warming.exception()):
        _log.error("warm_up_failed", exc_info=error)


def _owner() -> str:
    """A name that no process had before or will have again, and that tells a reader of the table where to look."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


if __name__ == "__main__":
    start(BacktestSettings, main)
