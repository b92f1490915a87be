"""Market data from the broker, as its users meet it: over REST, server-sent events, grpcurl and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack


def events(rest: httpx.Client, method: str, path: str, **options: Any) -> Iterator[dict[str, Any]]:
    with rest.stream(method, path, headers={"accept": "text/event-stream"}, **options) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def test_bars_come_from_the_broker_as_traded_and_say_so(rest: httpx.Client) -> None:
    first = rest.get("/api/data/AAPL", params={"start": "2000-03-01", "end": "2000-03-01"}).json()["bars"]
    assert first["close"] == [130.31]  # two splits lie behind it, which the broker puts into its prices
    assert first["sources"] == ["ibsim:bokeh_sampledata"]
    newest = rest.get("/api/data/CBA/latest").json()["bar"]
    assert newest["sources"] == ["ibsim:synthetic"]


def test_a_collection_is_followed_by_sse_and_kept_in_the_ledger(rest: httpx.Client) -> None:
    body = {"start": "2024-01-01", "end": "2024-12-31"}
    told = list(events(rest, "POST", "/api/collect/historical/CBA", json=body))
    last = told[-2]["collection"]
    assert "end" in told[-1]
    assert last["progress"]["state"] == "COLLECTION_STATE_SUCCEEDED"
    ledger = rest.get(f"/api/collections/{last['id']}").json()
    assert [chunk["state"] for chunk in ledger["chunks"]] == ["CHUNK_STATE_DONE"] * len(ledger["chunks"])
    assert sum(chunk["newBars"] for chunk in ledger["chunks"]) == int(last["progress"]["newBars"])
    again = list(events(rest, "POST", "/api/collect/historical/CBA", json=body))[-2]["collection"]
    assert int(again["progress"]["requests"]) == 0


def test_shorter_bars_are_collected_and_read(stack: Stack, demo: Any) -> None:
    asked = ("AAPL", "--interval", "5m", "--start", "2026-11-18", "--end", "2026-11-19")
    collected = json.loads(stack.run("collect", "history", *asked, "--json").stdout.splitlines()[-1])
    assert (collected["state"], collected["new_bars"]) == ("succeeded", 2 * 78)
    bars = stack.json("bars", "get", *asked)["bars"]
    assert len(bars["timeNs"]) == 2 * 78
    assert set(bars["sessionDate"]) == {20261118, 20261119}


def test_coverage_gives_every_session_a_state(rest: httpx.Client) -> None:
    found = rest.get("/api/coverage/GOOG", params={"start": "2004-01-01", "end": "2013-03-01"}).json()
    counts = {one["state"].removeprefix("SESSION_STATE_"): one["sessions"] for one in found["counts"]}
    assert counts["PRESENT"] == found["sessionsPresent"] == found["sessionsExpected"] == 2148
    assert set(counts) == {"PRESENT", "HOLIDAY", "NOT_LISTED"}


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ({"symbol": "NOSUCH", "primaryExchange": "NYSE", "currency": "USD"}, "SYMBOL_UNKNOWN_TO_BROKER"),
        ({"symbol": "AAPL", "primaryExchange": "NASDAQ", "currency": "USD"}, "SYMBOL_EXISTS"),
    ],
)
def test_the_broker_is_asked_before_a_symbol_is_stored(rest: httpx.Client, symbol: Any, reason: str) -> None:
    answer = rest.post("/api/symbols", json=symbol).json()
    assert answer["details"][0]["reason"] == reason


def test_live_prices_come_by_sse(rest: httpx.Client) -> None:
    quoted = set()
    stream = events(rest, "GET", "/api/stream/quotes", params={"symbols": ["AAPL", "CBA.ASX"]})
    for number, event in enumerate(stream, 1):
        assert int(event["sequence"]) == number
        quote = event.get("quote", {})
        if "last" in quote:
            assert quote["marketDataType"] != "MARKET_DATA_TYPE_UNSPECIFIED"
            assert quote["source"] == "ibsim:synthetic"
            quoted.add(quote["symbol"])
        if len(quoted) == 2:
            break


def test_an_exchange_tells_its_hours(rest: httpx.Client) -> None:
    hours = rest.get("/api/market-hours/ASX", params={"date": "2026-11-20"}).json()
    assert hours["timeZone"] == "Australia/Sydney"
    assert hours["session"] == {
        "date": "2026-11-20",
        "openTime": "2026-11-19T23:00:00Z",
        "closeTime": "2026-11-20T05:00:00Z",
    }


def test_the_way_from_the_broker_is_checked_step_by_step(stack: Stack, demo: Any) -> None:
    found = json.loads(stack.run("collect", "check", "--json").stdout.splitlines()[-1])
    assert found["ok"]
    assert [step["result"] for step in found["steps"]] == ["ok"] * 7


def test_those_verified_lately_are_not_asked_about(stack: Stack, demo: Any) -> None:
    last = json.loads(stack.run("symbols", "validate", "--json").stdout.splitlines()[-1])
    assert last["skipped"] == last["total"]
    five = json.loads(
        stack.run("symbols", "validate", "--force-revalidate", "--limit", "5", "--json").stdout.splitlines()[-1]
    )
    assert five["valid"] + five["invalid"] == five["total"] == 5  # FB among them, which no broker knows any more
