"""Handing a task to `ports.compute` and waiting for what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Answer = TypeVar("Answer")


async def handed_over(submit: Callable[[], Future[Answer]]) -> Answer:
    """What the task comes to that `submit` hands over. Cancelling gives it up, even while it is handed over.

    That is done in a thread: what the task brings is packed, and a cluster is asked over the network.
    """
    handing = asyncio.ensure_future(asyncio.to_thread(submit))
    try:
        task = await asyncio.shield(handing)
    except asyncio.CancelledError:
        handing.add_done_callback(_give_up)
        raise
    return await asyncio.wrap_future(task)


def _give_up(handing: asyncio.Future[Future[Any]]) -> None:
    if not handing.cancelled() and handing.exception() is None:
        handing.result().cancel()
