"""What all locks have in common."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from scizor.ports.sandbox import Limits


@dataclass(frozen=True, slots=True)
class Cell:
    """The process that is to be locked. Descriptors are its own, not yet in their places.

    `uid`: the user it is to become; None where the warden may make nobody another. `address_space_bytes`: what it
    starts with. `ruleset`: landlock's, None without.
    """

    uid: int | None
    warden_pid: int
    address_space_bytes: int
    limits: Limits
    null: int
    printed: int
    answer: int
    ruleset: int | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """Closes for good. Both raise OSError: `close` where the kernel refuses it, `check` where it is not in force."""

    name: str
    close: Callable[[Cell], None]
    check: Callable[[Cell], None]


def demand(in_force: bool, otherwise: str) -> None:
    """Raise OSError unless it is so."""
    if not in_force:
        raise OSError(errno.EPERM, otherwise)


def refused(attempt: Callable[[], object], otherwise: str) -> None:
    """Raise OSError unless the kernel refuses the attempt."""
    try:
        attempt()
    except OSError:
        return
    raise OSError(errno.EPERM, otherwise)
