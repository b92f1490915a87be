"""A session of its own, and an end with the warden's."""

from __future__ import annotations

import os

from scizor.adapters.sandbox.gaps import SESSION
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand


def _close(_: Cell) -> None:
    os.setsid()


def _check(_: Cell) -> None:
    demand(os.getsid(0) == os.getpid(), "shares the warden's session")


LOCK = Lock(SESSION, _close, _check)
