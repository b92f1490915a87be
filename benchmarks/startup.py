"""How long a newcomer waits: `scizor up --detach` until everything serves, and `scizor demo` on what is running."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

BIN = Path(sys.executable).parent
PORTS = (
    "EDGE",
    "EDGE_ADMIN",
    "MARKETDATA",
    "MARKETDATA_REST",
    "BACKTEST",
    "BACKTEST_REST",
    "TRADING",
    "TRADING_REST",
    "IBSIM",
)


def measure(rounds: int = 3) -> dict[str, float]:
    """Seconds, medians: the first start on a new home, later starts, the demo on a running stack."""
    home = Path(tempfile.mkdtemp(prefix="scizor-bench-"))
    home.chmod(0o755)
    environment = os.environ | free_ports() | {"SCIZOR_HOME": str(home)}
    starts, demos = [], []
    try:
        for _ in range(rounds + 1):
            starts.append(_seconds(environment, "up", "--detach"))
            demos.append(_seconds(environment, "demo", "--json"))
            _seconds(environment, "down")
    finally:
        subprocess.run([BIN / "scizor", "down"], env=environment, capture_output=True, timeout=120, check=False)
        shutil.rmtree(home, ignore_errors=True)
    return {"first start": starts[0], "warm start": median(starts[1:]), "demo, stack running": median(demos[1:])}


def _seconds(environment: dict[str, str], *arguments: str) -> float:
    started = perf_counter()
    subprocess.run([BIN / "scizor", *arguments], env=environment, capture_output=True, timeout=300, check=True)
    return perf_counter() - started


def free_ports() -> dict[str, str]:
    """A port nobody listens on for each setting."""
    holders = [socket.socket() for _ in PORTS]
    for holder in holders:
        holder.bind(("127.0.0.1", 0))
    ports = {f"SCIZOR_{name}_PORT": str(holder.getsockname()[1]) for name, holder in zip(PORTS, holders, strict=True)}
    for holder in holders:
        holder.close()
    return ports
