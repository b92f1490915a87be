"""A search over REST and by the command, through the real Envoy, the real service and its worker processes."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.e2e.stack import Stack
from tests.e2e.test_rest import SPEC, reason

SEARCH: dict[str, Any] = {
    "backtest": {name: value for name, value in SPEC.items() if name != "parameters"},
    "space": [
        {"name": "fast", "range": {"min": 5, "max": 12}},
        {"name": "slow", "values": [20, 30, 40]},
    ],
    "constraints": [{"metric": "n_trades", "atLeast": 3}],
    "validation": {"scheme": "VALIDATION_SCHEME_ANCHORED", "folds": 3, "purgeSessions": 5},
}


def test_a_search_is_queued_watched_and_read_over_rest(rest: httpx.Client) -> None:
    answer = rest.post("/api/optimizations", json=SEARCH)
    assert answer.status_code == 200, answer.text
    optimization_id = answer.json()["optimization"]["id"]
    watched = rest.get(f"/api/optimizations/{optimization_id}/progress", timeout=120.0)
    messages = [json.loads(line) for line in watched.text.splitlines()]
    numbers = [number for message in messages for number in message.get("trials", {}).get("number", [])]
    assert sorted(numbers) == list(range(1, 25))
    assert "end" in messages[-1]

    got = rest.get(f"/api/optimizations/{optimization_id}").json()
    assert got["optimization"]["state"] == "OPTIMIZATION_STATE_SUCCEEDED", got
    assert len(got["optimization"]["verdict"]["folds"]) == 3
    listed = rest.get(f"/api/optimizations/{optimization_id}/trials", params={"orderBy": "sharpe", "pageSize": 5})
    sharpes = [trial["figures"]["sharpe"] for trial in listed.json()["trials"]]
    assert sharpes == sorted(sharpes, reverse=True)
    assert got["best"][0]["figures"]["sharpe"] <= sharpes[0]
    surface = rest.get(f"/api/optimizations/{optimization_id}/surface").json()["surface"]
    assert len(surface["value"]) == 24
    again = rest.post(f"/api/optimizations/{optimization_id}:pause", json={})
    assert again.status_code == 400
    assert reason(again) == "OPTIMIZATION_FINISHED"
    assert optimization_id in [one["id"] for one in rest.get("/api/optimizations").json()["optimizations"]]


def test_a_space_that_cannot_be_searched_is_refused_by_its_field(rest: httpx.Client) -> None:
    answer = rest.post("/api/optimizations", json=SEARCH | {"space": [{"name": "fats", "values": [1]}]})
    assert answer.status_code == 400
    assert reason(answer) == "STRATEGY_PARAMETER_INVALID"
    assert "optimization.space.fats" in answer.text
    nothing = rest.get("/api/optimizations/0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b11")
    assert nothing.status_code == 404
    assert reason(nothing) == "OPTIMIZATION_NOT_FOUND"


def test_the_command_searches_and_shows_the_best_and_the_map(stack: Stack, demo: Any) -> None:
    words = ("--symbols", "AAPL", "--param", "fast=5:9", "--param", "slow=20:40:10")
    told = stack.run("optimize", "sma_cross", *words).stdout
    assert "15 of 15" in told
    assert "Best by sharpe" in told
    assert "deflated sharpe" in told
    done = stack.json("optimize", "sma_cross", *words, "--method", "random", "--max-trials", "6", "--seed", "3")
    assert len(done["best"]) == 6
    assert done["surface"]["x"]["name"] == "slow"
    listed = stack.json("optimization", "list", "--limit", "2")
    assert done["optimization"]["id"] in [one["id"] for one in listed["optimizations"]]
