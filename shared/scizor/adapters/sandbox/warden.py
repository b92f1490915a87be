"""`python -m scizor.adapters.sandbox.warden CONFIGURATION`: has everything ready, and forks a child for each run.

It has one thread, no variables worth reading and no data of any run: what it does not know, no child can find. It ends
with its host, its children with it.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from scizor.adapters.sandbox.child import Task, look_at_locks, perform
from scizor.adapters.sandbox.gaps import FILE_RULES
from scizor.adapters.sandbox.keeper import Keeper, Means
from scizor.adapters.sandbox.locks.isolation import isolate
from scizor.adapters.sandbox.locks.kernel import PR_SET_PDEATHSIG, prctl
from scizor.adapters.sandbox.locks.landlock import make_ruleset
from scizor.adapters.sandbox.locks.libraries import readable_paths
from scizor.adapters.sandbox.warmth import preload
from scizor.adapters.sandbox.wire import ANSWER_FD
from scizor.ports.sandbox import Limits

_MOST_PROBLEM_BYTES = 64 << 10


def main() -> int:
    """Serve until the host is gone; in a child: run its task. Nothing of the warden is left in a child's frames."""
    task = _serve(json.loads(sys.argv.pop()))
    return 0 if task is None else perform(task)


def _serve(configuration: dict[str, Any]) -> Task | None:
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != configuration["host"]:  # it died before the kernel knew our wish
        return None
    sys.path += configuration["import_roots"]
    preload(configuration["preload"])
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise RuntimeError("what was preloaded started threads: a process with threads cannot be forked safely")
    means, missing = _shut_off(readable_paths(map(Path, configuration["readable"])))
    # What is here now is of every child; looking through it for garbage would copy it for each.
    gc.collect()
    gc.freeze()
    found = [*missing, *_problems(means, configuration["uid"])]
    control = socket.socket(fileno=configuration["control"])
    control.send(json.dumps({"ready": found}).encode())
    tolerated = frozenset(name for name, _ in found)
    return Keeper(control, replace(means, tolerated=tolerated)).serve()


def _shut_off(readable: tuple[Path, ...]) -> tuple[Means, list[tuple[str, str]]]:
    """Take what will be needed, and leave the rest of the system behind."""
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    size = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    missing = isolate(readable)
    try:
        ruleset = make_ruleset(readable)
    except OSError as error:
        missing.append((FILE_RULES, str(error)))
        ruleset = None
    return Means(null, proc, size, ruleset, frozenset()), missing


def _problems(means: Means, uid: int | None) -> list[tuple[str, str]]:
    """What a child finds that closes all locks and looks at them."""
    reading, writing = os.pipe()
    cell = means.cell(uid, Limits(), writing, writing)
    child = os.fork()
    if not child:
        problems = json.dumps(look_at_locks(cell))
        os.write(ANSWER_FD, problems.encode())
        os._exit(0)
    os.close(writing)
    told = os.read(reading, _MOST_PROBLEM_BYTES)
    os.close(reading)
    os.waitpid(child, 0)
    return [(name, problem) for name, problem in json.loads(told)]


if __name__ == "__main__":
    sys.exit(main())
