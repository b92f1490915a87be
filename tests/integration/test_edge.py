"""What the edge makes of calls: routes, translations, refusals and deadlines."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.edge_stack import (
    Edge,
    answered,
    free_ports,
    running_edge,
    running_envoy,
    settings_for,
)

A_BACKTEST = {"strategyId": "sma_cross", "symbols": ["AAPL"], "initialCapital": {"currencyCode": "USD", "units": "1"}}


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with running_edge(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


def reason_in(status: dict[str, Any]) -> str:
    info = status["details"][0]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    return f"{info['domain']} {info['reason']}"


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines() if line]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/symbols/AAPL", None),
        ("DELETE", "/api/symbols/AAPL?force=true", None),
        ("POST", "/api/symbols:populate", {}),
        ("GET", "/api/data/AAPL?page_size=3&adjustment=adjustment_split", None),
        ("GET", "/api/data/AAPL/stream", None),
        ("GET", "/api/data:stream?symbols=A&symbols=B", None),
        ("POST", "/api/backtests", A_BACKTEST),
        ("POST", "/api/backtests/6b0a6f0e-3c0e-4f5e-9a51-1d1f6f1f6f1f:cancel", {}),
    ],
)
async def test_a_rest_call_is_answered(edge: Edge, method: str, path: str, body: object) -> None:
    response = await edge.rest.request(method, path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["x-request-id"]


async def test_json_has_every_field_and_enums_in_either_case(edge: Edge) -> None:
    bars = (await edge.rest.get("/api/data/AAPL?page_size=1&adjustment=adjustment_split")).json()["bars"]
    assert (bars["adjustment"], bars["close"], bars["currency"]) == ("ADJUSTMENT_SPLIT", [1.25], "")


async def test_a_page_of_ten_thousand_bars_comes_through(edge: Edge) -> None:
    response = await edge.rest.get("/api/data/AAPL?page_size=10000")
    assert len(response.json()["bars"]["close"]) == 10_000


@pytest.mark.parametrize(
    ("port", "path", "status"),
    [
        ("marketdata_port", "/api/symbols/AAPL", 200),
        ("marketdata_port", "/api/backtests", 404),
        ("backtest_port", "/api/backtests", 200),
        ("backtest_port", "/api/symbols/AAPL", 404),
    ],
)
async def test_a_services_own_port_answers_for_it_alone(edge: Edge, port: str, path: str, status: int) -> None:
    response = await edge.rest.get(f"http://127.0.0.1:{getattr(edge.settings, port)}{path}")
    assert response.status_code == status


async def test_a_stream_comes_as_json_lines_with_its_end_in_band(edge: Edge) -> None:
    messages = lines_of(await edge.rest.get("/api/data:stream?symbols=A&symbols=B"))
    assert [message.get("bars", {}).get("symbol") for message in messages] == ["A", "B", None]
    assert messages[-1]["end"] == {"messageCount": "2"}


async def test_a_stream_comes_as_events_to_who_accepts_them(edge: Edge) -> None:
    response = await edge.rest.get("/api/data/A/stream", headers={"accept": "text/event-stream"})
    assert response.headers["content-type"] == "text/event-stream"
    events = response.text.strip().split("\n\n")
    assert all(event.startswith("data: {") for event in events)
    assert json.loads(events[-1].removeprefix("data: "))["end"] == {"messageCount": "1"}


async def test_a_stream_that_fails_half_way_says_so_in_band(edge: Edge) -> None:
    messages = lines_of(await edge.rest.get("/api/data/GONE/stream"))
    assert reason_in(messages[-1]["status"]) == "scizor SYMBOL_NOT_FOUND"
    assert "end" not in messages[-1]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "reason", "told"),
    [
        ("GET", "/api/symbols/GONE", 404, 5, "scizor SYMBOL_NOT_FOUND", "no symbol GONE"),
        ("GET", "/api/symbols/STALE", 409, 10, "scizor ETAG_STALE", "stale"),
        ("GET", "/api/symbols/AWAY", 503, 14, "scizor STORAGE_UNAVAILABLE", "away"),
        ("GET", "/api/symbols/BUG", 500, 13, "scizor INTERNAL", "a fault of its own"),
        ("GET", "/api/symbols/WIDE", 400, 3, "scizor FIELD_INVALID", "\U0001f600" * 124 + "…"),
        ("GET", "/api/symbols/a%2Fb", 400, 3, "scizor FIELD_INVALID", "symbol: does not match"),
        ("GET", "/api/data/A?start=2020-01-02&end=2020-01-01", 400, 3, "scizor DATE_RANGE_INVALID", "start"),
        ("GET", "/api/data/A?adjustment=bogus", 400, 3, "scizor.edge FIELD_INVALID", "adjustment"),
        ("GET", "/api/symbols/A?symbool=B", 400, 3, "scizor.edge REQUEST_INVALID", "symbool"),
        ("GET", "/api/nowhere", 404, 5, "scizor.edge PATH_NOT_FOUND", "no such path"),
        ("GET", "/", 404, 5, "scizor.edge PATH_NOT_FOUND", "no such path"),
        ("PUT", "/api/symbols", 404, 5, "scizor.edge PATH_NOT_FOUND", "no such path"),
    ],
)
async def test_an_error_has_its_status_code_reason_and_message(
    edge: Edge, method: str, path: str, status: int, code: int, reason: str, told: str
) -> None:
    response = await edge.rest.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    body = response.json()
    assert (body["code"], reason_in(body)) == (code, reason)
    assert told in body["message"]
    assert "hunter2" not in response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "a\0"}, "backtest.title"),
        ({"parameters": {"note": "\0"}}, "backtest.parameters.note"),
        ({"symbols": ["AAPL", "\0"]}, "backtest.symbols[1]"),
    ],
)
async def test_a_text_that_cannot_be_stored_is_refused_by_its_field(edge: Edge, body: object, field: str) -> None:
    response = await edge.rest.post("/api/backtests", json=A_BACKTEST | dict(body))  # type: ignore[call-overload]
    assert (response.status_code, reason_in(response.json())) == (400, "scizor FIELD_INVALID")
    assert response.json()["message"] == f"{field}: must not hold the character NUL"


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\udc00b"'])
async def test_half_of_a_surrogate_pair_is_refused(edge: Edge, text: str) -> None:
    body = json.dumps(A_BACKTEST)[:-1] + f', "title": {text}' + "}"
    response = await edge.rest.post("/api/backtests", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert reason_in(response.json()) == "scizor.edge REQUEST_INVALID"


@pytest.mark.parametrize(
    ("body", "reason", "told"),
    [
        ({"commisionBps": 5}, "scizor FIELD_UNKNOWN", "commisionBps: the request has no such field"),
        ({"initialCapital": {"unit": 1}}, "scizor FIELD_UNKNOWN", "initialCapital.unit"),
        ({"commissionBps": 1, "commission_bps": 2}, "scizor FIELD_UNKNOWN", "by another name"),
        ('{"title": "a", "title": "b"}', "scizor.edge JSON_KEY_TWICE", "title: is there twice"),
        ("{title: 'a'}", "scizor.edge JSON_INVALID", "not JSON at byte 2"),
        ('{"title": "a"} x', "scizor.edge JSON_INVALID", "not JSON at byte 16"),
        ('{"title": "a', "scizor.edge JSON_INVALID", "not JSON at byte 13"),
        ("[" * 200, "scizor.edge JSON_TOO_DEEP", "deeper than 100"),
        ({"parameters": {f"k{n}": n for n in range(1000)}}, "scizor.edge JSON_TOO_MANY_FIELDS", "too many"),
        (
            {"commissionBps": "many"},
            "scizor.edge FIELD_INVALID",
            'backtest.commission_bps: must be a number, not "many"',
        ),
        ("[]", "scizor.edge REQUEST_INVALID", "list"),
    ],
)
async def test_a_body_that_would_mean_something_else_is_refused(
    edge: Edge, body: str | dict[str, Any], reason: str, told: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(A_BACKTEST | body)
    response = await edge.rest.post("/api/backtests", content=text)
    assert response.status_code == 400
    assert reason_in(response.json()) == reason
    assert told in response.json()["message"]


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({"commissionBps": "many"}, "backtest.commission_bps", 'must be a number, not "many"'),
        ({"commissionBps": 'a "word"'}, "backtest.commission_bps", 'must be a number, not "a "word""'),
        ({"initialCapital": {"units": "1.5"}}, "backtest.initial_capital.units", 'must be a whole number, not "1.5"'),
        ({"symbols": [5]}, "backtest.symbols[0]", "must be a text, not 5"),
        ({"sizing": "SIZING_BY_MOOD"}, "backtest.sizing", 'must be of the type Sizing, not "SIZING_BY_MOOD"'),
        ({"initialCapital": 5}, "backtest.initial_capital", "must be of the type Money, not 5"),
        ({"initialCapital": {"units": [1]}}, "backtest.initial_capital", "not repeating"),
    ],
)
async def test_a_value_of_another_type_is_told_with_its_field_and_rule(
    edge: Edge, body: dict[str, Any], field: str, rule: str
) -> None:
    told = (await edge.rest.post("/api/backtests", json=A_BACKTEST | body)).json()
    info, request = told["details"]
    assert (info["reason"], info["metadata"]) == ("FIELD_INVALID", {"field": field})
    (violation,) = request["fieldViolations"]
    assert (request["@type"], violation["field"]) == ("type.googleapis.com/google.rpc.BadRequest", field)
    assert rule in violation["description"]
    assert told["message"] == f"{field}: {violation['description']}"


async def test_free_form_parts_of_a_body_may_hold_anything(edge: Edge) -> None:
    parameters = {"fast, slow.and %": [{"x": None}, {"x": 'quo"te\\'}], "é": {"": -1.5e-3}}
    headers = {"x-scizor-json-fields": "forged", "x-scizor-refused": "forged"}
    response = await edge.rest.post("/api/backtests", json=A_BACKTEST | {"parameters": parameters}, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["backtest"]["parameters"] == parameters


async def test_a_body_of_a_call_that_takes_none_is_refused(edge: Edge) -> None:
    response = await edge.rest.request("DELETE", "/api/symbols/AAPL", json={"force": True})
    assert (response.status_code, reason_in(response.json())) == (400, "scizor FIELD_UNKNOWN")


async def test_ten_megabytes_are_refused(edge: Edge) -> None:
    response = await edge.rest.post("/api/backtests", content=b"x" * 10_000_000)
    assert (response.status_code, response.json()["code"]) == (413, 8)
    assert reason_in(response.json()) == "scizor.edge MESSAGE_TOO_LARGE"


@pytest.mark.parametrize("deadline", ["1m", "9m", "60m", "200m"])
async def test_a_deadline_over_rest_is_kept(edge: Edge, deadline: str) -> None:
    response = await edge.rest.get("/api/symbols/FOREVER", headers={"grpc-timeout": deadline})
    assert (response.status_code, response.json()["code"]) == (504, 4)


async def test_a_reader_who_leaves_ends_the_stream_on_the_server(edge: Edge) -> None:
    edge.marketdata.left.clear()
    async with edge.rest.stream("GET", "/api/data/FOREVER/stream") as response:
        assert "FOREVER" in await anext(response.aiter_lines())
    async with asyncio.timeout(5):
        await edge.marketdata.left.wait()


@pytest.mark.parametrize(("method", "calls"), [("GET", 3), ("DELETE", 1)])
async def test_only_a_read_is_tried_again(edge: Edge, method: str, calls: int) -> None:
    edge.marketdata.calls.clear()
    await edge.rest.request(method, "/api/symbols/AWAY")
    assert len(edge.marketdata.calls) == calls


async def test_a_service_that_is_away_is_told_and_the_other_answers(edge: Edge, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    settings = replace(settings_for(0, nobody), marketdata=edge.settings.marketdata)
    async with running_envoy(settings, tmp_path) as rest:
        await answered(lambda: rest.get("/api/health"), 200)
        response = await rest.get("/api/backtests")
        assert (response.status_code, response.json()["code"]) == (503, 14)
        assert reason_in(response.json()) == "scizor.edge SERVICE_UNAVAILABLE"


def test_the_command_renders_what_envoy_accepts(tmp_path: Path) -> None:
    output = tmp_path / "envoy.yaml"
    arguments = [sys.executable, "-m", "scizor.services.edge", "--output", str(output), "--validate", "--port", "18080"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "port_value: 18080" in output.read_text()
