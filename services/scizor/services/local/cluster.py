"""A Dask cluster of this machine, to try what a real one does: a scheduler and workers that run trials of searches."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Final

from scizor.domain.errors import FailedPrecondition
from scizor.services.local.probes import http_says_ok, scheduler_knows
from scizor.services.local.settings import BIND_HOST, LocalSettings
from scizor.services.local.specs import ChildSpec

_WARM: Final = "scizor.strategy.study"
"""What trials need, imported before the first one comes."""
_MEMORY_OF_ALL: Final = 0.6
"""The part of this machine's memory that all workers may fill before they take no more work."""
_STOP_GRACE_S: Final = 5.0
# Where Python, its caches and its libraries are: workers need no database, and are told of none.
_KNOWN: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH"),
    *("NUMBA_CACHE_DIR", "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "XDG_CACHE_HOME", "VIRTUAL_ENV", "SCIZOR_HOME"),
)
_SET: Final = {
    # One thread computes: as many workers as cores fill them.
    **dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    # Of Dask's pages only the answers to "are you well" and "who is there".
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "['distributed.http.health', 'distributed.http.scheduler.json']",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
    "PYTHONSAFEPATH": "1",
}


def cluster_of(settings: LocalSettings, environment: Mapping[str, str]) -> Sequence[Sequence[ChildSpec]]:
    """The tiers of the cluster, nothing where none is wanted. Raises FailedPrecondition where Dask is missing."""
    if not settings.cluster_workers:
        return ()
    if find_spec("distributed") is None:
        raise FailedPrecondition("a cluster needs Dask: pip install '.[cluster]' in the source folder")
    env = {
        **{name: environment[name] for name in _KNOWN if name in environment},
        **_SET,
        "DASK_TEMPORARY_DIRECTORY": str(settings.home / "run" / "dask"),
    }
    workers = [_worker(settings, env, f"worker-{number + 1}") for number in range(settings.cluster_workers)]
    return [_scheduler(settings, env)], workers


def _scheduler(settings: LocalSettings, env: Mapping[str, str]) -> ChildSpec:
    options = {
        "--host": BIND_HOST,
        "--port": settings.cluster_port,
        "--dashboard-address": f"{BIND_HOST}:{settings.cluster_http_port}",
    }
    ready = partial(http_says_ok, settings.cluster_http_port, "/health")
    return _program("scheduler", "dask_scheduler", ["--no-dashboard"], options, env, ready, settings.cluster_port)


def _worker(settings: LocalSettings, env: Mapping[str, str], name: str) -> ChildSpec:
    options = {
        "--name": name,
        "--host": BIND_HOST,
        "--nthreads": 1,
        "--memory-limit": f"{_MEMORY_OF_ALL / settings.cluster_workers:.4f}",
        # Without it Dask offers even no pages to the whole network.
        "--dashboard-address": f"{BIND_HOST}:0",
        "--preload": _WARM,
    }
    # Whoever keeps workers running here is the supervisor: Dask's own nanny would be a second one.
    flags = [settings.scheduler, "--no-nanny", "--no-dashboard"]
    ready = partial(scheduler_knows, settings.cluster_http_port, name)
    return _program(name, "dask_worker", flags, options, env, ready, None)


def _program(
    name: str,
    module: str,
    words: Sequence[str],
    options: Mapping[str, object],
    env: Mapping[str, str],
    ready: Callable[[], Awaitable[bool]],
    port: int | None,
) -> ChildSpec:
    given = (text for option, value in options.items() for text in (option, str(value)))
    argv = [sys.executable, "-m", f"distributed.cli.{module}", *words, *given]
    # None has anything to keep; asked politely, each would wait for the others, which end at the same moment.
    return ChildSpec(name, argv, env, ready, port, stop_grace_s=_STOP_GRACE_S, orphan_signal=signal.SIGKILL)
