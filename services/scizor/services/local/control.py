"""The local stack from outside: stop it, ask how it is, and clear away what a killed supervisor left."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.domain.errors import FailedPrecondition, Unavailable
from scizor.services.local.state import ChildPhase, Phase, ProcessRecord, StackState, read_state, write_state

_LEFTOVER_GRACE_S = 12.0
_KILL_DEADLINE_S = 5.0


class StopOutcome(StrEnum):
    """What `stop_running` found and did."""

    NOT_RUNNING = "not running"
    STOPPED = "stopped"
    KILLED = "killed"
    CLEARED = "cleared"
    """The supervisor was dead already; what it had left was ended."""


def stop_running(home: Path, timeout_s: float = 60.0) -> StopOutcome:
    """Stop the stack of this home and leave nothing of it.

    Raises FailedPrecondition when it is another user's, Unavailable when something cannot be ended.
    """
    state = read_state(home)
    outcome = StopOutcome.NOT_RUNNING
    try:
        if state is not None and state.is_alive():
            outcome = _stop_supervisor(state, timeout_s)
        if end_leftovers(home) and outcome is StopOutcome.NOT_RUNNING:
            outcome = StopOutcome.CLEARED
    except PermissionError as error:
        raise FailedPrecondition("it runs as another user; stop it as that user") from error
    return outcome


def current_state(home: Path) -> StackState | None:
    """The state as it is now: LOST when the supervisor died without a word. None when nothing ever ran here."""
    state = read_state(home)
    if state is not None and state.phase not in (Phase.STOPPED, Phase.FAILED) and not state.is_alive():
        state.phase = Phase.LOST
        state.message = f"the supervisor (pid {state.pid}) died; `scizor down` clears what it left"
    return state


def end_leftovers(home: Path) -> bool:
    """End the recorded children of a dead supervisor and a database without one. False when there was nothing."""
    state = read_state(home)
    left = [child for child in state.children if child.is_alive()] if state and not state.is_alive() else []
    server = EmbeddedPostgres(home)
    found = bool(left) or server.pid is not None
    _signal_all(left, signal.SIGTERM, _LEFTOVER_GRACE_S)
    _signal_all(left, signal.SIGKILL, _KILL_DEADLINE_S)
    server.stop()
    if state is not None and not state.is_alive() and state.phase not in (Phase.STOPPED, Phase.FAILED):
        for child in state.children:
            child.state = ChildPhase.STOPPED
            child.remember(None)
        state.phase = Phase.STOPPED
        write_state(home, state)
    return found


def _stop_supervisor(state: ProcessRecord, timeout_s: float) -> StopOutcome:
    state.send(signal.SIGTERM)
    if Deadline(timeout_s).until(lambda: not state.is_alive()):
        return StopOutcome.STOPPED
    state.send(signal.SIGKILL)
    if Deadline(_KILL_DEADLINE_S).until(lambda: not state.is_alive()):
        return StopOutcome.KILLED
    raise Unavailable(f"the supervisor (pid {state.pid}) does not end")


def _signal_all(processes: Sequence[ProcessRecord], sent: signal.Signals, deadline_s: float) -> None:
    for process in processes:
        process.send(sent)
    Deadline(deadline_s).until(lambda: not any(process.is_alive() for process in processes))
