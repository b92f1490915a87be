"""The processes of one server, found by the name in their titles.

The title is the one thing every process of a server carries that any user may read: the working folder of another
user's process is hidden even from root in a container without CAP_SYS_PTRACE.
"""

from __future__ import annotations

import os
import signal

import psutil

from scizor.adapters.sql.embedded.deadline import Deadline
from scizor.adapters.sql.embedded.home import Layout

_ORPHAN_PATIENCE_S = 2.0


class ServerProcesses:
    """The postmaster of a data directory and its children, as they are at each call."""

    def __init__(self, layout: Layout) -> None:
        self._name = layout.name
        self._pid_file = layout.data / "postmaster.pid"
        self._socket_lock = layout.socket.with_name(layout.socket.name + ".lock")

    def alive(self) -> list[int]:
        """Ids of every process of the server that is not a zombie."""
        return [process.pid for process in psutil.process_iter() if self._is_ours(process)]

    def gone(self) -> bool:
        """Whether nothing of the server is left."""
        return not self.alive()

    def postmaster(self) -> int | None:
        """Id of the living postmaster."""
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
            return pid if self._is_ours(psutil.Process(pid)) else None
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None

    def signal(self, sent: signal.Signals, *, everyone: bool = False) -> None:
        """Signal the postmaster, or every process when asked or when no postmaster is left to tell them."""
        postmaster = self.postmaster()
        for pid in self.alive() if everyone or postmaster is None else [postmaster]:
            try:
                os.kill(pid, sent)
            except ProcessLookupError:
                continue

    def end_orphans(self) -> None:
        """End the children a killed postmaster left: a new one must not share the data with them.

        They leave by themselves once they notice; one that is busy does not, so it gets SIGQUIT and then SIGKILL.
        Recovery does not care how they ended.
        """
        for sent in (None, signal.SIGQUIT, signal.SIGKILL):
            if sent is not None and self.postmaster() is None:
                self.signal(sent, everyone=True)
            if Deadline(_ORPHAN_PATIENCE_S).until(lambda: self.gone() or self.postmaster() is not None):
                return

    def forget(self) -> None:
        """Remove the lock files of a server that is gone.

        The number in them may belong to a zombie, or by now to a stranger, and PostgreSQL would take either for a
        running server and refuse to start.
        """
        for lock in (self._pid_file, self._socket_lock):
            lock.unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return (
                process.name() == "postgres"
                and process.status() != psutil.STATUS_ZOMBIE
                and any(self._name in word for word in process.cmdline())
            )
        except psutil.Error:
            return False


def is_alive(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
