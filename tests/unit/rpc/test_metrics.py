"""What is counted of calls, and the page it is read from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from scizor.domain.errors import NotFound, Reason, Unavailable
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.rpc.metrics import BUCKETS_S, Figure, Metrics, Readings
from scizor.rpc.server import Server
from scizor.rpc.settings import ServerSettings
from tests.e2e.stack import free_ports

from .conftest import NAME, Running, Started


@asynccontextmanager
async def scraped(started: Started, **settings: Any) -> AsyncIterator[tuple[Running, str]]:
    """A server, and where its page is."""
    (port,) = free_ports(1)
    async with started(metrics_port=port, **settings) as running:
        yield running, f"http://127.0.0.1:{port}/metrics"


async def families(url: str) -> dict[str, Metric]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {one.name: one for one in text_string_to_metric_families(answer.text)}


def values(family: Metric, name: str = "", **labels: str) -> dict[str, float]:
    """Of each sample that has those labels, its number by its code, or by its kind of method."""
    return {
        one.labels.get("grpc_code", one.labels.get("grpc_type", "")): one.value
        for one in family.samples
        if one.name == (name or family.name) and labels.items() <= one.labels.items()
    }


async def ended(url: str, method: str) -> dict[str, float]:
    """Calls of a method that ended, by their code."""
    found = await families(url)
    return values(found["grpc_server_handled"], "grpc_server_handled_total", grpc_method=method)


async def until_ended(url: str, method: str, expected: dict[str, float]) -> None:
    """A caller may have its answer before the call has ended here."""
    async with asyncio.timeout(5):
        while await ended(url, method) != expected:
            pass


async def test_calls_are_counted_by_method_and_status(started: Started) -> None:
    async with scraped(started) as (running, url):

        async def symbol(request: pb.GetSymbolRequest) -> object:
            if request.symbol == "GONE":
                raise NotFound("no such symbol", Reason.SYMBOL_NOT_FOUND)
            return pb.GetSymbolResponse()

        running.told.symbol = symbol
        for name in ("A", "B", "GONE"):
            await asyncio.gather(running.stub.GetSymbol(pb.GetSymbolRequest(symbol=name)), return_exceptions=True)
        with pytest.raises(grpc.aio.AioRpcError):
            await running.stub.GetSymbol(pb.GetSymbolRequest())
        await until_ended(url, "GetSymbol", {"OK": 2, "NOT_FOUND": 1, "INVALID_ARGUMENT": 1})
        found = await families(url)
        labels = {"grpc_service": NAME, "grpc_method": "GetSymbol", "grpc_type": "unary"}
        assert sum(values(found["grpc_server_handled"], "grpc_server_handled_total", **labels).values()) == 4
        assert values(found["grpc_server_started"], "grpc_server_started_total", **labels) == {"unary": 4}
        seconds = found["grpc_server_handling_seconds"]
        assert values(seconds, "grpc_server_handling_seconds_count", **labels) == {"unary": 4}
        assert 0 < values(seconds, "grpc_server_handling_seconds_sum", **labels)["unary"] < 5
        bounds = [one.labels["le"] for one in seconds.samples if one.name.endswith("_bucket")]
        assert [float(bound) for bound in bounds] == [*BUCKETS_S, float("inf")]
        assert values(found["scizor_calls_under_way"], **labels) == {"unary": 0}


async def test_a_stream_is_one_call_that_is_under_way_until_it_ends(started: Started) -> None:
    async with scraped(started) as (running, url):
        release = asyncio.Event()

        async def bars(_: object) -> AsyncIterator[object]:
            yield pb.StreamBarsResponse(sequence=1)
            await release.wait()
            yield pb.StreamBarsResponse(sequence=2)

        running.told.bars = bars
        call = running.stub.StreamBars(pb.StreamBarsRequest(symbol="A"))
        await call.read()
        under_way = (await families(url))["scizor_calls_under_way"]
        assert values(under_way, grpc_method="StreamBars") == {"server_stream": 1}
        assert await ended(url, "StreamBars") == {}
        release.set()
        assert (await call.read()).sequence == 2
        assert await call.read() is grpc.aio.EOF
        await until_ended(url, "StreamBars", {"OK": 1})
        assert values((await families(url))["scizor_calls_under_way"], grpc_method="StreamBars") == {"server_stream": 0}


async def test_a_call_that_its_caller_left_is_cancelled_and_one_whose_time_is_over_is_not(started: Started) -> None:
    async with scraped(started) as (running, url):
        inside = asyncio.Event()

        async def symbol(_: object) -> object:
            inside.set()
            await asyncio.Event().wait()
            return pb.GetSymbolResponse()

        running.told.symbol = symbol
        left = running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))
        asking = asyncio.ensure_future(left)
        await inside.wait()
        left.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        with pytest.raises(grpc.aio.AioRpcError, match="DEADLINE_EXCEEDED"):
            await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"), timeout=0.1)
        await until_ended(url, "GetSymbol", {"CANCELLED": 1, "DEADLINE_EXCEEDED": 1})


async def test_only_methods_of_the_contract_are_labels(started: Started) -> None:
    async with scraped(started) as (running, url):
        for path in (f"/{NAME}/Guess1", "/who.knows/What", "/grpc.health.v1.Health/Check"):
            ask: Any = running.channel.unary_unary(path)
            await asyncio.gather(ask(b""), return_exceptions=True)
        found = await families(url)
        assert found["grpc_server_started"].samples == []
        assert found["grpc_server_handled"].samples == []
        assert found["process_open_fds"].samples


async def test_figures_are_read_in_the_loop_when_asked_for_and_what_is_unknown_has_no_number() -> None:
    loop = asyncio.get_running_loop()
    told: dict[tuple[str, ...], float] = {("DU1", "OPEN"): 1.0}

    def gates() -> Readings:
        assert asyncio.get_running_loop() is loop
        return told

    def away() -> Readings:
        raise Unavailable("books are being read", Reason.TRADING_NOT_READY)

    figures = [
        Figure("scizor_test_gate", "Of an account.", gates, ("account", "state")),
        Figure("scizor_test_away", "Nobody knows.", away),
    ]
    (port,) = free_ports(1)
    server = Server([], ServerSettings(0, metrics_port=port), figures)
    await server.start()
    try:
        for number in (1.0, 0.0):
            told["DU1", "OPEN"] = number
            found = await families(f"http://127.0.0.1:{port}/metrics")
            (only,) = found["scizor_test_gate"].samples
            assert (only.labels, only.value) == ({"account": "DU1", "state": "OPEN"}, number)
            assert found["scizor_test_away"].samples == []
    finally:
        await server.stop()


async def test_nothing_is_served_unless_asked_for_and_nothing_is_left_of_what_was(started: Started) -> None:
    async with scraped(started) as (_, url):
        await families(url)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
    before = Metrics()
    assert "grpc_server_started" in {one.name for one in before.registry.collect()}
    await before.close()


async def test_a_taken_port_is_an_error_that_names_the_setting(running: Running) -> None:
    settings = ServerSettings(0, metrics_port=running.port, metrics_setting="SCIZOR_TRADING_METRICS_PORT")
    told = (
        f"cannot listen on 127.0.0.1:{running.port} for metrics, which SCIZOR_TRADING_METRICS_PORT asks for: .*in use"
    )
    with pytest.raises(OSError, match=told):
        await Server([], settings).start()


def test_servers_of_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    assert one.registry is not other.registry


async def test_a_page_is_read_while_calls_go_on(started: Started) -> None:
    async with scraped(started) as (running, url):
        done: Mapping[str, float] = {}

        async def call() -> None:
            for _ in range(50):
                await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))

        calling = [asyncio.create_task(call()) for _ in range(4)]
        while not all(one.done() for one in calling):
            found = await ended(url, "GetSymbol")
            assert found.get("OK", 0) >= done.get("OK", 0)
            done = found
        await asyncio.gather(*calling)
        await until_ended(url, "GetSymbol", {"OK": 200})
