"""What the chart renders, running: tests of the whole system pass on it, and a replica of backtest is killed midway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from tests.chart.running import Installation, installed
from tests.e2e.stack import until
from tests.e2e.test_grpc import (  # noqa: F401 - these run here, on the fixtures below
    client,
    test_a_browser_calls_by_grpc_web,
    test_buf_curl_calls_by_reflection_and_shows_the_reason,
    test_grpcurl_asks_for_a_backtest_and_buf_curl_watches_it,
    test_grpcurl_lists_and_calls_by_reflection,
    test_the_client_names_what_was_wrong,
    test_the_client_reads_what_rest_reads,
)
from tests.e2e.test_rest import *  # noqa: F403 - and all of these
from tests.e2e.test_rest import started

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]  # whichever is first waits for the compiler

AT_ONCE = 12


@pytest.fixture(scope="module")
async def stack(postgres_dsn: str) -> AsyncIterator[Installation]:
    async with installed(postgres_dsn, "chart") as installation:
        yield installation


@pytest.fixture(scope="module")
def demo(stack: Installation) -> Any:
    return stack.json("demo")


@pytest.fixture(scope="module")
def rest(stack: Installation, demo: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.rest(), timeout=30.0) as calling:
        yield calling


@dataclass
class Kill:
    """Before which test of this file it is, and the jobs that are under way then."""

    before: int
    jobs: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def kill(request: pytest.FixtureRequest, rest: httpx.Client) -> Iterator[Kill]:
    planned = Kill(sum(item.path == request.path for item in request.session.items) // 2)
    yield planned
    assert planned.jobs
    for job in planned.jobs:
        until(partial(ended_well, rest, f"/api/backtests/{job}"), f"{job} has succeeded")


def ended_well(rest: httpx.Client, path: str) -> bool:
    state = rest.get(path).json()["backtest"]["state"]
    assert state in {"BACKTEST_STATE_QUEUED", "BACKTEST_STATE_RUNNING", "BACKTEST_STATE_SUCCEEDED"}
    return bool(state == "BACKTEST_STATE_SUCCEEDED")


@pytest.fixture(autouse=True)
def killed_midway(stack: Installation, rest: httpx.Client, kill: Kill) -> None:
    kill.before -= 1
    if kill.before <= 0 and not kill.jobs:
        kill.jobs = [started(rest, parameters={"fast": 5 + number, "slow": 40}) for number in range(AT_ONCE)]
        stack.replicas["backtest"][0].kill()
