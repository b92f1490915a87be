"""Starts a program that dies with its parent, or one that outlives it, as another user when asked.

Run as a script by `launch_command`: `subprocess` can do these things only through a hook between fork and exec, which
is unsafe once the parent has threads. The order matters: the kernel forgets the parent-death signal when a process
changes its user, so the user comes first. Only the standard library is imported, so a start costs about 20 ms.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_DETACH = "detach"


def launch_command(
    command: Sequence[str | Path], *, die_signal: signal.Signals | None, user: tuple[int, int] | None = None
) -> list[str]:
    """The argument vector that starts `command` through this script.

    With `die_signal` the program gets that signal when the *thread* that started it ends, however it ends; without,
    it is handed to init and its process id is printed as the one line of output. `user` is (uid, gid).
    """
    mode = f"{int(die_signal)}:{os.getpid()}" if die_signal else _DETACH
    identity = f"{user[0]}:{user[1]}" if user else ""
    return [sys.executable, "-I", "-S", __file__, mode, identity, *map(str, command)]


def main(arguments: Sequence[str]) -> None:
    """Become the program of `arguments`: mode, identity, program, its arguments."""
    mode, identity, *command = arguments
    if identity:
        uid, gid = map(int, identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if mode == _DETACH:
        _leave_parent()
    else:
        _die_with_parent(*map(int, mode.split(":")))
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


def _leave_parent() -> None:
    child = os.fork()
    if child:
        os.write(1, f"{child}\n".encode())
        os._exit(0)
    os.dup2(2, 1)  # let go of the pipe the process id was written to


def _die_with_parent(die_signal: int, parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, die_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel knew our wish
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
