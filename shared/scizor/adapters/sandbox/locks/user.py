"""A user of its own without any rights, and no other run's: neither may signal or trace the other.

Without root there is no other user to become; a user namespace of its own then counts its threads apart.
"""

from __future__ import annotations

import os
from contextlib import suppress

from scizor.adapters.sandbox.gaps import OWN_USER
from scizor.adapters.sandbox.locks.kernel import CLONE_NEWUSER, capabilities, drop_capabilities, unshare
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand


def _close(cell: Cell) -> None:
    if cell.uid is None:
        with suppress(OSError):
            unshare(CLONE_NEWUSER)
    else:
        os.setgroups([])
        os.setresgid(cell.uid, cell.uid, cell.uid)
        os.setresuid(cell.uid, cell.uid, cell.uid)
    drop_capabilities()


def _check(cell: Cell) -> None:
    demand(not any(capabilities()), "has capabilities")
    demand(cell.uid is not None, "the service is not root: runs are its own user")
    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}
    demand(ids == {cell.uid}, f"is still {sorted(ids)}")


LOCK = Lock(OWN_USER, _close, _check)
