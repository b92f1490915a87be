"""The locks of a run, one a file, in the order in which they must be closed.

`isolation` is closed once, by the warden; the others by each child, before it loads anything. Each can be checked:
a warden starts with a child that closes all of them and looks.
"""

from __future__ import annotations

from typing import Final

from scizor.adapters.sandbox.locks import (
    descriptors,
    environment,
    landlock,
    limits,
    privileges,
    seccomp,
    session,
    user,
)
from scizor.adapters.sandbox.locks.lock import Cell, Lock

LOCKS: Final[tuple[Lock, ...]] = (
    descriptors.LOCK,
    session.LOCK,
    user.LOCK,
    privileges.LOCK,
    landlock.LOCK,
    limits.LOCK,
    environment.LOCK,
    seccomp.LOCK,
)

__all__ = ["LOCKS", "Cell", "Lock"]
