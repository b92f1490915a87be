"""A SCIZOR of its own: free ports, a home in a temporary folder, started and stopped by the `scizor` command."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
BIN = Path(sys.executable).parent
PORT_SETTINGS = (
    "SCIZOR_EDGE_PORT",
    "SCIZOR_MARKETDATA_REST_PORT",
    "SCIZOR_BACKTEST_REST_PORT",
    "SCIZOR_TRADING_REST_PORT",
    "SCIZOR_EDGE_ADMIN_PORT",
    "SCIZOR_MARKETDATA_PORT",
    "SCIZOR_BACKTEST_PORT",
    "SCIZOR_TRADING_PORT",
    "SCIZOR_IBSIM_PORT",
)


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; all are held open until all are known, so that they differ."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()


def until(condition: Callable[[], T], what: str | Callable[[], str], deadline_s: float = 60.0) -> T:
    """The condition's first true value; fails naming what was awaited when the deadline passes."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)  # between two looks at the condition
    message = f"not within {deadline_s} s: {what if isinstance(what, str) else what()}"
    raise AssertionError(message)


def processes_with(mark: str) -> list[int]:
    """Living processes that carry the mark, such as a home, in their command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if not zombie and mark.encode() in told:
            found.append(int(entry.name))
    return found


@dataclass
class Stack:
    """Where a running SCIZOR is found."""

    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="scizor-e2e-")))
    ports: dict[str, int] = field(
        default_factory=lambda: dict(zip(PORT_SETTINGS, free_ports(len(PORT_SETTINGS)), strict=True))
    )

    def __post_init__(self) -> None:
        self.home.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What commands of this stack see."""
        ours = ("SCIZOR_", "DATABASE_URL", "IBKR_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        settings = {name: str(port) for name, port in self.ports.items()}
        return kept | settings | {"SCIZOR_HOME": str(self.home)}

    @property
    def edge(self) -> str:
        """Envoy's host and port."""
        return f"127.0.0.1:{self.ports['SCIZOR_EDGE_PORT']}"

    def rest(self, setting: str = "SCIZOR_EDGE_PORT") -> str:
        """The base of REST calls on one of the ports."""
        return f"http://127.0.0.1:{self.ports[setting]}"

    def run(self, *arguments: str, timeout_s: float = 120.0, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `scizor` with these arguments."""
        result = subprocess.run(
            [str(BIN / "scizor"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert not check or result.returncode == 0, f"scizor {' '.join(arguments)}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *arguments: str) -> Any:
        """Run `scizor` with these arguments and --json."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def processes(self) -> list[int]:
        """Living processes of this stack."""
        return processes_with(str(self.home))

    def remove(self) -> None:
        """Delete the home."""
        shutil.rmtree(self.home, ignore_errors=True)
