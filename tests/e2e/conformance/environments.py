"""Environments that hold an official client and nothing of ours; built once, kept in build/."""

from __future__ import annotations

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
    if ready.exists():
        return python
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", folder], check=True, capture_output=True, timeout=_WITHIN_S
        )
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENTS[client]]
        subprocess.run(install, check=True, capture_output=True, timeout=_WITHIN_S)
    except subprocess.TimeoutExpired as error:
        pytest.skip(f"NOT TESTED AGAINST {CLIENTS[client]}: pip did not finish within {error.timeout} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NOT TESTED AGAINST {CLIENTS[client]}: {error.stderr.decode(errors='replace')[-500:]}")
    ready.touch()
    return python
