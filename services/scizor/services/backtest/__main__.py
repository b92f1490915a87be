"""`python -m scizor.services.backtest`: the one place that decides which adapters the service runs on."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.backtest.v1 import backtest_service_pb2
from scizor.backtest.v1.backtest_service_pb2_grpc import add_BacktestServiceServicer_to_server
from scizor.domain.backtests import BacktestJob
from scizor.rpc.server import Service, serve
from scizor.rpc.settings import ServerSettings
from scizor.services.backtest.app import Backtests
from scizor.services.backtest.execution import Means
from scizor.services.backtest.runner import Runner, RunnerSettings
from scizor.services.backtest.servicer import BacktestServicer
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.backtest.warm import warm_up
from scizor.services.backtest.watch import Watch, WatchSettings
from scizor.services.setup import open_storage, start

NAME = backtest_service_pb2.DESCRIPTOR.services_by_name["BacktestService"].full_name

_log = structlog.get_logger(__name__)


async def main(settings: BacktestSettings) -> None:
    """Serve and run jobs until told to stop."""
    storage, clock = await open_storage(settings), SystemClock()
    bus: MemoryBus[BacktestJob] = MemoryBus()
    executor = ThreadPoolExecutor(settings.max_jobs, thread_name_prefix="backtest")
    calendar = ExchangeSessions(clock)
    warming = executor.submit(warm_up, calendar)
    warming.add_done_callback(log_failure)
    means = Means(storage, bus, clock, calendar, executor, _owner(), warming=warming)
    runner = Runner(means, RunnerSettings(settings.max_jobs, settings.lease_s))
    backtests = Backtests(storage, bus, clock, runner.wake, settings.queue_limit)
    watch = Watch(storage, bus, clock, WatchSettings(settings.heartbeat_s))
    service = Service(NAME, add_BacktestServiceServicer_to_server, BacktestServicer(storage, backtests, watch))
    running = asyncio.create_task(runner.run())

    async def stop_running() -> None:
        running.cancel()
        await asyncio.wait([running])
        executor.shutdown(wait=False, cancel_futures=True)

    await serve([service], ServerSettings(settings.port, settings.bind_host), on_stop=[stop_running, storage.close])


def log_failure(warming: Future[None]) -> None:
    """The service works without what failed here, only slower at first; or each job says what is wrong with it."""
    if not warming.cancelled() and (error := warming.exception()):
        _log.error("warm_up_failed", exc_info=error)


def _owner() -> str:
    """A name that no process had before or will have again, and that tells a reader of the table where to look."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


if __name__ == "__main__":
    start(BacktestSettings, main)
