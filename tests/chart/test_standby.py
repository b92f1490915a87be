"""Two replicas of trading behind the chart's Envoy: one acts, all calls reach it, and when it dies the other does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from tests.chart.running import Installation, installed
from tests.e2e.stack import until
from tests.e2e.trading import OPEN, gate, limit, placed, reached

pytestmark = pytest.mark.timeout(240)  # the first calls wait for the compiler

NAME = "scizor.trading.v1.TradingService"
FAR = "100.00"  # below what anybody sells at
CALLS = 12
LIVE = ("ACCEPTED", "WORKING")


@pytest.fixture
async def stack(postgres_dsn: str) -> AsyncIterator[Installation]:
    async with installed(postgres_dsn, "standby", clock=OPEN) as installation:
        yield installation


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
                health.Check(health_pb2.HealthCheckRequest(), timeout=30, wait_for_ready=True).status
                == health_pb2.HealthCheckResponse.SERVING
            )
            answer = health.Check(health_pb2.HealthCheckRequest(service=NAME), timeout=5)
            told.append(answer.status == health_pb2.HealthCheckResponse.SERVING)
    return told


Page = dict[str, dict[tuple[str, ...], float]]


def page(url: str) -> Page:
    """Each sample that is there, by its name and the values of its labels, by their names."""
    found: Page = {}
    for family in text_string_to_metric_families(httpx.get(url, timeout=10).text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(value for _, value in sorted(one.labels.items()))] = one.value
    return found


def check_pages(stack: Installation) -> None:
    """Every pod tells its calls and its figures; of the two of trading, the one that acts those of the account."""
    (marketdata,) = map(page, stack.pages["marketdata"])
    assert marketdata["scizor_marketdata_broker_up"] == {(): 1}
    assert all(one["scizor_backtest_jobs_running"] == {(): 0} for one in map(page, stack.pages["backtest"]))
    idle, acts = sorted(map(page, stack.pages["trading"]), key=lambda one: one["scizor_trading_acting"][()])
    assert (idle["scizor_trading_acting"], acts["scizor_trading_acting"]) == ({(): 0}, {(): 1})
    assert "scizor_trading_open_orders" not in idle
    ((account, _),) = [labels for labels, number in acts["scizor_trading_gate"].items() if number]
    assert acts["scizor_trading_gate"][account, "OPEN"] == 1
    assert acts["scizor_trading_state"] == {(account, "ACTIVE"): 1, (account, "REDUCING"): 0, (account, "HALTED"): 0}
    assert acts["scizor_trading_open_orders"] == {(account,): CALLS}
    assert acts["scizor_trading_differences"] == {(account,): 0}
    assert acts["scizor_trading_reconciled_timestamp_seconds"].keys() == {(account,)}
    assert sum(acts["scizor_trading_deployments"].values()) == 0
    assert acts["grpc_server_handled_total"]["OK", "PlaceOrder", NAME, "unary"] == CALLS


def test_the_one_that_acts_gets_all_calls_and_the_other_takes_over_when_it_dies(
    stack: Installation, rest: httpx.Client
) -> None:
    assert sorted(acting(stack)) == [False, True]
    made = [placed(rest, f"before-{number}", limit(1, FAR))["id"] for number in range(CALLS)]
    reached(rest, made[0], *LIVE)
    check_pages(stack)

    stack.replicas["trading"][acting(stack).index(True)].kill()
    until(lambda: gate(rest) == "GATE_STATE_OPEN", "the other has taken over")
    made += [placed(rest, f"after-{number}", limit(1, FAR))["id"] for number in range(CALLS)]
    assert len({reached(rest, one, *LIVE)["order"]["id"] for one in made}) == 2 * CALLS
