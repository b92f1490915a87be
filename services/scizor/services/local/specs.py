"""What is to run, as data: the supervisor knows nothing of the services it runs."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scizor.adapters.sql.embedded import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A program that is kept running. `ready` is asked until it says yes, for at most `ready_deadline_s`.

    `orphan_signal`: what the kernel sends it when the supervisor dies.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]]
    port: int | None = None
    ready_deadline_s: float = 60.0
    stop_grace_s: float = 10.0
    orphan_signal: signal.Signals = signal.SIGTERM


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
