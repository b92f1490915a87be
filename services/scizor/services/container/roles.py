"""What each word runs: programs that stand on their own, so that the container is theirs alone.

Loaded before every start, so it loads nothing itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

WORKER_PORT: Final = 8788
"""Where a Dask worker is called by its scheduler and by other workers; a fixed one, for network rules to name."""

_LIBRARY_THREADS: Final = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class NotRunnable(Exception):
    """What was asked for cannot be run; the text says why."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one word runs. `command`: its arguments, from the environment; `settings`: variables it needs besides."""

    about: str
    command: Callable[[Mapping[str, str]], list[str]]
    settings: Mapping[str, str] = field(default_factory=dict)


def _module(name: str) -> Callable[[Mapping[str, str]], list[str]]:
    return lambda _: [sys.executable, "-m", name]


def _collect(_: Mapping[str, str]) -> list[str]:
    return [str(Path(sys.executable).with_name("scizor")), "collect", "daily", "--json"]


def _scheduler(environment: Mapping[str, str]) -> list[str]:
    host = environment.get("SCIZOR_BIND_HOST") or "127.0.0.1"
    pages = f"{host}:{environment.get('SCIZOR_CLUSTER_HTTP_PORT') or 8787}"
    return [
        *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--dashboard-address", pages),
        *("--host", host, "--port", environment.get("SCIZOR_CLUSTER_PORT") or "8786"),
    ]


def _worker(environment: Mapping[str, str]) -> list[str]:
    scheduler = environment.get("SCIZOR_COMPUTE")
    if not scheduler:
        raise NotRunnable("a Dask worker needs SCIZOR_COMPUTE, the address of its scheduler, such as tcp://HOST:8786")
    return [
        # One process that whoever keeps containers running starts anew: Dask's own nanny would be a second keeper.
        *(sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--no-nanny", "--no-dashboard"),
        *("--host", environment.get("SCIZOR_BIND_HOST") or "127.0.0.1", "--worker-port", str(WORKER_PORT)),
        *("--dashboard-address", "127.0.0.1:0"),
        *("--nthreads", "1", "--memory-limit", "0.9"),  # of what the container may take
        *("--preload", "scizor.strategy.study"),
    ]


ROLES: Final[Mapping[str, Role]] = {
    "marketdata": Role("the MarketData service", _module("scizor.services.marketdata")),
    "backtest": Role("the Backtest service", _module("scizor.services.backtest")),
    "worker": Role(
        "a Backtest service that nobody calls: it takes jobs off the queue", _module("scizor.services.backtest")
    ),
    "trading": Role("the Trading service", _module("scizor.services.trading")),
    "ibsim": Role("the simulated gateway", _module("scizor.services.ibsim")),
    "migrate": Role("bring the database to this version's schema, once", _module("scizor.adapters.sql.migrate")),
    "collect": Role("collect what active symbols lack, once; MarketData is at SCIZOR_ADDRESS", _collect),
    "dask-scheduler": Role(
        "the scheduler of a Dask cluster",
        _scheduler,
        # Of Dask's pages only the answers to "are you well" and "who is there".
        {"DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "['distributed.http.health', 'distributed.http.scheduler.json']"},
    ),
    "dask-worker": Role(
        "a worker of a Dask cluster, whose scheduler is at SCIZOR_COMPUTE",
        _worker,
        {"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]", **dict.fromkeys(_LIBRARY_THREADS, "1")},
    ),
    "health": Role(
        "ask a program of this container how it is; exit status 0 when it is well", _module(f"{__package__}.health")
    ),
}


def program(words: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment to run; words after the first are the program's own.

    Raises NotRunnable.
    """
    name, *rest = words or ("",)
    role = ROLES.get(name)
    if role is None:
        raise NotRunnable("\n".join([f"{name or 'nothing'} is no program of this image; name one of", *_listed()]))
    return role.command(environment) + rest, {**environment, **role.settings}


def _listed() -> list[str]:
    width = max(map(len, ROLES))
    return [f"  {name:{width}}  {role.about}" for name, role in ROLES.items()]
