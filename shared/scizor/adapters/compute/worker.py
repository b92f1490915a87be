"""`python -m scizor.adapters.compute.worker FD`: one worker, at the other end of a socket.

It is told data by key, then tasks; it answers each task in turn. It ends with its parent: the kernel sees to that
where it can, and elsewhere the closed socket does. Its one thread computes, so that as many workers as cores fill them.
"""

from __future__ import annotations

import ctypes
import pickle
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final

from scizor.adapters.compute.words import DATA, DONE, FAILED, FORGET, NEWS
from scizor.domain.errors import ScizorError

_PR_SET_PDEATHSIG: Final = 1


def serve(pipe: Connection) -> None:
    """Answer until the other end closes."""
    shared: dict[str, Any] = {}
    while True:
        kind, *rest = pipe.recv()
        if kind == DATA:
            key, pickled = rest
            shared[key] = pickle.loads(pickled)  # noqa: S301 - our own parent's bytes
        elif kind == FORGET:
            shared.pop(rest[0], None)
        else:
            pipe.send(_done(pipe, shared, *rest))


def _done(pipe: Connection, shared: dict[str, Any], key: str, pickled: bytes, telling: bool) -> tuple[str, bytes]:
    def say(news: object) -> None:
        pipe.send((NEWS, pickle.dumps(news, pickle.HIGHEST_PROTOCOL)))

    try:
        function, arguments = pickle.loads(pickled)  # noqa: S301 - our own parent's bytes
        answer = function(shared[key], *arguments, *([say] if telling else []))
        return DONE, pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whoever asked decides what it means
        return FAILED, pickle.dumps(_told(error), pickle.HIGHEST_PROTOCOL)


def _told(error: Exception) -> tuple[str, str, str]:
    reason = str(error.reason) if isinstance(error, ScizorError) else ""
    return type(error).__name__, reason, str(error)


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    """Serve at the socket that the first argument names."""
    die_with_parent()
    # Ctrl-C in a terminal is for the parent, which ends this process when it has given its work back.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
