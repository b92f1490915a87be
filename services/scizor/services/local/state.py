"""What the supervisor tells the world: one small JSON file, replaced whole at every change."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

_SAME_START_S = 2.0  # the kernel's start times move with the clock when it is set


class Phase(StrEnum):
    """Where the stack as a whole is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"
    """Never written: a reader's word for a supervisor that died without saying so."""


class ChildPhase(StrEnum):
    """Where one child is."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(slots=True)
class ProcessRecord:
    """A process id that is never mistaken for a later process with the same number."""

    pid: int | None = None
    created_s: float | None = None

    def remember(self, pid: int | None) -> None:
        """Point at the process that has this id now."""
        try:
            self.created_s = psutil.Process(pid).create_time() if pid else None
            self.pid = pid
        except psutil.NoSuchProcess:
            self.pid = self.created_s = None

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        if self.pid is None or self.created_s is None:
            return False
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_s) < _SAME_START_S
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def send(self, sent: signal.Signals) -> None:
        """Signal it, if it still runs."""
        if self.pid is not None and self.is_alive():
            os.kill(self.pid, sent)


@dataclass(slots=True)
class ChildRecord(ProcessRecord):
    """One child as others see it."""

    name: str = ""
    state: ChildPhase = ChildPhase.WAITING
    port: int | None = None
    restarts: int = 0


@dataclass(slots=True)
class StackState(ProcessRecord):
    """The supervisor (`pid`, `created_s`: seconds since the epoch) and its children, in the order of their start."""

    phase: Phase = Phase.STARTING
    message: str = ""
    children: list[ChildRecord] = field(default_factory=list)


def state_path(home: Path) -> Path:
    """The state's file in a home."""
    return home / "run" / "state.json"


def write_state(home: Path, state: StackState) -> None:
    """Replace the file: a reader sees the old state or the new one."""
    path = state_path(home)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(asdict(state), indent=2) + "\n")
    fresh.replace(path)


def read_state(home: Path) -> StackState | None:
    """The last state written, or None when there is none that can be read."""
    try:
        saved = json.loads(state_path(home).read_text())
        children = [ChildRecord(**child | {"state": ChildPhase(child["state"])}) for child in saved.pop("children")]
        return StackState(**saved | {"phase": Phase(saved["phase"])}, children=children)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
