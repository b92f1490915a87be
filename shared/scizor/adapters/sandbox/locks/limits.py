"""What it may use. The kernel counts; nothing here depends on anybody's watching."""

from __future__ import annotations

import math
from resource import (
    RLIMIT_AS,
    RLIMIT_CORE,
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_MEMLOCK,
    RLIMIT_MSGQUEUE,
    RLIMIT_NOFILE,
    RLIMIT_NPROC,
    RLIMIT_STACK,
    getrlimit,
    setrlimit,
)

from scizor.adapters.sandbox.gaps import LIMITS
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand

_STACK_BYTES = 8 << 20


def _bounds(cell: Cell) -> dict[int, tuple[int, int]]:
    asked = cell.limits
    cpu_s = max(math.ceil(asked.cpu_s), 1)
    address_space_bytes = cell.address_space_bytes + asked.memory_bytes
    return {
        RLIMIT_CPU: (cpu_s, cpu_s + 1),  # first a signal, by which it can say where it is
        RLIMIT_AS: (address_space_bytes, address_space_bytes),
        RLIMIT_NPROC: (asked.processes, asked.processes),
        RLIMIT_NOFILE: (asked.open_files, asked.open_files),
        RLIMIT_STACK: (_STACK_BYTES, _STACK_BYTES),
        **dict.fromkeys((RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE), (0, 0)),
    }


def _close(cell: Cell) -> None:
    for which, bounds in _bounds(cell).items():
        _, hard = getrlimit(which)
        most = tuple(each if hard < 0 else min(each, hard) for each in bounds)
        setrlimit(which, (most[0], most[1]))


def _check(cell: Cell) -> None:
    for which, (soft, hard) in _bounds(cell).items():
        found = getrlimit(which)
        demand(0 <= found[0] <= soft and 0 <= found[1] <= hard, f"limit {which} is {found}")


LOCK = Lock(LIMITS, _close, _check)
