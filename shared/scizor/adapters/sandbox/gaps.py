"""What this machine cannot lock, and whether something else makes up for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SESSION = "session"
OWN_USER = "own user"
PRIVILEGES = "no new privileges"
FILE_VIEW = "file view"
FILE_RULES = "landlock"
NETWORK = "network namespace"
LIMITS = "resource limits"
ENVIRONMENT = "environment"
DESCRIPTORS = "descriptors"
SYSTEM_CALLS = "seccomp"
LIBRARIES = "readable libraries"

_MADE_UP_BY = {
    # Without either a run sees what its user may read; with one it sees libraries, and writes nothing.
    FILE_VIEW: {FILE_RULES},
    FILE_RULES: {FILE_VIEW},
    # No call that makes a socket is let through.
    NETWORK: {SYSTEM_CALLS},
}
# A service that is not root has no other user to give: signals to others are refused all the same.
_MADE_UP_BY_WITHOUT_ROOT = _MADE_UP_BY | {OWN_USER: {SYSTEM_CALLS}}


@dataclass(frozen=True, slots=True)
class Gap:
    """A lock that is not in force. `made_up_for`: others keep out what it would have kept out."""

    lock: str
    reason: str
    made_up_for: bool

    def __str__(self) -> str:
        return f"{self.lock}: {self.reason}"


def gaps_of(found: Iterable[tuple[str, str]], *, root: bool) -> tuple[Gap, ...]:
    """What missing locks, each with its reason, come to together."""
    reasons = dict(found)
    instead = _MADE_UP_BY if root else _MADE_UP_BY_WITHOUT_ROOT
    return tuple(
        Gap(lock, reason, lock in instead and not instead[lock] & reasons.keys()) for lock, reason in reasons.items()
    )
