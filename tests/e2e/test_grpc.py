"""The same answers over gRPC: grpcurl and buf curl by reflection, gRPC-Web, and the Python client."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from scizor.client import CallError, Client
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from tests.e2e.stack import BIN, Stack

README = Path(__file__).parents[2] / "README.md"
BACKTEST = "scizor.backtest.v1.BacktestService"
GET_BARS = "scizor.marketdata.v1.MarketDataService/GetBars"
YEAR_2010: dict[str, Any] = {"symbol": "AAPL", "start": "2010-01-01", "end": "2010-12-31"}


@pytest.fixture
def client(stack: Stack, demo: Any) -> Iterator[Client]:
    with Client(stack.edge) as connected:
        yield connected


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], capture_output=True, text=True, timeout=30, check=False
    )


def test_grpcurl_lists_and_calls_by_reflection(stack: Stack, demo: Any) -> None:
    services = tool("grpcurl", "-plaintext", stack.edge, "list").stdout.split()
    assert {"scizor.marketdata.v1.MarketDataService", "scizor.backtest.v1.BacktestService"} <= set(services)
    called = tool("grpcurl", "-plaintext", "-d", json.dumps(YEAR_2010), stack.edge, GET_BARS)
    assert len(json.loads(called.stdout)["bars"]["close"]) == 252


def test_buf_curl_calls_by_reflection_and_shows_the_reason(stack: Stack, demo: Any) -> None:
    options = ("--http2-prior-knowledge", "--protocol", "grpc")
    url = f"http://{stack.edge}/{GET_BARS}"
    good = tool("buf", "curl", *options, "-d", json.dumps(YEAR_2010), url)
    assert len(json.loads(good.stdout)["bars"]["close"]) == 252
    bad = tool("buf", "curl", *options, "-d", '{"symbol": "NOPE"}', url)
    assert bad.returncode != 0
    assert "not_found" in bad.stderr
    assert "NOPE" in bad.stderr


def test_grpcurl_asks_for_a_backtest_and_buf_curl_watches_it(stack: Stack, demo: Any) -> None:
    spec = {
        "strategyId": "buy_and_hold",
        "symbols": ["AAPL"],
        "initialCapital": {"currencyCode": "USD", "units": 10000},
    }
    asked = tool(
        "grpcurl", "-plaintext", "-d", json.dumps({"backtest": spec}), stack.edge, f"{BACKTEST}/CreateBacktest"
    )
    backtest = json.loads(asked.stdout)["backtest"]["id"]
    url, request = f"http://{stack.edge}/{BACKTEST}/WatchBacktest", json.dumps({"id": backtest})
    watched = tool("buf", "curl", "--http2-prior-knowledge", "--protocol", "grpc", "-d", request, url)
    decoder, events, rest = json.JSONDecoder(), [], watched.stdout.strip()
    while rest:
        event, length = decoder.raw_decode(rest)
        events.append(event)
        rest = rest[length:].strip()
    assert "end" in events[-1]
    assert [event["progress"] for event in events if "progress" in event][-1]["state"] == "BACKTEST_STATE_SUCCEEDED"


def test_a_browser_calls_by_grpc_web(stack: Stack, demo: Any) -> None:
    body = pb.GetBarsRequest(**YEAR_2010).SerializeToString()
    answer = httpx.post(
        f"http://{stack.edge}/{GET_BARS}",
        content=b"\0" + struct.pack(">I", len(body)) + body,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    length = struct.unpack(">I", answer.content[1:5])[0]
    assert len(pb.GetBarsResponse.FromString(answer.content[5 : 5 + length]).bars.close) == 252


def test_the_client_reads_what_rest_reads(client: Client, stack: Stack) -> None:
    bars = client.bars.get("AAPL", start="2010-01-01", end="2010-12-31")
    rest = httpx.get(stack.rest() + "/api/data/AAPL", params={"start": "2010-01-01", "end": "2010-12-31"}).json()[
        "bars"
    ]
    np.testing.assert_array_equal(bars.close, rest["close"])
    np.testing.assert_array_equal(bars.session_date, rest["sessionDate"])


def test_the_client_names_what_was_wrong(client: Client) -> None:
    with pytest.raises(CallError) as caught:
        client.bars.get("NOPE")
    assert caught.value.reason == "SYMBOL_NOT_FOUND"
    with pytest.raises(CallError) as caught:
        client.bars.get("AAPL", start="2011-01-01", end="2010-01-01")
    assert caught.value.reason == "DATE_RANGE_INVALID"


@pytest.mark.parametrize("number", [0, 1])
def test_the_python_of_the_readme_runs_as_it_stands(stack: Stack, demo: Any, number: int) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    program = blocks[number].replace("127.0.0.1:8080", stack.edge)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
