"""Who runs the server: the user who asked, or for root (whom PostgreSQL refuses) a system account of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from scizor.domain.errors import FailedPrecondition, Reason, Unavailable

SYSTEM_ACCOUNT = "scizor"
_USERADD_TRIES = 5  # another process may hold the lock of /etc/passwd for a moment
_WALK_TRIES = 3
_COMMAND_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group the server runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether this process has to change its user to become the account."""
        return self.uid != os.geteuid()


def server_account() -> Account:
    """The account of the server. As root it is created when missing.

    Raises FailedPrecondition when it cannot be created.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(_name_of(uid), uid, os.getegid())
    return _find(SYSTEM_ACCOUNT) or _create(SYSTEM_ACCOUNT)


def demand_reachable(home: Path, account: Account) -> None:
    """Raise FailedPrecondition, naming the folder in the way, unless the account can walk to the home.

    Raises Unavailable where whoever walks is killed each time: that says nothing of the way.
    """
    if account.is_other and not _can_enter(home, account):
        raise FailedPrecondition(
            f"the database runs as the account {account.name}, which cannot enter {_first_closed(home)} on the way to "
            f"{home}; set SCIZOR_HOME to a folder every account may walk to, such as /var/lib/scizor",
            Reason.STORAGE_UNAVAILABLE,
        )


def _can_enter(home: Path, account: Account) -> bool:
    for _ in range(_WALK_TRIES):
        walk = subprocess.run(
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(home)],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=_COMMAND_DEADLINE_S,
            check=False,
        )
        if walk.returncode >= 0:
            return walk.returncode == 0
    raise Unavailable(
        f"whether the account {account.name} can enter {home} was not found out: "
        f"signal {-walk.returncode} killed the process that tried, {_WALK_TRIES} times",
        Reason.STORAGE_UNAVAILABLE,
    )


def _first_closed(home: Path) -> Path:
    folders = reversed([home, *home.parents])
    return next((folder for folder in folders if not folder.stat().st_mode & stat.S_IXOTH), home)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number that has no name
        return str(uid)


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _create(name: str) -> Account:
    useradd = shutil.which("useradd", path="/usr/sbin:/usr/bin:/sbin:/bin")
    said = "there is no useradd on this machine"
    for _ in range(_USERADD_TRIES if useradd else 0):
        said = _useradd(str(useradd), name)
        account = _find(name)  # also when another process was faster
        if account is not None:
            return account
        time.sleep(0.2)
    raise FailedPrecondition(
        f"cannot create the system account {name} that runs the database ({said}); "
        "create it by hand, run as a normal user, or set DATABASE_URL to a server of your own",
        Reason.STORAGE_UNAVAILABLE,
    )


def _useradd(program: str, name: str) -> str:
    made = subprocess.run(
        [
            *(program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"),
            *("--shell", "/usr/sbin/nologin", "--comment", "SCIZOR database", name),
        ],
        capture_output=True,
        text=True,
        timeout=_COMMAND_DEADLINE_S,
        check=False,
    )
    return made.stderr.strip() or f"useradd exited with {made.returncode}"
