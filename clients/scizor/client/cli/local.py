"""The stack on this machine, through its supervisor: a program that is started, asked and stopped, never imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from scizor.client.channel import address_from_environment
from scizor.client.cli.usage import CommandFailed

SUPERVISOR = (sys.executable, "-P", "-m", "scizor.services.local")
_SERVER_PACKAGES = ("sqlalchemy", "asyncpg", "numba", "structlog", "psutil", "pydantic_settings", "envoy")
# gRPC's hooks around fork can hang a program that forks; the supervisor forks, and uses no channel in what it forks.
_ENVIRONMENT = {"GRPC_ENABLE_FORK_SUPPORT": "0"}
_WORKER = "worker-"
_ANSWER_DEADLINE_S = 30.0
_STOP_DEADLINE_S = 120.0
_START_DEADLINE_S = 120.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Child:
    """One running program of the stack."""

    name: str
    state: str
    pid: int | None = None
    port: int | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """The stack as its supervisor tells it."""

    phase: str = "stopped"
    message: str = ""
    pid: int | None = None
    children: tuple[Child, ...] = field(default_factory=tuple)

    @property
    def ready(self) -> bool:
        """Whether everything serves."""
        return self.phase == "ready"

    @property
    def running(self) -> bool:
        """Whether there is anything to stop."""
        return self.phase in ("starting", "ready", "stopping")

    @property
    def workers(self) -> int:
        """How many workers of a cluster are part of it."""
        return sum(child.name.startswith(_WORKER) for child in self.children)

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Stack:
        """The state as the supervisor writes it; None when nothing ever ran."""
        if document is None:
            return cls()
        names = Child.__dataclass_fields__
        children = tuple(
            Child(**{key: value for key, value in child.items() if key in names}) for child in document["children"]
        )
        return cls(document["phase"], document["message"], document["pid"], children)


def demand_server() -> None:
    """Raise CommandFailed when only the client is installed."""
    if any(find_spec(package) is None for package in _SERVER_PACKAGES):
        raise CommandFailed("the services are not installed; pip install '.[server]' in the source folder")


def become_supervisor(workers: int | None = None) -> None:
    """Replace this process by the supervisor: whoever kills the command kills it, and it leaves nothing behind.

    `workers`: those of a Dask cluster beside the services; None: what the environment says.
    """
    sys.stdout.flush()
    command = [*SUPERVISOR, "up", *_with(workers)]
    os.execve(sys.executable, command, os.environ | _ENVIRONMENT)  # noqa: S606 - no shell is wanted


def start_detached(workers: int | None = None) -> Stack:
    """Start the stack in a session of its own and wait until it serves. Raises CommandFailed saying why not."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*SUPERVISOR, "up", "--log-to-home", *_with(workers)],
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            stack = _when_ready(process, log)
        except BaseException:  # Ctrl-C too: what was half started must not stay
            process.terminate()
            process.wait(_STOP_DEADLINE_S)
            raise
    process.returncode = 0  # it lives on; this process no longer waits for it
    return stack


def _with(workers: int | None) -> list[str]:
    return [] if workers is None else ["--workers", str(workers)]


def _when_ready(process: subprocess.Popen[bytes], log: IO[bytes]) -> Stack:
    folder = home(os.environ)
    give_up = time.monotonic() + _START_DEADLINE_S
    while time.monotonic() < give_up:
        exited = process.poll() is not None  # before the state is read: what it wrote last must be seen
        stack = _read(folder / "run" / "state.json")
        mine = stack.pid == process.pid
        if exited:
            raise CommandFailed(_last_words(stack if mine else Stack(), log))
        if mine and stack.ready:
            return stack
        time.sleep(_POLL_S)
    raise CommandFailed(f"not ready within {_START_DEADLINE_S:g} s; see the logs in {folder / 'logs'}")


def running() -> Stack | None:
    """The stack if it is ready. Asking the supervisor takes half a second, so first look for a sign of one."""
    pid = _read(home(os.environ) / "run" / "state.json").pid
    if pid is None or not _lives(pid):
        return None
    stack = current()
    return stack if stack.ready else None


def current() -> Stack:
    """The stack as it is now."""
    answer = _ask("status", "--json", deadline_s=_ANSWER_DEADLINE_S, statuses=(0, 3))
    return Stack.of(json.loads(answer))


def stop() -> str:
    """Stop the stack; returns what was found and done, in a word or two."""
    return _ask("down", deadline_s=_STOP_DEADLINE_S, statuses=(0,)).strip()


def own_address(environment: Mapping[str, str]) -> str:
    """The edge of this machine, wherever clients are told to call."""
    return address_from_environment({name: value for name, value in environment.items() if name != "SCIZOR_ADDRESS"})


def home(environment: Mapping[str, str]) -> Path:
    """The folder of data, logs and state, chosen as the services choose it."""
    if chosen := environment.get("SCIZOR_HOME"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/lib/scizor")
    data = environment.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "scizor"


def _ask(*words: str, deadline_s: float, statuses: tuple[int, ...]) -> str:
    answer = subprocess.run([*SUPERVISOR, *words], capture_output=True, text=True, timeout=deadline_s, check=False)
    if answer.returncode not in statuses:
        raise CommandFailed(answer.stderr.strip() or f"the supervisor ended with status {answer.returncode}")
    return answer.stdout


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _read(path: Path) -> Stack:
    try:
        return Stack.of(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, KeyError):
        return Stack()


def _last_words(stack: Stack, log: IO[bytes]) -> str:
    """Why it did not start: its own message, else the last lines it wrote that are no log events."""
    if stack.message:
        return stack.message
    log.seek(0)
    lines = [line for line in log.read().decode(errors="replace").splitlines() if not line.startswith("{")]
    return "\n".join(lines[-15:]) or "the supervisor ended without a word"
