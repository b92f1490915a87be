"""Environments that hold an official client and nothing of ours; built once, kept in build/."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

_BUILD = Path(__file__).parents[3] / "build"
_WITHIN_S = 100

CLIENTS = {"9.81.1": "ibapi==9.81.1.post1", "10.51.1": "ibapi-latest==10.51.1"}


def python_with(client: str) -> Path:
    """The interpreter of an environment with this client. Skips the test when the package cannot be had."""
    folder = _BUILD / f"ibapi-{client}"
    python, ready = folder / "bin" / "python", folder / "ready"
    _BUILD.mkdir(exist_ok=True)
    with (_BUILD / f"ibapi-{client}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes, and one of them builds it
        if not ready.exists():
            _build(folder, python, CLIENTS[client])
            ready.touch()
    return python


def _build(folder: Path, python: Path, package: str) -> None:
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=_WITHIN_S
        )
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
        subprocess.run(install, check=True, capture_output=True, timeout=_WITHIN_S)
    except subprocess.TimeoutExpired as error:
        pytest.skip(f"NOT TESTED AGAINST {package}: pip did not finish within {error.timeout} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NOT TESTED AGAINST {package}: {error.stderr.decode(errors='replace')[-500:]}")
