"""Processes that a schedule kills, and that are started again."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.backtest.v1.backtest_service_pb2_grpc import BacktestServiceStub
from tests.e2e.stack import free_ports
from tests.integration.backtest_server import NAME

if TYPE_CHECKING:
    from scizor.backtest.v1.backtest_service_pb2_grpc import BacktestServiceAsyncStub

ROOT = Path(__file__).parents[3]
STARTS_WITHIN_S = 90.0
# A channel asks again at once: whoever is killed here is back in a moment.
IMPATIENT = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]


class Program:
    """`python -m …`, started again whenever it has ended, unless it is kept down."""

    def __init__(self, words: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._words, self._environment, self._log = words, environment, log
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._down = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def start(self) -> None:
        """Have it run from now on."""
        self._keeping = asyncio.create_task(self._keep())

    async def kill(self, down_s: float) -> None:
        """kill -9; nobody starts it again for a while."""
        async with self.down(down_s):
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    @asynccontextmanager
    async def down(self, down_s: float) -> AsyncIterator[None]:
        """While something happens to it, and for some time after it, nobody starts it again."""
        async with self._down:
            yield
            await asyncio.sleep(down_s)

    async def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """Have it end, and return what it ends with."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.send_signal(sent)
        return await asyncio.wait_for(self._process.wait(), STARTS_WITHIN_S)

    async def _keep(self) -> None:
        while True:
            async with self._down:
                with self._log.open("ab") as log:
                    self._process = await asyncio.create_subprocess_exec(
                        sys.executable, "-m", *self._words, env=self._environment, cwd=ROOT, stdout=log, stderr=log
                    )
            await self._process.wait()
            await asyncio.sleep(0.1)  # one that cannot start yet is not started without end


class Service(Program):
    """A Backtest service and a channel to it."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        (port,) = free_ports(1)
        super().__init__(["scizor.services.backtest"], environment | {"SCIZOR_BACKTEST_PORT": str(port)}, log)
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=IMPATIENT)

    @property
    def stub(self) -> BacktestServiceAsyncStub:
        """What it answers to."""
        return BacktestServiceStub(self.channel)

    async def serves(self) -> None:
        """Return when it does."""
        request = health_pb2.HealthCheckRequest(service=NAME)
        async with asyncio.timeout(STARTS_WITHIN_S):
            while True:
                with suppress(grpc.aio.AioRpcError):
                    answer = await health_pb2_grpc.HealthStub(self.channel).Check(request, timeout=2.0)
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        return
                await asyncio.sleep(0.05)
