"""One place that starts a server and one that stops it.

    await serve([Service(NAME, add_XServiceServicer_to_server, servicer)], settings, on_stop=[database.close])

A stop goes: health says NOT_SERVING, a pause in which balancers turn away, endless streams ended, new calls
refused and old ones finished, the socket closed, then the callbacks in their order.
"""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health

from scizor.rpc.access import AccessLog
from scizor.rpc.calls import Pipeline
from scizor.rpc.errors import ErrorMapping
from scizor.rpc.json_fields import JsonFields
from scizor.rpc.logs import leave_out_headers
from scizor.rpc.metrics import Figure, Metrics
from scizor.rpc.readiness import Readiness
from scizor.rpc.reflection import add_reflection
from scizor.rpc.settings import ServerSettings
from scizor.rpc.traffic import Traffic
from scizor.rpc.validation import Validation

_log = structlog.get_logger(__name__)

# What grpc itself needs to end calls that were told to end: their last bytes, not their work.
_CLOSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """A servicer, the generated function that adds it, and the full name health and reflection know it by.

    `drain` ends the streams that would go on for as long as their callers like; called once balancers have turned away.
    `readiness`: when it takes calls; None for one that always does.
    """

    name: str
    add: Callable[[Any, Any], None]
    servicer: object
    drain: Callable[[], None] | None = None
    readiness: Readiness | None = None


class Server:
    """A grpc.aio server with the house's stages, health and reflection.

    `figures`: what a scraper reads beside the calls, where there is a port for it.
    """

    def __init__(self, services: Sequence[Service], settings: ServerSettings, figures: Sequence[Figure] = ()) -> None:
        leave_out_headers()
        self._services = tuple(services)
        self._settings = settings
        self._traffic = Traffic(settings.max_concurrent_calls, settings.unary_deadline_s)
        self._metrics = Metrics(figures) if settings.metrics_port else None
        counted = [] if self._metrics is None else [self._metrics]
        stages = (AccessLog(), *counted, ErrorMapping(), self._traffic, JsonFields(), Validation())
        pipeline = Pipeline(stages, settings.max_message_bytes)
        self._server = grpc.aio.server(interceptors=(pipeline,), options=_options(settings))
        self.health = health.HealthServicer()
        for service in self._services:
            service.add(service.servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        add_reflection(self._server, [service.name for service in self._services])
        self._telling: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        """Listen; returns the port. Raises: OSError when it is taken, or that of metrics is."""
        settings = self._settings
        address = f"{settings.host}:{settings.port}"
        if self._metrics is not None:
            await self._metrics.serve(settings.host, settings.metrics_port, settings.metrics_setting)
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            await self._hang_up()
            raise OSError(errno.EADDRINUSE, f"cannot listen on {address}: another program does") from error
        for service in self._services:
            await self._tell(service.name, service.readiness is None)
            if service.readiness is not None:
                self._telling.append(asyncio.create_task(self._repeat(service.name, service.readiness)))
        await self._server.start()
        _log.info("serving", address=f"{settings.host}:{port}", services=[each.name for each in self._services])
        return port

    async def stop(self) -> None:
        """Turn callers away, let calls under way finish, close the socket."""
        for telling in self._telling:
            telling.cancel()
        await self.health.enter_graceful_shutdown()
        await asyncio.sleep(self._settings.drain_delay_s)
        for service in self._services:
            if service.drain is not None:
                service.drain()
        await self._traffic.drain(self._settings.grace_s)
        await self._server.stop(_CLOSE_S)
        await self._hang_up()
        _log.info("stopped")

    async def _hang_up(self) -> None:
        if self._metrics is not None:
            await self._metrics.close()

    async def _repeat(self, name: str, readiness: Readiness) -> None:
        async for ready in readiness.states():
            await self._tell(name, ready)

    async def _tell(self, name: str, ready: bool) -> None:
        answer = health_pb2.HealthCheckResponse
        await self.health.set(name, answer.SERVING if ready else answer.NOT_SERVING)


async def serve(
    services: Sequence[Service],
    settings: ServerSettings,
    on_stop: Sequence[Callable[[], Awaitable[object]]] = (),
    figures: Sequence[Figure] = (),
) -> None:
    """Serve until SIGTERM or SIGINT, then stop. Whatever happens, every `on_stop` callback is called."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        server = Server(services, settings, figures)
        await server.start()
        await stop.wait()
        await server.stop()
    finally:
        for callback in on_stop:
            await _call(callback, settings.grace_s)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a service's main to its end."""
    uvloop.run(main)


async def _call(callback: Callable[[], Awaitable[object]], within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await callback()
    except Exception as error:  # noqa: BLE001 - the callbacks after it must still be called
        _log.error("stop_failed", callback=getattr(callback, "__qualname__", repr(callback)), exc_info=error)


def _options(settings: ServerSettings) -> list[tuple[str, int]]:
    return [
        # Above max_message_bytes the pipeline refuses in words; this is the wall behind it.
        ("grpc.max_receive_message_length", 4 * settings.max_message_bytes),
        ("grpc.max_send_message_length", settings.max_message_bytes),
        # Above max_concurrent_calls too, with room for the refusals: else calls would wait unseen in the client.
        ("grpc.max_concurrent_streams", settings.max_concurrent_calls + 100),
        # A taken port is an error, not a share of someone else's.
        ("grpc.so_reuseport", 0),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # Clients may ping as often as this, calls or none; by default grpc hangs up on one that pings each second.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        ("grpc.http2.max_pings_without_data", 0),
    ]
