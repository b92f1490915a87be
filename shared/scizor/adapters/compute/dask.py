"""A Dask cluster's workers: as many as there are, which may come and go.

Dask gives the tasks of a worker that died to others, and copies of shared data wherever they are needed. What it cannot
mend is told as Unavailable: data whose last holder is gone, a scheduler that was replaced. Both pass: data is then sent
again with the next task that names it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

from scizor.domain.errors import InvalidInput, Reason, Unavailable
from scizor.ports.compute import ComputeAway

try:
    import distributed
except ImportError:
    raise InvalidInput.of_field("compute", "needs Dask: pip install 'scizor[cluster]'") from None

Answer = TypeVar("Answer")
Remote = Any  # Dask's own future: its methods are not typed

_TIMEOUT_S: Final = 10.0
_DEATHS: Final = 3
_COUNTED_EVERY_S: Final = 2.0


class DaskCompute:
    """`ports.compute.Compute` on the cluster of the scheduler at `address`.

    `share` and `submit` may wait for the network, some seconds at most; the rest does not.
    """

    def __init__(self, address: str) -> None:
        self._address, self._lock = address, threading.Lock()
        self._client: Any = None  # a distributed.Client
        self._data: dict[str, object] = {}
        self._sent: dict[str, Remote] = {}
        self._slots, self._counted_at = 1, 0.0

    @property
    def slots(self) -> int:
        """Threads of all workers when they were last counted; at least 1."""
        return self._slots

    def share(self, key: str, data: object) -> None:
        """Make data known under a key; sent to every worker there is with the first task that names it."""
        self._data[key] = data
        with self._lock:
            self._count(self._connected())

    def forget(self, key: str) -> None:
        """Let go of data."""
        self._data.pop(key, None)
        self._sent.pop(key, None)

    def submit(self, function: Callable[..., Answer], key: str, *arguments: Any) -> Future[Answer]:
        """Have `function(data, *arguments)` run. Raises ComputeAway when the scheduler does not answer."""
        answer: Future[Answer] = Future()
        remote = self._send(function, key, arguments)

        def settle(ended: Remote) -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(ended.result(timeout=_TIMEOUT_S))
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                answer.set_exception(self._told(ended, key, error))

        def give_up(of_caller: Future[Answer]) -> None:
            if of_caller.cancelled():
                threading.Thread(target=_end, args=(remote,), daemon=True).start()

        answer.add_done_callback(give_up)
        remote.add_done_callback(settle)
        return answer

    def close(self) -> None:
        """Leave the cluster; what runs or waits is cancelled. Its workers are not ours to end."""
        with self._lock:
            client, self._client = self._client, None
            self._sent.clear()
        if client is not None:
            client.close(timeout=_TIMEOUT_S)

    def _send(self, function: Callable[..., Any], key: str, arguments: tuple[Any, ...]) -> Remote:
        if key not in self._data:
            raise InvalidInput.of_field("key", f"no data is shared under {key!r}")
        try:
            with self._lock:
                client = self._connected()
                self._count(client)
                held = self._sent.get(key)
                if held is None or held.status not in {"pending", "finished"}:
                    held = self._scattered(client, self._data[key])
                    self._sent[key] = held
                return client.submit(function, held, *arguments, pure=False, retries=_DEATHS)
        except ComputeAway:
            raise
        except Exception as error:  # noqa: BLE001 - a scheduler tells of whatever it trips over as workers go
            raise self._away(error) from None

    def _scattered(self, client: Any, data: object) -> Remote:
        """Sent to every worker, so that the end of one loses nothing.

        Not waited for without end: a scheduler that loses a worker meanwhile goes on trying to reach it for ever.
        """
        return client.sync(client.scatter, data, broadcast=True, hash=False, callback_timeout=_TIMEOUT_S)

    def _connected(self) -> Any:
        client = self._client
        if client is None or client.status not in {"running", "connecting"}:
            self._sent.clear()
            new_client: Any = distributed.Client
            try:
                client = new_client(self._address, timeout=_TIMEOUT_S, set_as_default=False)
            except (OSError, TimeoutError) as error:
                raise self._away(error) from None
            self._client, self._counted_at = client, 0.0
        return client

    def _count(self, client: Any) -> None:
        """Workers come and go: count them now and then."""
        if time.monotonic() - self._counted_at >= _COUNTED_EVERY_S:
            self._counted_at = time.monotonic()
            with suppress(OSError, TimeoutError):
                self._slots = max(1, sum(client.nthreads().values()))

    def _told(self, ended: Remote, key: str, error: Exception) -> Exception:
        """An error of the function is its own; a task that the cluster lost is the cluster's."""
        if ended.status == "error" and not type(error).__module__.startswith("distributed"):
            return error
        self._sent.pop(key, None)
        return self._away(error)

    def _away(self, error: Exception) -> Unavailable:
        told = f"the cluster at {self._address} did not do it: {error or type(error).__name__}"
        deadly = isinstance(error, distributed.KilledWorker)
        return Unavailable(told, Reason.INTERNAL) if deadly else ComputeAway(told, Reason.INTERNAL)


def _end(remote: Remote) -> None:
    """End a task that nobody waits for any more; a cluster that is away has ended it already."""
    with suppress(OSError, TimeoutError, RuntimeError):
        remote.cancel(force=True)
