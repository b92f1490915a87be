"""Two replicas of trading behind the chart's Envoy: one acts, all calls reach it, and when it dies the other does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.chart.running import Installation
from tests.conftest import dsn_of, run_on_server
from tests.e2e.stack import until
from tests.e2e.trading import OPEN, gate, limit, placed, reached

pytestmark = pytest.mark.timeout(240)  # the first calls wait for the compiler

NAME = "scizor.trading.v1.TradingService"
FAR = "100.00"  # below what anybody sells at
CALLS = 12
LIVE = ("ACCEPTED", "WORKING")


@pytest.fixture
async def stack(postgres_dsn: str) -> AsyncIterator[Installation]:
    name = f"scizor_standby_{os.getpid()}"
    await run_on_server(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE template0")
    installation = Installation(database_url=dsn_of(postgres_dsn, name), clock=OPEN)
    try:
        await asyncio.to_thread(installation.start)
        yield installation
    finally:
        await asyncio.to_thread(installation.stop)
        await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")
    until(lambda: not installation.processes(), "every process has ended")
    installation.remove()


@pytest.fixture
def rest(stack: Installation) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.rest(), timeout=30.0) as calling:
        symbol = {"symbol": "AAPL", "primaryExchange": "NASDAQ", "currency": "USD"}
        assert calling.post("/api/symbols", json=symbol).status_code == 200
        until(lambda: gate(calling) == "GATE_STATE_OPEN", "orders can be sent")
        yield calling


def acting(stack: Installation) -> list[bool]:
    """Of each replica, whether it says that it takes calls; all say that they are well."""
    told = []
    for port in (stack.ports["SCIZOR_TRADING_PORT"], stack.second_ports["trading"]):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            assert (
                health.Check(health_pb2.HealthCheckRequest(), timeout=5).status
                == health_pb2.HealthCheckResponse.SERVING
            )
            answer = health.Check(health_pb2.HealthCheckRequest(service=NAME), timeout=5)
            told.append(answer.status == health_pb2.HealthCheckResponse.SERVING)
    return told


def test_the_one_that_acts_gets_all_calls_and_the_other_takes_over_when_it_dies(
    stack: Installation, rest: httpx.Client
) -> None:
    assert sorted(acting(stack)) == [False, True]
    made = [placed(rest, f"before-{number}", limit(1, FAR))["id"] for number in range(CALLS)]
    reached(rest, made[0], *LIVE)

    stack.replicas["trading"][acting(stack).index(True)].kill()
    until(lambda: gate(rest) == "GATE_STATE_OPEN", "the other has taken over")
    made += [placed(rest, f"after-{number}", limit(1, FAR))["id"] for number in range(CALLS)]
    assert len({reached(rest, one, *LIVE)["order"]["id"] for one in made}) == 2 * CALLS
