"""Doing the next step while the result of this one is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

_Result = TypeVar("_Result")
Step = Callable[[], Coroutine[Any, Any, _Result]]


async def one_ahead(steps: Iterable[Step[_Result]]) -> AsyncGenerator[_Result, None]:
    """The results of the steps in their order, of which never more than one waits to be asked for.

    Leaving early ends the step under way.
    """
    left = iter(steps)
    under_way = _begun(left)
    try:
        while under_way is not None:
            result = await under_way
            under_way = _begun(left)
            yield result
    finally:
        if under_way is not None:
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)


def _begun(left: Iterator[Step[_Result]]) -> asyncio.Task[_Result] | None:
    step = next(left, None)
    return asyncio.create_task(step()) if step else None
