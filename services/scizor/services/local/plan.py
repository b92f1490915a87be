"""The stack that settings ask for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Final

from scizor.services.local.cluster import cluster_of
from scizor.services.local.edge import edge_command
from scizor.services.local.probes import accepts, grpc_serves, http_says_ok
from scizor.services.local.settings import LocalSettings
from scizor.services.local.specs import ChildSpec, JobSpec, Plan

_ALWAYS: Final = {
    # gRPC's hooks around fork can hang whoever forks during a call; no child of ours goes on with a channel.
    "GRPC_ENABLE_FORK_SUPPORT": "0",
}

_ANSWERED: Final = ("/api/health", "/api/backtests?page_size=1", "/api/orders?page_size=1")
"""What the edge must answer to be ready: something of every service."""


def plan_of(settings: LocalSettings, environment: Mapping[str, str]) -> Plan:
    """The stack of these settings; `environment` is what every child inherits below them.

    Raises FailedPrecondition where a cluster is wanted and Dask is not installed.
    """
    env = {**environment, **settings.environment(), **_ALWAYS}

    def service(name: str, port: int) -> ChildSpec:
        argv = [sys.executable, "-m", f"scizor.services.{name}"]
        return ChildSpec(name, argv, env, partial(grpc_serves, port), port)

    def broker_spec(port: int) -> ChildSpec:
        argv = [sys.executable, "-m", "scizor.services.ibsim"]
        return ChildSpec("ibsim", argv, env, partial(accepts, port), port, stop_grace_s=3.0)

    broker = [broker_spec(settings.ibsim_port)] if settings.simulates_broker else []
    services = [
        service("marketdata", settings.marketdata_port),
        service("backtest", settings.backtest_port),
        service("trading", settings.trading_port),
    ]
    edge = ChildSpec(
        "edge",
        edge_command(settings),
        env,
        partial(http_says_ok, settings.edge_port, *_ANSWERED),
        settings.edge_port,
        stop_grace_s=3.0,
    )
    return Plan(
        home=settings.home,
        ports=settings.ports(),
        database=settings.embedded(),
        jobs=(JobSpec("migrate", [sys.executable, "-m", "scizor.adapters.sql.migrate"], env),),
        tiers=(
            *cluster_of(settings, env),
            (*broker, *services),
            (edge,),
        ),
    )
