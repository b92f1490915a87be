"""Signs of life on a stream that is quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

_Step = TypeVar("_Step")


async def pulsed(steps: AsyncGenerator[_Step, None], silence_s: float) -> AsyncGenerator[_Step | None, None]:
    """The steps as they come, and None after each `silence_s` without one. Leaving early closes the steps."""
    upcoming = asyncio.create_task(_next(steps))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=silence_s)
            if not done:
                yield None
                continue
            following = upcoming.result()
            if not following:
                return
            yield following[0]
            upcoming = asyncio.create_task(_next(steps))
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)
        await steps.aclose()


async def _next(steps: AsyncGenerator[_Step, None]) -> tuple[_Step] | None:
    """The next step, None behind the last: a task cannot raise StopAsyncIteration to whoever waits for it."""
    async for step in steps:
        return (step,)
    return None
