"""What a scraper reads of a process: its calls, counted by method and outcome, and the figures of its service.

    metrics = Metrics([Figure("scizor_trading_acting", "Whether ...", lambda: {(): 1.0})])
    await metrics.serve("127.0.0.1", 9464, "SCIZOR_TRADING_METRICS_PORT")

Calls have the names that dashboards for gRPC know, with labels out of the contract alone: a method that is not in it
never gets as far as a stage. The page is served by threads of its own, so figures are read in the event loop, where
nothing changes meanwhile; a loop that is too busy for that fails the scrape, and ought to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from wsgiref.simple_server import WSGIServer

from grpc import StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scizor.domain.errors import ScizorError
from scizor.rpc.access import why_cancelled
from scizor.rpc.calls import Call, Stage

BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_METHOD: Final = ("grpc_type", "grpc_service", "grpc_method")
_READ_S: Final = 5.0  # half of what Prometheus waits

Readings = Mapping[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A gauge that is read when it is asked for.

    `read` gives a number for each tuple of values of `labels`, out of memory alone: it runs in the event loop. What is
    not known has no number; a ScizorError says the same of all of them.
    """

    name: str
    help: str
    read: Callable[[], Readings]
    labels: tuple[str, ...] = ()


class Metrics(Stage):
    """Counts the calls of one server, and serves the count. The outermost stage but the log: it sees every status."""

    def __init__(self, figures: Sequence[Figure] = ()) -> None:
        self.registry = CollectorRegistry()
        self._figures = _Figures(figures)
        self._page: WSGIServer | None = None
        self._started = Counter("grpc_server_started", "Calls begun.", _METHOD, registry=self.registry)
        self._handled = Counter(
            "grpc_server_handled", "Calls ended, by status.", (*_METHOD, "grpc_code"), registry=self.registry
        )
        self._seconds = Histogram(
            "grpc_server_handling_seconds",
            "From a call's arrival to its end.",
            _METHOD,
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._under_way = Gauge("scizor_calls_under_way", "Calls that have not ended.", _METHOD, registry=self.registry)
        ProcessCollector(registry=self.registry)
        self.registry.register(self._figures)

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        """Count its begin, its end and its time."""
        service, _, method = call.method.rpartition("/")
        labels = (call.kind, service, method)
        under_way, begun = self._under_way.labels(*labels), time.perf_counter()
        self._started.labels(*labels).inc()
        under_way.inc()
        cancelled: StatusCode | None = None
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            cancelled = why_cancelled(call.context)
            raise
        finally:
            under_way.dec()
            self._seconds.labels(*labels).observe(time.perf_counter() - begun)
            self._handled.labels(*labels, (cancelled or call.context.code() or StatusCode.OK).name).inc()

    async def serve(self, host: str, port: int, setting: str) -> None:
        """Answer GET /metrics until `close`. Raises OSError, naming the setting, where the port is not to be had."""
        self._figures.loop = asyncio.get_running_loop()
        try:
            # In a thread: what makes a server of the standard library asks the network for its own name.
            self._page, _ = await asyncio.to_thread(start_http_server, port, host, self.registry)
        except OSError as error:
            message = f"cannot listen on {host}:{port} for metrics, which {setting} asks for: {error.strerror}"
            raise OSError(error.errno, message) from error

    async def close(self) -> None:
        """Hang up; nothing to do where nothing is served."""
        page, self._page = self._page, None
        if page is not None:
            await asyncio.to_thread(page.shutdown)
            page.server_close()


class _Figures(Collector):
    """Reads figures in the event loop, once there is one, whatever thread asks."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = tuple(figures)
        self.loop: asyncio.AbstractEventLoop | None = None

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(one.name, one.help, labels=one.labels) for one in self._figures]

    def collect(self) -> Iterable[Metric]:
        if self.loop is None:
            return ()
        return asyncio.run_coroutine_threadsafe(self._read(), self.loop).result(_READ_S)

    async def _read(self) -> list[Metric]:
        return [_family(one) for one in self._figures]


def _family(figure: Figure) -> Metric:
    family = GaugeMetricFamily(figure.name, figure.help, labels=figure.labels)
    try:
        readings = figure.read()
    except ScizorError:
        return family
    for labels, number in readings.items():
        family.add_metric(labels, number)
    return family
