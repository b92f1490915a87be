"""One PostgreSQL server per home: started by whoever comes first, shared by everyone after."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from scizor.adapters.sql.embedded import wire
from scizor.adapters.sql.embedded.account import Account, demand_reachable, server_account
from scizor.adapters.sql.embedded.binaries import usable_binaries
from scizor.adapters.sql.embedded.cluster import DATABASE, SERVER_ENVIRONMENT, SUPERUSER, ensure_cluster
from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.home import Layout
from scizor.adapters.sql.embedded.launcher import launch_command
from scizor.adapters.sql.embedded.logfile import log_tail, open_log
from scizor.adapters.sql.embedded.processes import ServerProcesses, is_alive
from scizor.domain.errors import FailedPrecondition, Reason, Unavailable

_SETTINGS = {
    "listen_addresses": "",  # the socket is the only door
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",  # a bulk import is not interrupted by checkpoints
    "checkpoint_timeout": "15min",
    "jit": "off",  # queries here are short: compiling them costs more than it saves
    "fsync": "on",  # it is money: a commit that was answered is on the disk
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
_TAKES_CONNECTIONS = (wire.OK, wire.TOO_MANY_CONNECTIONS)  # a server that is full is very much alive
_PATH_TO_STOP = ((signal.SIGINT, 2 / 3), (signal.SIGQUIT, 1 / 6), (signal.SIGKILL, 1 / 6))


class EmbeddedPostgres:
    """The server of one home. Any number of processes may start it at once: one does, the others attach."""

    def __init__(self, home: Path) -> None:
        self._layout = Layout(home.resolve())
        self._processes = ServerProcesses(self._layout)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """An SQLAlchemy URL for asyncpg; without `+asyncpg` it is asyncpg's own."""
        folder = quote(str(self._layout.sockets), safe="/")
        return f"postgresql+asyncpg://{SUPERUSER}@/{DATABASE}?host={folder}&port=5432"

    @property
    def pid(self) -> int | None:
        """Process id of the living postmaster."""
        return self._processes.postmaster()

    def is_running(self) -> bool:
        """Whether a server answers on the socket and has the database."""
        return self._answer() in _TAKES_CONNECTIONS

    def start(self, *, die_with_parent: bool = False, timeout_s: float = 60.0) -> str:
        """Attach to the running server, or start one and wait until it takes connections. Returns the DSN.

        With `die_with_parent` a server started here is a direct child that shuts down when the calling *thread* ends,
        so call from a thread that lives as long as the server should; otherwise it outlives the caller. Attaching
        changes nothing about the server. Raises FailedPrecondition or Unavailable, saying what to do.
        """
        if self.is_running():
            return self.dsn
        deadline = Deadline(timeout_s)
        account = server_account()
        self._layout.make(account)
        demand_reachable(self._layout.home, account)
        with self._alone(deadline):
            if not self._found_running(deadline):
                self._start(account, deadline, die_with_parent=die_with_parent)
        return self.dsn

    def stop(self, *, timeout_s: float = 30.0) -> None:
        """Stop the server, whoever started it; open transactions are rolled back.

        Asks for a fast shutdown, after two thirds of the time for an immediate one, and kills at the end. Raises
        FailedPrecondition when the server is another user's, Unavailable when even the last did not help.
        """
        if self._processes.postmaster() is None:
            self._processes.end_orphans()
        for sent, share in _PATH_TO_STOP:
            if self._ended():
                return
            try:
                self._processes.signal(sent, everyone=sent is signal.SIGKILL)
            except PermissionError as error:
                raise FailedPrecondition(
                    "the database runs as another user; stop it as that user", Reason.STORAGE_UNAVAILABLE
                ) from error
            if Deadline(timeout_s * share).until(self._ended):
                return
        raise Unavailable(f"the database processes {self._processes.alive()} do not end", Reason.STORAGE_UNAVAILABLE)

    def exit_status(self) -> int | None:
        """How the child started here with `die_with_parent` ended; None while it runs."""
        return self._child.poll() if self._child else None

    def _ended(self) -> bool:
        waited_for = self._child is None or self.exit_status() is not None  # else it would stay as a zombie
        return waited_for and self._processes.gone()

    @contextmanager
    def _alone(self, deadline: Deadline) -> Iterator[None]:
        """Only one process at a time starts the server; the kernel drops the lock of one that is killed."""
        try:
            lock = os.open(self._layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise FailedPrecondition(
                f"{self._layout.home} belongs to another user; set SCIZOR_HOME to a folder of your own",
                Reason.STORAGE_UNAVAILABLE,
            ) from error
        try:
            if not deadline.until(lambda: _take(lock)):
                raise Unavailable("another process is still starting the database", Reason.STORAGE_UNAVAILABLE)
            yield
        finally:
            os.close(lock)

    def _found_running(self, deadline: Deadline) -> bool:
        """Wait until what is there answers (True) or is gone (False)."""
        if self._processes.postmaster() is None:
            self._processes.end_orphans()
        if not deadline.until(lambda: self._ready() or self._ended()):
            raise Unavailable(
                f"the database processes {self._processes.alive()} neither answer nor end{log_tail(self._layout.log)}",
                Reason.STORAGE_UNAVAILABLE,
            )
        if not self._ended():
            return True
        self._processes.forget()
        return False

    def _start(self, account: Account, deadline: Deadline, *, die_with_parent: bool) -> None:
        binaries = usable_binaries(account, self._layout.programs)
        ensure_cluster(self._layout.data, binaries, account, deadline)
        settings = _SETTINGS | {
            "unix_socket_directories": str(self._layout.sockets),
            "cluster_name": self._layout.name,
        }
        command = launch_command(
            [binaries.postgres, "-D", self._layout.data, *(f"--{key}={value}" for key, value in settings.items())],
            die_signal=signal.SIGINT if die_with_parent else None,
            user=(account.uid, account.gid) if account.is_other else None,
        )
        with open_log(self._layout.log) as log:
            log_start = log.tell()
            child = subprocess.Popen(
                command,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log if die_with_parent else subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the caller, who stops the server last
            )
        if die_with_parent:
            self._child = child
            self._await_ready(child.pid, log_start, deadline)
        else:
            self._await_ready(int(child.communicate(timeout=deadline.left_s)[0]), log_start, deadline)

    def _await_ready(self, pid: int, log_start: int, deadline: Deadline) -> None:
        def ended() -> bool:
            return self.exit_status() is not None or not is_alive(pid)

        deadline.until(lambda: self._ready() or ended())
        if ended():
            raise Unavailable(
                f"the database did not start{log_tail(self._layout.log, log_start)}", Reason.STORAGE_UNAVAILABLE
            )
        if not self.is_running():
            self.stop()
            raise Unavailable(
                f"the database was not ready in time{log_tail(self._layout.log, log_start)}", Reason.STORAGE_UNAVAILABLE
            )

    def _ready(self) -> bool:
        """Whether connections are taken; makes the database when the server has none yet."""
        answer = self._answer()
        if answer == wire.DATABASE_MISSING:
            wire.converse(self._layout.socket, SUPERUSER, "postgres", f"CREATE DATABASE {DATABASE}", timeout_s=30)
            return True
        return answer in _TAKES_CONNECTIONS

    def _answer(self) -> str:
        """What the server says to a connection: OK, NOBODY or the SQLSTATE of its refusal."""
        try:
            wire.converse(self._layout.socket, SUPERUSER, DATABASE)
        except OSError:
            return wire.NOBODY
        except wire.RefusedError as refusal:
            return refusal.code
        return wire.OK


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
