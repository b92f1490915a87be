"""The environments of other engines: `build/peer-<name>`, made once from `requirements-<name>.txt`."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_UV = Path(sys.executable).parent / "uv"
_INSTALL_SECONDS = 600
RUN_SECONDS = 300


class PeerError(Exception):
    """A peer that could not be installed or did not finish; the message is the last line it wrote."""


@cache
def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, which has its requirements and nothing else. Raises PeerError."""
    requirements = Path(__file__).parent / f"requirements-{name}.txt"
    home = _ROOT / "build" / f"peer-{name}"
    python, installed = (
        home / "bin" / "python",
        home / f".installed-{sha256(requirements.read_bytes()).hexdigest()[:12]}",
    )
    if not installed.exists():
        _finish([_UV, "venv", "--quiet", "--clear", "--python", sys.executable, home], _INSTALL_SECONDS)
        _finish([_UV, "pip", "install", "--quiet", "--python", python, "--requirement", requirements], _INSTALL_SECONDS)
        installed.touch()
    return python


def run_script(name: str, *arguments: object, seconds: float = RUN_SECONDS) -> dict[str, Any]:
    """What `benchmarks.peers.<name>` answers in its own environment. Raises PeerError."""
    # Warnings of theirs (a newer pandas, no benchmark) are not ours to judge.
    return last_line([python_of(name), "-W", "ignore", "-m", f"benchmarks.peers.{name}", *arguments], seconds)


def last_line(command: list[object], seconds: float = RUN_SECONDS) -> dict[str, Any]:
    """The JSON a program prints last. Raises PeerError when it fails or takes too long."""
    found: dict[str, Any] = json.loads(_finish(command, seconds).splitlines()[-1])
    return found


def _finish(command: list[object], seconds: float) -> str:
    try:
        done = subprocess.run(
            [*map(str, command)], cwd=_ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"not done after {seconds:.0f} s") from None
    if done.returncode:
        raise PeerError((done.stderr.strip().splitlines() or ["failed without a word"])[-1])
    return done.stdout
