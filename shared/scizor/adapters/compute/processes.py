"""Worker processes of this machine: started when first needed, kept warm, replaced when they die.

Each worker has a thread here that hands it one task at a time and waits for the answer. A worker that dies is replaced
and given the same task again; a task that takes worker after worker with it ends after a few.
"""

from __future__ import annotations

import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from scizor.adapters.compute.words import DATA, DONE, FORGET, NEWS, TASK
from scizor.domain.errors import InvalidInput, LimitExceeded, Reason, ScizorError, Unavailable

Answer = TypeVar("Answer")

MAX_DEATHS: Final = 3
_TASKS_A_WORKER: Final = 64
_STOP_S: Final = 2.0
# What a worker may know of its parent's surroundings: where Python, its caches and its libraries are, and no secret.
_ENVIRONMENT: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH"),
    *("NUMBA_CACHE_DIR", "NUMBA_CPU_FEATURES", "NUMBA_CPU_NAME", "XDG_CACHE_HOME", "VIRTUAL_ENV"),
)
_ONE_THREAD: Final = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(slots=True, eq=False)
class _Task:
    key: str
    pickled: bytes
    on_news: Callable[[Any], None] | None = None
    future: Future[Any] = field(default_factory=Future)
    deaths: int = 0


class _Worker:
    """One process and what it was told."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command = [sys.executable, "-m", "scizor.adapters.compute.worker", str(theirs.fileno())]
        self.process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=environment | _ONE_THREAD | {"PYTHONSAFEPATH": "1"},
        )
        theirs.close()
        self.pipe, self.keys = Connection(ours.detach()), set[str]()

    def end(self) -> None:
        """Kill and bury it."""
        self.process.kill()
        with suppress(OSError):
            self.pipe.close()
        self.process.wait()


class ProcessCompute:
    """`ports.compute.Compute` on `processes` workers of this machine."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._waiting: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._data: dict[str, bytes] = {}
        self._running: dict[Future[Any], _Worker] = {}
        self._threads: list[threading.Thread] = []
        self._lock, self._closed = threading.Lock(), False

    @property
    def slots(self) -> int:
        """How many tasks can be worked on at a time."""
        return self._processes

    def share(self, key: str, data: object) -> None:
        """Make data known under a key; pickled here, sent to a worker with its first task that names it."""
        self._data[key] = pickle.dumps(data, pickle.HIGHEST_PROTOCOL)

    def forget(self, key: str) -> None:
        """Let go of data."""
        self._data.pop(key, None)

    def submit(self, function: Callable[..., Answer], key: str, *arguments: Any) -> Future[Answer]:
        """Have `function(data, *arguments)` run. Raises LimitExceeded, Unavailable once closed."""
        return self._put(_Task(key, pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)))

    def submit_telling(
        self, function: Callable[..., Answer], key: str, *arguments: Any, on_news: Callable[[Any], None]
    ) -> Future[Answer]:
        """Have `function(data, *arguments, say)` run: what it says goes to `on_news`, in a thread of this pool's.

        A task whose worker died may say things again. Raises as `submit`.
        """
        return self._put(_Task(key, pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL), on_news))

    def _put(self, task: _Task) -> Future[Any]:
        if task.key not in self._data:
            raise InvalidInput.of_field("key", f"no data is shared under {task.key!r}")
        with self._lock:
            if self._closed:
                raise Unavailable("the workers were ended", Reason.SHUTTING_DOWN)
            if self._waiting.qsize() >= _TASKS_A_WORKER * self._processes:
                raise LimitExceeded("too many tasks wait", Reason.QUEUE_FULL)
            while len(self._threads) < self._processes:
                self._threads.append(threading.Thread(target=self._hand_out, name="compute", daemon=True))
                self._threads[-1].start()
        task.future.add_done_callback(self._given_up)
        self._waiting.put(task)
        return task.future

    def close(self) -> None:
        """End the workers; what runs or waits is cancelled."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
        for future in list(self._running):
            future.cancel()
        for _ in threads:
            self._waiting.put(None)
        for thread in threads:
            thread.join(_STOP_S)

    def _given_up(self, future: Future[Any]) -> None:
        """A task that nobody waits for any more must not keep its worker busy."""
        worker = self._running.get(future)
        if future.cancelled() and worker is not None:
            worker.process.kill()

    def _hand_out(self) -> None:
        """One thread, one worker after the other; the kernel ends a worker with this thread."""
        worker: _Worker | None = None
        try:
            while (task := self._waiting.get()) is not None:
                # The future stays PENDING while its task runs, so that it can be cancelled then too.
                while not (task.future.done() or self._closed):
                    try:
                        worker = worker or _Worker()
                        self._carry_out(task, worker)
                    except (EOFError, OSError) as error:
                        if worker is not None:
                            worker.end()
                        worker = None
                        self._died(task, error)
                if self._closed:
                    task.future.cancel()
        finally:
            if worker is not None:
                worker.end()

    def _carry_out(self, task: _Task, worker: _Worker) -> None:
        self._running[task.future] = worker
        try:
            if task.future.cancelled() or self._closed:  # `close` ends what it finds in _running
                return
            for key in worker.keys - self._data.keys():
                worker.pipe.send((FORGET, key))
                worker.keys.discard(key)
            if task.key not in worker.keys:
                worker.pipe.send((DATA, task.key, self._data.get(task.key, b"N.")))
                worker.keys.add(task.key)
            worker.pipe.send((TASK, task.key, task.pickled, task.on_news is not None))
            while True:
                word, pickled = worker.pipe.recv()
                told = pickle.loads(pickled)  # noqa: S301 - our own worker's bytes
                if word != NEWS:
                    break
                if task.on_news is not None and not task.future.done():
                    task.on_news(told)
        finally:
            del self._running[task.future]
        _settle(task.future, told if word == DONE else None, None if word == DONE else _as_error(*told))

    def _died(self, task: _Task, error: Exception) -> None:
        task.deaths += 1
        if task.deaths >= MAX_DEATHS:
            rule = f"a task took {MAX_DEATHS} workers with it: {error or 'they died'}"
            _settle(task.future, None, Unavailable(rule, Reason.INTERNAL))


def _settle(future: Future[Any], answer: object, error: Exception | None) -> None:
    """Set what came of it, unless it was given up meanwhile."""
    if not future.set_running_or_notify_cancel():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


def _as_error(kind: str, reason: str, message: str) -> Exception:
    if reason:
        known = {one.__name__: one for one in ScizorError.__subclasses__()}
        return known.get(kind, ScizorError)(message, Reason(reason))
    return RuntimeError(f"{kind}: {message}")
