"""A Backtest service within the test's process, over real gRPC and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from google.type.money_pb2 import Money
from grpc_status import rpc_status

from scizor.adapters.bus import MemoryBus
from scizor.adapters.calendar import ExchangeSessions
from scizor.adapters.clock import SystemClock
from scizor.adapters.search import search_for
from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1.backtest_service_pb2_grpc import BacktestServiceStub, add_BacktestServiceServicer_to_server
from scizor.domain.backtests import BacktestJob
from scizor.domain.optimizations import Optimization
from scizor.ports.compute import Compute
from scizor.ports.sandbox import Sandbox
from scizor.ports.storage import Storage
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings
from scizor.services.backtest.assembly import Choices, Ports, assembled
from scizor.services.backtest.optimization.assembly import Lab
from scizor.services.backtest.runner import RunnerSettings
from scizor.services.backtest.servicer import BacktestServicer
from scizor.services.backtest.watch import WatchSettings
from tests.fakes.bench import ThreadBench
from tests.fakes.compute import ThreadCompute
from tests.fakes.sandbox import FakeSandbox

if TYPE_CHECKING:
    from scizor.backtest.v1.backtest_service_pb2_grpc import BacktestServiceAsyncStub

NAME = "scizor.backtest.v1.BacktestService"
DEADLINE_S = 30.0


@dataclass
class Served:
    """A running service, and the channel to it."""

    channel: grpc.aio.Channel
    address: str = ""

    @property
    def stub(self) -> BacktestServiceAsyncStub:
        """What it answers to."""
        return BacktestServiceStub(self.channel)

    async def get(self, backtest_id: str) -> pb.Backtest:
        """The backtest as it stands."""
        answer = await self.stub.GetBacktest(rpc.GetBacktestRequest(id=backtest_id), timeout=DEADLINE_S)
        return answer.backtest

    async def until(self, backtest_id: str, holds: Callable[[pb.Backtest], bool]) -> pb.Backtest:
        """The backtest as soon as something holds of it."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds(job := await self.get(backtest_id)):  # noqa: ASYNC110 - a row says nothing by itself
                await asyncio.sleep(0.01)
        return job

    async def finished(self, backtest_id: str) -> list[rpc.WatchBacktestResponse]:
        """Every message of a watch from the first to the last."""
        call = self.stub.WatchBacktest(rpc.WatchBacktestRequest(id=backtest_id), timeout=DEADLINE_S)
        return [message async for message in call]

    async def run(self, request: rpc.CreateBacktestRequest) -> pb.Backtest:
        """Create a backtest and wait until it has ended."""
        created = await self.stub.CreateBacktest(request, timeout=DEADLINE_S)
        await self.finished(created.backtest.id)
        return await self.get(created.backtest.id)


@asynccontextmanager
async def serving(
    storage: Storage,
    *,
    max_jobs: int = 2,
    heartbeat_s: float = 5.0,
    sandbox: Sandbox | None = None,
    compute: Compute | None = None,
    drawing: Compute | None = None,
    **choices: Any,
) -> AsyncIterator[Served]:
    """Serve on a port of the system's choice. With `max_jobs` 0 backtests stay queued; `choices`: see Choices."""
    clock = SystemClock()
    bus: MemoryBus[BacktestJob] = MemoryBus()
    with ThreadPoolExecutor(max(max_jobs, 1)) as executor:
        optimization_bus: MemoryBus[Optimization] = MemoryBus()
        lab = Lab(optimization_bus, compute or ThreadCompute(), search_for)
        calendar, drawing = ExchangeSessions(clock), drawing or ThreadCompute(1)
        bench = ThreadBench(calendar, executor)
        ports = Ports(storage, bus, clock, calendar, executor, sandbox or FakeSandbox(), "test", lab, drawing, bench)
        chosen = Choices(RunnerSettings(max_jobs), watch=WatchSettings(heartbeat_s), **choices)
        runner, use_cases = assembled(ports, chosen)
        servicer = BacktestServicer(use_cases)
        server = Server([Service(NAME, add_BacktestServiceServicer_to_server, servicer)], ServerSettings(port=0))
        port = await server.start()
        running = asyncio.create_task(runner.run())
        searching = asyncio.create_task(use_cases.optimizing.runner.run() if max_jobs else asyncio.sleep(0))
        try:
            async with grpc.aio.insecure_channel(address := f"127.0.0.1:{port}") as channel:
                yield Served(channel, address)
        finally:
            for task in (running, searching):
                task.cancel()
            await asyncio.wait([running, searching])
            await server.stop()
            drawing.close()


def request_for(
    symbols: list[str] | None = None,
    strategy_id: str = "sma_cross",
    parameters: dict[str, float | str] | None = None,
    request_id: str = "",
    capital: int = 10_000,
    **fields: Any,
) -> rpc.CreateBacktestRequest:
    """A request; every other field of the backtest by its name."""
    message = pb.Backtest(
        strategy_id=strategy_id,
        symbols=symbols or ["AAPL"],
        initial_capital=Money(currency_code="USD", units=capital),
        **fields,
    )
    if parameters is None and strategy_id == "sma_cross":
        parameters = {"fast": 3, "slow": 8}
    message.parameters.update(parameters or {})
    return rpc.CreateBacktestRequest(backtest=message, request_id=request_id)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The ErrorInfo's reason."""
    status = rpc_status.from_call(error)
    assert status is not None, error
    reason: str = info_of(status).reason
    return reason


def info_of(status: Status) -> ErrorInfo:
    """The ErrorInfo of a status."""
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return info


def fields_of(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields that broke a rule."""
    status, bad = rpc_status.from_call(error), BadRequest()
    assert status is not None
    assert any(detail.Unpack(bad) for detail in status.details)
    return [violation.field for violation in bad.field_violations]
