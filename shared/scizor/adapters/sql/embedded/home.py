"""Where the server keeps its data, and folders that come out with the owner and mode they must have."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scizor.adapters.sql.embedded.account import Account
from scizor.domain.errors import FailedPrecondition, InvalidInput, Reason

SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT_BYTES = 100  # sun_path holds 108 with its NUL, and the server adds ".lock" to the name
_PRIVATE_SOCKETS = Path("/tmp")  # noqa: S108 - what lies there is checked for owner, mode and type before use


def home_directory(environment: Mapping[str, str]) -> Path:
    """SCIZOR_HOME, else /var/lib/scizor for root and the XDG data folder for everyone else.

    Raises InvalidInput when SCIZOR_HOME is not an absolute path.
    """
    chosen = environment.get("SCIZOR_HOME")
    if chosen:
        path = Path(chosen)
        if not path.is_absolute():
            raise InvalidInput.of_field("SCIZOR_HOME", f"must be an absolute path, not {chosen!r}")
        return path
    if os.geteuid() == 0:
        return Path("/var/lib/scizor")
    data = environment.get("XDG_DATA_HOME", "")
    if data.startswith("/"):  # the XDG specification: a relative path is to be ignored
        return Path(data) / "scizor"
    user = environment.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir
    return Path(user) / ".local" / "share" / "scizor"


@dataclass(frozen=True, slots=True)
class Layout:
    """Every path below one home."""

    home: Path

    @property
    def data(self) -> Path:
        """The PostgreSQL data directory."""
        return self.home / "pgdata"

    @property
    def programs(self) -> Path:
        """Copies of the wheel's programs, one folder a version; used only when root starts the server."""
        return self.home / "postgres"

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.home / "logs" / "postgres.log"

    @property
    def lock(self) -> Path:
        """Held by whoever is starting the server."""
        return self.home / "run" / "postgres.lock"

    @property
    def sockets(self) -> Path:
        """The socket's folder: inside the home, or a private one under /tmp when that path is too long."""
        inside = self.home / "socket"
        if len(os.fsencode(inside / SOCKET_NAME)) < _SOCKET_PATH_LIMIT_BYTES:
            return inside
        return _PRIVATE_SOCKETS / self.name

    @property
    def socket(self) -> Path:
        """The socket itself."""
        return self.sockets / SOCKET_NAME

    @property
    def name(self) -> str:
        """A word only this home's server carries; it shows in the title of each of its processes."""
        return "scizor-" + hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]

    def make(self, account: Account) -> None:
        """Create what is missing; no folder that exists is changed.

        Raises FailedPrecondition when a folder cannot be made, or when the socket's is not the account's alone.
        """
        make_home(self.home)
        make_folder(self.sockets, 0o700, account)
        _demand_private(self.sockets, account)


def make_home(home: Path) -> None:
    """Create the home with its `logs` and `run`, where missing. Raises FailedPrecondition when that is refused."""
    try:
        _make_with_parents(home)
        for folder in (home / "logs", home / "run"):
            make_folder(folder, 0o755)
    except OSError as error:
        raise FailedPrecondition(
            f"cannot create {error.filename}: {error.strerror}; set SCIZOR_HOME to a folder this user may write",
            Reason.STORAGE_UNAVAILABLE,
        ) from error


def make_folder(path: Path, mode: int, account: Account | None = None) -> None:
    """Create one folder with exactly this mode, whatever the umask; an existing one is left as it is."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    if account is not None and account.uid != os.geteuid():
        os.chown(path, account.uid, account.gid)
    path.chmod(mode)


def _make_with_parents(home: Path) -> None:
    """As root the account must be able to walk to its data, so what we create on the way is open to walk through."""
    mode = 0o755 if os.geteuid() == 0 else 0o700
    for folder in reversed([home, *home.parents]):
        if not folder.exists():
            make_folder(folder, mode)


def _demand_private(path: Path, account: Account) -> None:
    """A folder under /tmp has a name anyone can guess: trust it only if nobody else can have made it."""
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != account.uid or stat.S_IMODE(seen.st_mode) & 0o077:
        raise FailedPrecondition(
            f"{path} must be a folder of mode 700 that belongs to {account.name}; start as its owner, or remove it",
            Reason.STORAGE_UNAVAILABLE,
        )
