"""No variables. The warden was started with a few harmless ones; what it does not have cannot be read out of it."""

from __future__ import annotations

import os

from scizor.adapters.sandbox.gaps import ENVIRONMENT
from scizor.adapters.sandbox.locks.kernel import clear_environment, has_environment
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand


def _close(_: Cell) -> None:
    os.environ.clear()
    clear_environment()


def _check(_: Cell) -> None:
    demand(not os.environ and not has_environment(), "variables are left")


LOCK = Lock(ENVIRONMENT, _close, _check)
