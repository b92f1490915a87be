"""Doing the next steps while the result of this one is used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from itertools import islice
from typing import Any, TypeVar

_Result = TypeVar("_Result")
Step = Callable[[], Coroutine[Any, Any, _Result]]


async def ahead(steps: Iterable[Step[_Result]], most: int) -> AsyncGenerator[_Result, None]:
    """The results of the steps in their order; at most `most` steps are under way or wait to be asked for.

    Leaving early ends the steps under way.
    """
    left = iter(steps)
    under_way = deque(asyncio.create_task(step()) for step in islice(left, most))
    try:
        while under_way:
            result = await under_way[0]
            under_way.popleft()
            under_way.extend(asyncio.create_task(step()) for step in islice(left, 1))
            yield result
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
