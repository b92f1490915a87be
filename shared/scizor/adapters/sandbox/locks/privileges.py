"""No program gives it rights back, nobody of the same user looks into it, it leaves no core, it ends with the warden.

Comes after the change of user, which makes the kernel forget the second and the last.
"""

from __future__ import annotations

import os
import signal

from scizor.adapters.sandbox.gaps import PRIVILEGES
from scizor.adapters.sandbox.locks.kernel import (
    PR_GET_DUMPABLE,
    PR_GET_NO_NEW_PRIVS,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    prctl,
)
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand


def _close(cell: Cell) -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_DUMPABLE, 0)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != cell.warden_pid:  # it died before the kernel knew our wish
        os._exit(1)


def _check(_: Cell) -> None:
    demand(prctl(PR_GET_NO_NEW_PRIVS) == 1, "programs with the set-user-id bit would gain rights")
    demand(prctl(PR_GET_DUMPABLE) == 0, "processes of the same user may look into it")


LOCK = Lock(PRIVILEGES, _close, _check)
