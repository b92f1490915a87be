"""Nothing is open but an empty input, the pipe of what is printed and the pipe of the answer.

And landlock's rules, until they are in force. This lock comes first: from then on there is a pipe to report through.
"""

from __future__ import annotations

import fcntl
import os

from scizor.adapters.sandbox.gaps import DESCRIPTORS
from scizor.adapters.sandbox.locks.lock import Cell, Lock, demand
from scizor.adapters.sandbox.wire import ANSWER_FD, RULES_FD

_MORE_THAN_ANY = 1 << 20
_LOOKED_AT = 1024


def _close(cell: Cell) -> None:
    places = {0: cell.null, 1: cell.printed, 2: cell.printed, ANSWER_FD: cell.answer}
    if cell.ruleset is not None:
        places[RULES_FD] = cell.ruleset
    # Copied upwards first: what is put in its place must not overwrite what is still to be put in its own.
    copies = {place: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, len(places)) for place, fd in places.items()}
    for place, fd in copies.items():
        os.dup2(fd, place, inheritable=False)
    os.closerange(len(places), _MORE_THAN_ANY)


def _check(_: Cell) -> None:
    left = [fd for fd in range(_LOOKED_AT) if _is_open(fd)]
    demand(left == list(range(ANSWER_FD + 1)), f"open are {left}")


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


LOCK = Lock(DESCRIPTORS, _close, _check)
