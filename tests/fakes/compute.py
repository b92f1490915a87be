"""Computing in threads of the test's process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class ThreadCompute:
    """`ports.compute.Compute`; what runs cannot be ended, only what waits."""

    def __init__(self, threads: int = 2) -> None:
        self.slots = threads
        self.data: dict[str, object] = {}
        self.submitted = 0
        self._pool = ThreadPoolExecutor(threads, "compute")

    def share(self, key: str, data: object) -> None:
        self.data[key] = data

    def forget(self, key: str) -> None:
        self.data.pop(key, None)

    def submit(self, function: Callable[..., Answer], key: str, *arguments: Any) -> Future[Answer]:
        self.submitted += 1
        return self._pool.submit(function, self.data[key], *arguments)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
