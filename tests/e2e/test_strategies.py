"""Strategies over JSON through the real Envoy, their code in the real locked processes."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack, until
from tests.e2e.test_rest import finished, reason, started
from tests.unit.backtest.texts import BROKEN, GOOD, IDLE, PEEKING

pytestmark = pytest.mark.timeout(300)  # whichever is first waits for the compiler
PRYING = dedent("""
    from scizor.strategy import EventStrategy


    class Prying(EventStrategy):
        def on_bar(self, ctx):
            {line}
""").lstrip()
ENDLESS = PRYING.format(line="while True: pass")


@pytest.fixture(scope="module", autouse=True)
def locked_up(stack: Stack, demo: Any) -> None:
    """The processes that run such code are ready, once what they need is compiled."""
    with httpx.Client(base_url=stack.rest(), timeout=40.0) as client:
        check = {"source": IDLE}
        until(lambda: client.post("/api/strategies:check", json=check).status_code == 200, "a text is checked", 240.0)


def created(rest: httpx.Client, source: str, **fields: Any) -> dict[str, Any]:
    answer = rest.post("/api/strategies", json={"source": source, **fields})
    assert answer.status_code == 200, answer.text
    strategy: dict[str, Any] = answer.json()["strategy"]
    return strategy


def test_a_strategy_is_stored_listed_changed_checked_run_and_deleted(rest: httpx.Client) -> None:
    made = created(rest, GOOD, id="e2e_cross", tags=["e2e"])
    assert (made["id"], made["latestVersion"], made["origin"]) == ("e2e_cross", 1, "STRATEGY_ORIGIN_UPLOADED")
    assert made["parameters"][0]["defaultValue"] == 5
    listed = rest.get("/api/strategies", params={"tags": "e2e"}).json()["strategies"]
    assert [one["id"] for one in listed] == ["e2e_cross"]

    change = {"source": GOOD + "# more\n", "etag": made["etag"]}
    masked = {"update_mask": "source"}
    second = rest.patch("/api/strategies/e2e_cross", params=masked, json=change).json()["strategy"]
    assert second["latestVersion"] == 2
    stale = rest.patch("/api/strategies/e2e_cross", params=masked, json=change)
    assert (stale.status_code, reason(stale)) == (409, "ETAG_STALE")
    versions = rest.get("/api/strategies/e2e_cross/versions").json()["versions"]
    assert [one["number"] for one in versions] == [2, 1]
    first = rest.get("/api/strategies/e2e_cross", params={"version": 1}).json()["version"]
    assert (first["source"], first["codeHash"]) == (GOOD, made["codeHash"])

    checked = rest.post("/api/strategies/e2e_cross:check", json={"symbols": ["AAPL"]}).json()
    assert (checked["passed"], checked["findings"], checked["version"]["number"]) == (True, [], 2)
    found = rest.post("/api/strategies:check", json={"source": PEEKING}).json()["findings"]
    assert [(one["kind"], one["line"]) for one in found] == [("FINDING_KIND_LOOKAHEAD", 7)]

    asked = {"strategyId": "e2e_cross", "parameters": {"fast": 10, "slow": 30}}
    runs = [finished(rest, **asked, strategyVersion=number) for number in (1, 2)]
    results = [rest.get(f"/api/backtests/{one}/results").json()["results"] for one in runs]
    assert results[0]["fingerprint"] != results[1]["fingerprint"]
    assert results[0]["metrics"] == results[1]["metrics"]
    assert int(results[0]["trades"]) > 10
    assert rest.delete(f"/api/backtests/{runs[0]}").status_code == 200
    assert rest.get(f"/api/backtests/{runs[0]}").status_code == 404

    assert rest.delete("/api/strategies/e2e_cross").status_code == 200
    refused = rest.post(
        "/api/backtests", json={**asked, "symbols": ["AAPL"], "initialCapital": {"currencyCode": "USD", "units": "1"}}
    )
    assert (refused.status_code, reason(refused)) == (404, "STRATEGY_NOT_FOUND")


def test_a_strategy_that_came_with_the_system_stands_beside_the_stored_ones(rest: httpx.Client) -> None:
    listed = rest.get("/api/strategies", params={"origin": "STRATEGY_ORIGIN_BUILTIN", "kind": "STRATEGY_KIND_VECTOR"})
    assert "sma_cross" in [one["id"] for one in listed.json()["strategies"]]
    refused = rest.patch("/api/strategies/sma_cross", params={"update_mask": "title"}, json={"title": "x"})
    assert (refused.status_code, reason(refused)) == (400, "STRATEGY_BUILTIN")


def test_a_text_that_does_not_load_is_refused_with_its_line(rest: httpx.Client) -> None:
    refused = rest.post("/api/strategies", json={"source": BROKEN, "id": "e2e_broken"})
    assert (refused.status_code, reason(refused)) == (400, "STRATEGY_FAILED")
    assert refused.json()["message"].startswith("e2e_broken.py:1: SyntaxError")


@pytest.mark.parametrize(
    "line",
    [
        "open('/etc/shadow').read()",
        "open('/tmp/mark', 'w').write('x')",
        "import socket; socket.create_connection(('127.0.0.1', 5432), 1)",
        "import os; os._exit(0)",
        "import subprocess; subprocess.run(['id'])",
    ],
)
def test_code_that_pries_fails_by_itself(rest: httpx.Client, line: str) -> None:
    found = rest.post("/api/strategies:check", json={"source": PRYING.format(line=line)}).json()
    assert not found["passed"]
    assert "FINDING_KIND_RUN" in [one["kind"] for one in found["findings"]]


def test_a_run_without_end_is_cancelled_within_a_second_and_the_service_serves_on(
    rest: httpx.Client, stack: Stack
) -> None:
    created(rest, ENDLESS, id="e2e_endless")
    backtest = started(rest, strategyId="e2e_endless", parameters={})
    with rest.stream("GET", f"/api/backtests/{backtest}/progress", headers={"accept": "text/event-stream"}) as events:
        next(line for line in events.iter_lines() if "SIMULATING" in line)
    cancelled = rest.post(f"/api/backtests/{backtest}:cancel", json={})
    assert cancelled.json()["backtest"]["state"] == "BACKTEST_STATE_CANCELLED"
    finished(rest)


def test_the_same_again_is_answered_from_the_store(rest: httpx.Client) -> None:
    first = finished(rest, title="first")
    again = rest.post(
        "/api/backtests",
        params={"allow_cached": "true"},
        json=rest.get(f"/api/backtests/{first}").json()["backtest"] | {"title": "again"},
    )
    assert again.status_code == 200, again.text
    assert again.json()["cached"] is True
