"""The commands on a home whose stack does not run, and on the database that DATABASE_URL names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.migrations import HEAD
from scizor.services.local.instance import only_instance
from tests.conftest import run_on_server

pytestmark = pytest.mark.full
SUPERVISOR = ("-m", "scizor.services.local")


def environment(home: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCIZOR_", "DATABASE_URL"))}
    return kept | {"SCIZOR_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)} | changes


def local(env: Mapping[str, str], *words: str, program: Sequence[str] = SUPERVISOR) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


async def test_another_database_goes_into_a_home_and_from_there_into_another(database: str, open_folder: Path) -> None:
    await run_on_server(database, "INSERT INTO sources (name) VALUES ('one'), ('two')")
    home, first, second = open_folder / "home", open_folder / "first.tar.zst", open_folder / "second.tar.zst"
    told = local(environment(home, DATABASE_URL=database), "backup", str(first))
    assert told.returncode == 0, told.stderr
    ours = environment(home)
    nothing = local(ours, "backup", str(second))
    assert (nothing.returncode, nothing.stderr) == (1, f"nothing was ever stored in {home}\n")
    told = local(ours, "restore", str(first))
    assert told.returncode == 0, told.stderr
    last = json.loads(told.stdout.splitlines()[-1])
    assert (last["rows"], last["schema"], last["migrated_to"]) == (2, HEAD, HEAD)
    assert not EmbeddedPostgres(home).is_running()
    refused = local(ours, "restore", str(first))
    assert (refused.returncode, "not empty: sources have rows" in refused.stderr) == (1, True)
    with only_instance(home):
        held = local(ours, "backup", str(second))
    assert (held.returncode, "already running" in held.stderr) == (1, True)
    assert local(ours, "backup", str(second)).returncode == 0
    assert sorted(os.listdir(open_folder)) == ["first.tar.zst", "home", "second.tar.zst"]  # noqa: PTH208 - no waiting


STOPPED = """
import os, runpy, signal, sys
from scizor.services.local import keeping
keeping._tell_table = lambda entry: os.kill(os.getpid(), signal.SIGTERM)
sys.argv[0] = "scizor.services.local"
runpy.run_module("scizor.services.local", run_name="__main__")
"""


async def test_a_backup_that_is_told_to_stop_leaves_neither_file_nor_server(database: str, open_folder: Path) -> None:
    home, file = open_folder / "home", open_folder / "kept.tar.zst"
    assert local(environment(home, DATABASE_URL=database), "backup", str(file)).returncode == 0
    assert local(environment(home), "restore", str(file)).returncode == 0
    stopped = local(environment(home), "backup", str(open_folder / "other.tar.zst"), program=("-c", STOPPED))
    assert (stopped.returncode, stopped.stderr) == (130, "")
    assert sorted(os.listdir(open_folder)) == ["home", "kept.tar.zst"]  # noqa: PTH208 - no waiting
    assert Deadline(10).until(lambda: not EmbeddedPostgres(home).is_running())
