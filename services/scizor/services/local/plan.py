"""What is to run, as data: the supervisor knows nothing of the services it runs."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.services.local.edge import edge_command
from scizor.services.local.probes import accepts, grpc_serves, http_says_ok
from scizor.services.local.settings import LocalSettings


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A program that is kept running. `ready` is asked until it says yes, for at most `ready_deadline_s`."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]]
    port: int
    ready_deadline_s: float = 60.0
    stop_grace_s: float = 10.0


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A program that must succeed once before the children start."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Give up on a child that fails `failures` times within `window_s`; until then wait twice as long each time."""

    failures: int = 5
    window_s: float = 60.0
    first_delay_s: float = 0.2
    longest_delay_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one supervisor runs.

    The database comes first, then all jobs at once, then all tiers at once. Tiers are stopped one after the other,
    the last first; within a tier together.
    """

    home: Path
    ports: Mapping[str, int]
    database: EmbeddedPostgres | None
    jobs: Sequence[JobSpec]
    tiers: Sequence[Sequence[ChildSpec]]
    restarts: RestartPolicy = field(default_factory=RestartPolicy)


def plan_of(settings: LocalSettings, environment: Mapping[str, str]) -> Plan:
    """The stack of these settings; `environment` is what every child inherits below them."""
    env = {**environment, **settings.environment()}

    def service(name: str, port: int) -> ChildSpec:
        argv = [sys.executable, "-m", f"scizor.services.{name}"]
        return ChildSpec(name, argv, env, partial(grpc_serves, port), port)

    def broker_spec(port: int) -> ChildSpec:
        argv = [sys.executable, "-m", "scizor.services.ibsim"]
        return ChildSpec("ibsim", argv, env, partial(accepts, port), port, stop_grace_s=3.0)

    broker = [broker_spec(settings.ibsim_port)] if settings.simulates_broker else []
    edge = ChildSpec(
        "edge",
        edge_command(settings),
        env,
        partial(http_says_ok, settings.edge_port, "/api/health", "/api/backtests?page_size=1"),
        settings.edge_port,
        stop_grace_s=3.0,
    )
    return Plan(
        home=settings.home,
        ports=settings.ports(),
        database=settings.embedded(),
        jobs=(JobSpec("migrate", [sys.executable, "-m", "scizor.adapters.sql.migrate"], env),),
        tiers=(
            (*broker, service("marketdata", settings.marketdata_port), service("backtest", settings.backtest_port)),
            (edge,),
        ),
    )
