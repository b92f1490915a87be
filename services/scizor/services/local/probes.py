"""Questions that tell whether a child is ready: each answers within a second and never raises."""

from __future__ import annotations

import asyncio
import json

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from scizor.services.local.settings import BIND_HOST

_ANSWER_DEADLINE_S = 1.0
_CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),  # else a refused connection would make the next probe wait
    ("grpc.enable_http_proxy", 0),
)


async def grpc_serves(port: int) -> bool:
    """Whether the server's overall health is SERVING."""
    async with grpc.aio.insecure_channel(f"{BIND_HOST}:{port}", options=_CHANNEL_OPTIONS) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=_ANSWER_DEADLINE_S
            )
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def accepts(port: int) -> bool:
    """Whether something takes connections."""
    try:
        async with asyncio.timeout(_ANSWER_DEADLINE_S):
            _, writer = await asyncio.open_connection(BIND_HOST, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True


async def http_says_ok(port: int, *paths: str) -> bool:
    """Whether GET answers 200 for every path."""
    return all([await _says_ok(port, path) for path in paths])


async def scheduler_knows(port: int, worker: str) -> bool:
    """Whether the Dask scheduler with its pages on that port has the worker of that name."""
    try:
        known = json.loads((await _get(port, "/json/identity.json"))[1])["workers"]
    except (OSError, TimeoutError, ValueError, KeyError):
        return False
    return worker in {str(one["name"]) for one in known.values()}


async def _says_ok(port: int, path: str) -> bool:
    try:
        head, _ = await _get(port, path)
    except (OSError, TimeoutError):
        return False
    return head.split(b" ")[1:2] == [b"200"]


async def _get(port: int, path: str) -> tuple[bytes, bytes]:
    """Head and body of the answer."""
    async with asyncio.timeout(_ANSWER_DEADLINE_S):
        reader, writer = await asyncio.open_connection(BIND_HOST, port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {BIND_HOST}\r\nConnection: close\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    return head, body
