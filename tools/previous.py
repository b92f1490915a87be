"""The version before, on this version's schema: `python -m tools.previous`.

While a new version is rolled out the one before it still serves, on a database that is migrated already. So its own
tests of storage are run here, with a database that this version's migrations have made. The version before is the
newest release's tag, or the commit that `tools/PREVIOUS` names; a clone without its history says that it cannot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCE_ROOTS: Final = ("shared", "services", "clients", "protos/gen")
NOT_THERE: Final = 77
"""The exit status of what was skipped, as other test programs have it."""

_GIT_DEADLINE_S: Final = 60.0
_TESTS_DEADLINE_S: Final = 900.0
_ABOUT_ITS_OWN_SCHEMA: Final = ("test_sql_schema.py", "test_sql_upgrade.py", "test_sql_backup.py")


class NoPrevious(Exception):
    """There is no version before to be tested here; the message says why."""


def previous_commit() -> str:
    """The commit of the newest release before this one, else the one `tools/PREVIOUS` names. Raises NoPrevious."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    name = tag or (ROOT / "tools" / "PREVIOUS").read_text().split()[0]
    commit = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not commit:
        raise NoPrevious(f"this clone does not have {name}; `git fetch --unshallow --tags` brings it")
    return commit


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit; nothing of this repository is changed for it."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, timeout=_GIT_DEADLINE_S, check=True
    ).stdout
    folder = Path(tempfile.mkdtemp(prefix="scizor-previous-"))
    try:
        folder.chmod(0o755)  # as root the tests' database runs as another account
        with tarfile.open(fileobj=BytesIO(packed)) as tar:
            tar.extractall(folder, filter="data")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def storage_tests(folder: Path) -> list[str]:
    """What the version's own tests say of storage, but for those of its own schema."""
    files = sorted((folder / "tests" / "integration").glob("test_sql_*.py"))
    named = [str(file.relative_to(folder)) for file in files if file.name not in _ABOUT_ITS_OWN_SCHEMA]
    return ["tests/contracts", *named]


def run_tests(folder: Path) -> int:
    """Run them on this version's schema; pytest's exit status."""
    plugin = folder / "build" / "ahead"
    plugin.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "ahead.py", plugin / "scizor_ahead.py")
    roots = [*(folder / root for root in SOURCE_ROOTS), folder, plugin]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, roots)),
        "SCIZOR_AHEAD": os.pathsep.join(str(ROOT / root) for root in SOURCE_ROOTS),
        "SCIZOR_BEHIND": str(folder),
        "PYTEST_ADDOPTS": "",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "scizor_ahead", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *storage_tests(folder)], cwd=folder, env=environment, timeout=_TESTS_DEADLINE_S, check=False
    ).returncode


def main() -> int:
    """Pytest's exit status, or NOT_THERE with the reason on standard error."""
    try:
        commit = previous_commit()
    except NoPrevious as error:
        sys.stderr.write(f"SKIPPED, NOT PROVED: the version before was not tested on this schema: {error}\n")
        return NOT_THERE
    print(f"the storage tests of {commit[:12]}, on the schema of {ROOT}")
    with checked_out(commit) as folder:
        return run_tests(folder)


def _git(*words: str) -> str:
    """What git answers; empty where it refuses, or is not there."""
    try:
        said = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=_GIT_DEADLINE_S, check=False
        )
    except FileNotFoundError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
