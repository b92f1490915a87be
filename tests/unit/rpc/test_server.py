"""How a server is found, watched and stopped."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.rpc import logs, reflection
from scizor.rpc.readiness import Readiness
from scizor.rpc.server import Server, Service, serve
from scizor.rpc.settings import ServerSettings

from .conftest import NAME, Running, Started, until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health_of(running: Running, service: str) -> int:
    return await health_on(running.channel, service)


async def health_on(channel: grpc.aio.Channel, service: str) -> int:
    request = health_pb2.HealthCheckRequest(service=service)
    return int((await health_pb2_grpc.HealthStub(channel).Check(request)).status)


async def listed(running: Running, **metadata: str) -> set[str]:
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    question = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = stub.ServerReflectionInfo(iter([question]), metadata=list(metadata.items()))
    return {service.name async for answer in answers for service in answer.list_services_response.service}


async def test_health_answers_for_the_server_and_for_each_service(running: Running) -> None:
    assert await health_of(running, "") == SERVING
    assert await health_of(running, NAME) == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health_of(running, "unknown")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_service_that_stands_by_is_well_and_says_that_it_takes_no_calls() -> None:
    readiness = Readiness()
    server = Server([Service("test.Led", lambda *_: None, None, readiness=readiness)], ServerSettings(port=0))
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert (await health_on(channel, ""), await health_on(channel, "test.Led")) == (SERVING, NOT_SERVING)
        watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="test.Led"))
        for ready, told in ((False, NOT_SERVING), (True, SERVING), (False, NOT_SERVING)):
            readiness.set(ready)
            async with asyncio.timeout(5):
                assert (await watched.read()).status == told
        watched.cancel()
        await server.stop()


async def test_reflection_lists_what_is_served_and_to_the_edge_the_platform(running: Running) -> None:
    own = await listed(running)
    assert NAME in own
    assert not any("Backtest" in name for name in own)
    assert set(reflection.CONTRACTS) <= await listed(running, **{reflection.HEADER: "all"})


async def test_a_taken_port_is_an_error(running: Running) -> None:
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{running.port}"):
        await Server([], ServerSettings(port=running.port)).start()


def reason_of(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    return str(info.reason)


async def test_a_stopping_server_finishes_calls_and_refuses_new_ones(started: Started) -> None:
    async with started() as running:
        inside, release = asyncio.Event(), asyncio.Event()

        async def symbol(request: pb.GetSymbolRequest) -> object:
            if request.symbol == "SLOW":
                inside.set()
                await release.wait()
            return pb.GetSymbolResponse()

        running.told.symbol = symbol
        slow = asyncio.ensure_future(running.stub.GetSymbol(pb.GetSymbolRequest(symbol="SLOW")))
        await inside.wait()
        stopping = asyncio.create_task(running.server.stop())
        watched = health_pb2_grpc.HealthStub(running.channel).Watch(health_pb2.HealthCheckRequest(service=NAME))
        async with asyncio.timeout(5):
            while (await watched.read()).status != NOT_SERVING:
                pass
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="NEW"))
        assert (caught.value.code(), reason_of(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
        release.set()
        assert await slow == pb.GetSymbolResponse()
        await stopping


async def test_a_stream_that_outlives_the_grace_is_told_why_it_ends(started: Started) -> None:
    async with started() as running:

        async def bars(_: object) -> AsyncIterator[object]:
            yield pb.StreamBarsResponse(sequence=1)
            await asyncio.Event().wait()

        running.told.bars = bars
        call = running.stub.StreamBars(pb.StreamBarsRequest(symbol="A"))
        await call.read()
        stopping = asyncio.create_task(running.server.stop())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert (caught.value.code(), reason_of(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
        await stopping


async def test_a_call_that_ran_out_of_time_and_still_tidies_up_does_not_stop_the_stopping(started: Started) -> None:
    tidying, tidied = asyncio.Event(), asyncio.Event()

    async def symbol(_: pb.GetSymbolRequest) -> object:
        try:
            await asyncio.Event().wait()
        finally:
            tidying.set()
            await tidied.wait()
        return pb.GetSymbolResponse()

    async with started(unary_deadline_s=0.01) as running:
        running.told.symbol = symbol
        call = asyncio.ensure_future(running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A")))
        await tidying.wait()
        stopping = asyncio.create_task(running.server.stop())
        await until(lambda: stopping.done() or call.done())
        tidied.set()
        await stopping
        with pytest.raises(grpc.aio.AioRpcError):
            await call


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_server_and_then_calls_back_in_order(number: signal.Signals) -> None:
    called: list[str] = []

    async def failing() -> None:
        called.append("jobs")
        raise RuntimeError("no")

    async def last() -> None:
        called.append("database")

    with structlog.testing.capture_logs() as lines:
        serving = asyncio.create_task(serve([], ServerSettings(port=0), on_stop=[failing, last]))
        await until(lambda: bool(lines))
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await serving
    assert called == ["jobs", "database"]
    assert [line["event"] for line in lines] == ["serving", "stopped", "stop_failed"]


async def test_callbacks_are_called_when_the_server_cannot_start(running: Running) -> None:
    called = asyncio.Event()

    async def close() -> None:
        called.set()

    with pytest.raises(OSError, match="cannot listen"):
        await serve([], ServerSettings(port=running.port), on_stop=[close])
    assert called.is_set()


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """Logging may be set up anew for one test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before: dict[str, Any] = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.usefixtures("_own_logging")
def test_a_line_is_json_with_its_fields_whoever_logs_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", console=False)
    structlog.get_logger("ours").info("call", ms=1.5)
    logging.getLogger("theirs").warning("old style %d", 7)
    logging.getLogger("theirs").debug("too quiet")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["ms"], first["logger"], first["level"]) == ("call", 1.5, "ours", "info")
    assert (second["event"], second["logger"], second["level"]) == ("old style 7", "theirs", "warning")
    assert first["time"].endswith("Z")


@pytest.mark.usefixtures("_own_logging")
def test_a_person_gets_lines_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", console=True)
    structlog.get_logger("ours").info("serving", port=1)
    line = capsys.readouterr().err
    assert "serving" in line
    assert not line.startswith("{")
