"""Every client completes the same script, and is told the same facts."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conformance.environments import CLIENTS, python_with
from tests.integration.ibsim_gateway import gateway_process

_ROOT = Path(__file__).parents[3]
_WITHIN_S = 90
_IB_ASYNC = "ib_async"
_VERSIONS = {_IB_ASYNC: 178, "9.81.1": 157, "10.51.1": 178}


@cache
def result_of(client: str, folder: Path) -> dict[str, Any]:
    """The script's result with this client and a gateway of its own."""
    python = sys.executable if client == _IB_ASYNC else str(python_with(client))
    driver = "drive_ib_async" if client == _IB_ASYNC else "drive_ibapi"
    with gateway_process(folder) as gateway:
        done = subprocess.run(
            [python, "-m", f"tests.e2e.conformance.{driver}", str(gateway.port)],
            cwd=_ROOT,
            capture_output=True,
            timeout=_WITHIN_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {client: tmp_path_factory.mktemp(client) for client in _VERSIONS}


@pytest.mark.parametrize("client", _VERSIONS)
def test_every_step_succeeds_with(client: str, folders: dict[str, Path]) -> None:
    result = result_of(client, folders[client])
    assert not result["failures"], "\n".join(result["failures"].values())
    assert result["facts"]["connect"] == {"version": _VERSIONS[client], "accounts": "DUSIM0001"}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_official_client_is_told_what_ib_async_is_told(client: str, folders: dict[str, Path]) -> None:
    ours, theirs = (result_of(one, folders[one])["facts"] for one in (_IB_ASYNC, client))
    assert {**theirs, "connect": None} == {**ours, "connect": None}
