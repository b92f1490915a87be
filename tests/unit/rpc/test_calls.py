"""Calls of all four kinds through the stages of a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scizor.domain.errors import NotFound, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1.symbol_pb2 import Symbol
from scizor.rpc.access import AccessLog
from scizor.rpc.calls import Pipeline
from scizor.rpc.errors import ErrorMapping

from .conftest import Running, Started, until


def header(**fields: Any) -> pb.ImportBarsRequest:
    return pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="test", **fields))


async def refused(call: Any) -> tuple[str, str, str]:
    """Code, reason and message of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call if not hasattr(call, "__aiter__") else [each async for each in call]
    status = rpc_status.from_call(caught.value)
    assert status is not None, caught.value
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return caught.value.code().name, info.reason, status.message


def talk(running: Running, requests: list[pb.ImportBarsRequest]) -> Any:
    method = running.channel.stream_stream(
        "/test.Echo/Talk", pb.ImportBarsRequest.SerializeToString, pb.ImportBarsRequest.FromString
    )
    return method(iter(requests))


async def test_a_call_of_each_kind_goes_through(running: Running) -> None:
    assert (await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="AAPL"))).symbol.symbol == "AAPL"
    bars = [each.sequence async for each in running.stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL"))]
    assert bars == [1, 2]
    assert (await running.stub.ImportBars(iter([header(), header()]))).summary.rows_read == 2
    assert [each async for each in talk(running, [header(symbol="A"), header(symbol="B")])] == [
        header(symbol="A"),
        header(symbol="B"),
    ]


async def test_a_broken_rule_is_refused_in_each_kind_of_call(running: Running) -> None:
    bad = header(symbol="not a symbol!")
    calls = [
        (running.stub.GetSymbol(pb.GetSymbolRequest(symbol="?")), "symbol"),
        (running.stub.StreamBars(pb.StreamBarsRequest(symbols=["A", "?"])), "symbols[1]"),
        (running.stub.ImportBars(iter([header(), bad])), "header.symbol"),
        (talk(running, [header(), bad]), "header.symbol"),
    ]
    for call, field in calls:
        code, reason, message = await refused(call)
        assert (code, reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
        assert message.startswith(f"{field}: does not match regex pattern")
    assert running.told.imported == [header()]


async def test_an_error_before_or_after_the_first_message_has_its_status(running: Running) -> None:
    async def symbol(_: object) -> object:
        raise NotFound("no such symbol", Reason.SYMBOL_NOT_FOUND)

    async def bars(_: object) -> AsyncIterator[object]:
        yield pb.StreamBarsResponse(sequence=1)
        raise NotFound("gone", Reason.SYMBOL_NOT_FOUND)

    running.told.symbol, running.told.bars = symbol, bars
    expected = ("NOT_FOUND", "SYMBOL_NOT_FOUND")
    assert (await refused(running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))))[:2] == expected
    assert (await refused(running.stub.StreamBars(pb.StreamBarsRequest(symbol="A"))))[:2] == expected


async def test_a_fault_is_internal_and_only_the_log_tells_more(running: Running) -> None:
    async def symbol(_: object) -> object:
        raise RuntimeError("SELECT secret FROM users")

    running.told.symbol = symbol
    with structlog.testing.capture_logs() as lines:
        call = running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"), metadata=[("x-request-id", "r-7")])
        code, reason, message = await refused(call)
    assert (code, reason) == ("INTERNAL", "INTERNAL")
    assert "r-7" in message
    assert "secret" not in message
    fault = next(line for line in lines if line["event"] == "fault")
    assert (fault["request_id"], str(fault["exc_info"])) == ("r-7", "SELECT secret FROM users")


async def test_a_handler_may_answer_with_anything_that_writes_the_same_bytes(running: Running) -> None:
    class Twin:
        def SerializeToString(self) -> bytes:
            return pb.GetSymbolResponse(symbol=Symbol(symbol="TWIN")).SerializeToString()

    async def symbol(_: object) -> object:
        return Twin()

    running.told.symbol = symbol
    assert (await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))).symbol.symbol == "TWIN"


async def test_a_message_too_large_is_refused_in_words(started: Started) -> None:
    async with started(max_message_bytes=1000) as running:
        large = pb.GetSymbolRequest(symbol="A" * 2000)
        code, reason, message = await refused(running.stub.GetSymbol(large))
        assert (code, reason) == ("RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE")
        assert "1,000" in message
        with pytest.raises(grpc.aio.AioRpcError) as caught:  # behind the wall grpc itself answers
            await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A" * 5000))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_bytes_that_are_no_message_are_refused_in_words(running: Running) -> None:
    method: Any = running.channel.unary_unary("/scizor.marketdata.v1.MarketDataService/GetSymbol")
    assert (await refused(method(b"\xff\xff\xff")))[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")


async def test_a_call_without_a_deadline_gets_the_servers(started: Started) -> None:
    async def symbol(_: object) -> object:
        await asyncio.Event().wait()
        return None

    async with started(unary_deadline_s=0.05) as running:
        running.told.symbol = symbol
        call = running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))
        assert (await refused(call))[:2] == ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED")


async def test_a_deadline_of_a_millisecond_ends_the_call_and_not_the_server(running: Running) -> None:
    ended = asyncio.Event()

    async def symbol(_: object) -> object:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    running.told.symbol, kept = symbol, running.told.symbol
    for timeout_s in (0.001, 0.05):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"), timeout=timeout_s)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    async with asyncio.timeout(5):
        await ended.wait()
    running.told.symbol = kept
    assert (await running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))).symbol.symbol == "A"


@pytest.mark.parametrize("floods", [True, False], ids=["while it writes", "while it waits"])
async def test_a_cancelled_stream_closes_its_handler_at_once(running: Running, floods: bool) -> None:
    ended: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

    async def bars(_: object) -> AsyncIterator[object]:
        try:
            yield pb.StreamBarsResponse(sequence=1)
            while floods:
                yield pb.StreamBarsResponse(cursor="x" * 100_000)
            await asyncio.Event().wait()
        except BaseException as error:
            ended.set_result(type(error))
            raise

    running.told.bars = bars
    with structlog.testing.capture_logs() as lines:
        call = running.stub.StreamBars(pb.StreamBarsRequest(symbol="A"))
        assert (await call.read()).sequence == 1
        call.cancel()
        async with asyncio.timeout(5):
            assert await ended in (asyncio.CancelledError, GeneratorExit)
        await until(lambda: bool(lines))
    assert [line["code"] for line in lines if line["event"] == "call"] == ["CANCELLED"]


async def test_a_write_that_meets_a_caller_who_left_is_a_cancellation() -> None:
    class Gone:
        invocation_metadata = code = time_remaining = peer = staticmethod(lambda: None)

        async def write(self, _: object) -> None:
            raise grpc.aio.InternalError("Failed grpc_call_start_batch")

    async def bars(*_: object) -> AsyncIterator[object]:
        yield pb.StreamBarsResponse()

    behavior: Any = bars
    handler: Any = grpc.unary_stream_rpc_method_handler(behavior, pb.StreamBarsRequest.FromString)
    pipeline = Pipeline([AccessLog(), ErrorMapping()], max_message_bytes=1000)
    details: Any = SimpleNamespace(method="/test.Bars/Stream")
    wrapped: Any = await pipeline.intercept_service(AsyncMock(return_value=handler), details)
    with structlog.testing.capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await wrapped.unary_stream(pb.StreamBarsRequest(), Gone())
    assert [line["code"] for line in lines] == ["CANCELLED"]


async def test_more_calls_than_allowed_are_refused(started: Started) -> None:
    async with started(max_concurrent_calls=1) as running:
        inside, release = asyncio.Event(), asyncio.Event()

        async def symbol(_: object) -> object:
            inside.set()
            await release.wait()
            return pb.GetSymbolResponse()

        running.told.symbol = symbol
        first = running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))
        waiting = asyncio.ensure_future(first)
        await inside.wait()
        second = running.stub.GetSymbol(pb.GetSymbolRequest(symbol="A"))
        assert (await refused(second))[:2] == ("RESOURCE_EXHAUSTED", "QUEUE_FULL")
        release.set()
        await waiting


async def test_each_call_logs_one_line_without_its_payload(running: Running) -> None:
    with structlog.testing.capture_logs() as lines:
        metadata = [("x-request-id", "r-1"), ("authorization", "Bearer hunter2")]
        await running.stub.ImportBars(iter([header(), header()]), metadata=metadata)
        await refused(running.stub.GetSymbol(pb.GetSymbolRequest(symbol="SECRET?")))
        await until(lambda: len(lines) == 2)  # a refusal is sent before its line is written
    first, second = lines
    assert first["method"] == "scizor.marketdata.v1.MarketDataService/ImportBars"
    assert (first["code"], first["requests"], first["responses"], first["request_id"]) == ("OK", 2, 1, "r-1")
    assert first["ms"] > 0
    assert first["user_agent"].startswith("grpc-python")
    assert (second["code"], second["reason"]) == ("INVALID_ARGUMENT", Reason.FIELD_INVALID)
    assert len(second["request_id"]) == 32
    assert "hunter2" not in str(lines)
    assert "SECRET" not in str(lines)
