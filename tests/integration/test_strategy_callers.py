"""Callers of one service, told apart by a header: each has its turn, and a name that is none is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from scizor.adapters.sql.storage import SqlStorage
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from tests.fakes.sandbox import FakeSandbox
from tests.integration.backtest_server import DEADLINE_S, NAME, Served, info_of, serving
from tests.unit.backtest.texts import GOOD


async def test_checks_of_one_caller_leave_room_for_those_of_another(sql_storage: SqlStorage) -> None:
    sandbox = FakeSandbox()
    sandbox.held = asyncio.Event()
    async with serving(sql_storage, sandbox=sandbox) as served:
        mine = {asyncio.create_task(checked(served, "me")) for _ in range(19)}
        ended, waiting = await asyncio.wait(mine, return_when=asyncio.FIRST_COMPLETED)
        (code, reason, about), *more = [refusal_of(one) for one in ended]
        assert (code, reason, more) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", [])
        assert about == {"limit": "16", "caller": "me"}
        yours = asyncio.create_task(checked(served, "you"))
        with pytest.raises(TimeoutError):  # it has its place, and is not refused
            await asyncio.wait_for(asyncio.shield(yours), 0.2)
        sandbox.held.set()
        await yours
        assert len(sandbox.asked) < 12
        await asyncio.gather(*waiting)


async def checked(served: Served, caller: str) -> rpc.CheckStrategyResponse:
    """A check that a caller asks for."""
    request, metadata = rpc.CheckStrategyRequest(source=GOOD), (("x-scizor-caller", caller),)
    return await served.stub.CheckStrategy(request, metadata=metadata, timeout=DEADLINE_S)


def refusal_of(task: asyncio.Task[Any]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """What an ended call was refused with."""
    error = task.exception()
    assert isinstance(error, grpc.aio.AioRpcError)
    status = rpc_status.from_call(error)
    assert status is not None
    info = info_of(status)
    return error.code(), info.reason, dict(info.metadata)


@pytest.mark.parametrize("said", [b"\xff\xfe", b"x" * 101, b"a\x1b[31m"])
async def test_a_caller_whose_name_is_no_text_is_refused_without_noise(
    sql_storage: SqlStorage, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(sql_storage) as served:
        told = await raw_call(served.address, "CheckStrategy", rpc.CheckStrategyRequest(source=GOOD), said)
    assert b"x-scizor-caller: must be at most 100 printable ASCII characters" in told
    assert "Invalid encoding" not in caplog.text


async def raw_call(address: str, method: str, request: rpc.CheckStrategyRequest, caller: bytes) -> bytes:
    """What comes back over HTTP/2, as it is: clients of gRPC send no header that is no text, others do."""

    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    headers = {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": f"/{NAME}/{method}".encode(),
        b":authority": address.encode(),
        b"te": b"trailers",
        b"content-type": b"application/grpc",
        b"x-scizor-caller": caller,
    }
    head = b"".join(bytes([0, len(name)]) + name + bytes([len(value)]) + value for name, value in headers.items())
    message = request.SerializeToString()
    body = b"\0" + len(message).to_bytes(4, "big") + message
    reading, writing = await asyncio.open_connection(*address.split(":"))
    writing.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(4, 1, 0, b""))
    writing.write(frame(1, 4, 1, head) + frame(0, 1, 1, body))
    told = b""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while b"grpc-status" not in told and (piece := await reading.read(4096)):
                told += piece
    finally:
        writing.close()
    return told
