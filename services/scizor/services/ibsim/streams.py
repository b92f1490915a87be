"""What a connection has running: histories under way and subscriptions, each a task under its kind and request id."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any

import structlog

_log = structlog.get_logger("ibsim")


class Kind(Enum):
    """Kinds whose request ids do not clash, and that are counted apart."""

    HISTORY = auto()
    HEAD_TIMESTAMP = auto()
    QUOTES = auto()
    REAL_TIME_BARS = auto()
    TICK_BY_TICK = auto()
    GAINS = auto()


class Streams:
    """The running tasks of one connection."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[Kind, int], asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def is_running(self, kind: Kind, req_id: int) -> bool:
        """Whether the id is in use."""
        return (kind, req_id) in self._tasks

    def count(self, *kinds: Kind) -> int:
        """How many of these kinds run."""
        return sum(kind in kinds for kind, _ in self._tasks)

    def start(self, kind: Kind, req_id: int, work: Coroutine[Any, Any, None]) -> None:
        """Run this until it ends or is cancelled."""
        task = asyncio.create_task(work)
        self._tasks[kind, req_id] = task
        task.add_done_callback(lambda done: self._ended(kind, req_id, done))

    def cancel(self, kind: Kind, req_id: int) -> bool:
        """Stop it. False: there is no such thing."""
        task = self._tasks.pop((kind, req_id), None)
        if task is None:
            return False
        task.cancel()
        return True

    async def close(self, *kinds: Kind) -> None:
        """Stop all of these kinds."""
        tasks = [self._tasks.pop(key) for key in list(self._tasks) if key[0] in kinds]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, kind: Kind, req_id: int, task: asyncio.Task[None]) -> None:
        if self._tasks.get((kind, req_id)) is task:
            del self._tasks[kind, req_id]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):  # the client is gone: that is no failure
            _log.error("stream_failed", kind=kind.name, req_id=req_id, exc_info=error)
