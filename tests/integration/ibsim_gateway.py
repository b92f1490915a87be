"""A gateway for tests: as a process of its own, or in this one."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.gateway import DataAccess, Gateway, Pace
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.market import ReplayClock, SimMarket
from scizor.services.ibsim.server import serve

MORNING = datetime(2024, 3, 14, 14, 30, tzinfo=UTC)
"""An hour into a session in New York."""

CLOSING = datetime(2024, 3, 14, 19, 59, 42, tzinfo=UTC)
"""Eighteen seconds before a session in New York ends."""

NIGHT = datetime(2024, 3, 14, 3, 0, tzinfo=UTC)
"""Between two sessions in New York."""

_START_WITHIN_S = 30


@dataclass(frozen=True)
class GatewayProcess:
    """A running `python -m scizor.services.ibsim`."""

    process: subprocess.Popen[bytes]
    port: int
    control_port: int

    def demand(self, **demand: Any) -> dict[str, Any]:
        """Ask for a fault, over the control port."""
        with socket.create_connection(("127.0.0.1", self.control_port), timeout=10) as caller:
            caller.sendall(json.dumps(demand).encode() + b"\n")
            answer: dict[str, Any] = json.loads(caller.makefile().readline())
        return answer


@contextmanager
def gateway_process(folder: Path, clock: str = "2024-03-14T10:30:00-04:00@60") -> Iterator[GatewayProcess]:
    """Start one with its state in this folder, wait until it serves, end it by SIGKILL if a test has not."""
    log = folder / "ibsim.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SCIZOR_")},
        "TZ": "Australia/Sydney",
        "SCIZOR_IBSIM_PORT": "0",
        "SCIZOR_IBSIM_HOME": str(folder),
        "SCIZOR_IBSIM_CLOCK": clock,
        "SCIZOR_IBSIM_CONTROL_PORT": str(control_port := _free_port()),
    }
    with log.open("wb") as written:
        process = subprocess.Popen([sys.executable, "-m", "scizor.services.ibsim"], env=environment, stderr=written)
    try:
        yield GatewayProcess(process, _port_in(log, process), control_port)
    finally:
        process.kill()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _port_in(log: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if '"serving"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start: {log.read_text()}")


class LeapingClock:
    """Nobody waits: each sleep leaps to its end."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    async def sleep(self, simulated_s: float) -> None:
        self._now += timedelta(seconds=simulated_s)
        await asyncio.sleep(0)


@cache
def market_at(start: datetime, speed: float) -> SimMarket:
    """A market whose calendars and series are already loaded by the tests before; its clock goes on between them."""
    return SimMarket(1, ReplayClock(start, speed))


@asynccontextmanager
async def gateway_at(
    start: datetime = MORNING,
    *,
    speed: float = 1.0,
    limits: Limits | None = None,
    pace: Pace | None = None,
    state: Path | None = None,
    market: SimMarket | None = None,
) -> AsyncIterator[tuple[Gateway, int]]:
    """A gateway in this process, and its port. `state`: the broker's file; None keeps it in memory."""
    market = market or market_at(start, speed)
    journal = Journal(state)
    gateway = Gateway(
        market,
        Broker(market, journal),
        limits=limits,
        pace=pace or Pace(history_latency_s=0.0, quotes_s=0.02, matching_s=0.02),
        access={"KWEB": DataAccess.DELAYED, "NEC": DataAccess.NONE},
    )
    try:
        async with serve(gateway) as port:
            yield gateway, port
    finally:
        journal.close()
