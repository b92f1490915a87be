"""Doing the next steps while the result of this one is used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from scizor.services.marketdata.bars.ahead import ahead

Step = Callable[[], Coroutine[Any, Any, int]]


class Steps:
    """Steps that remember what became of them."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []

    async def run(self, number: int, *, forever: bool = False, failing: bool = False) -> int:
        self.begun.append(number)
        try:
            await asyncio.sleep(0)
            if forever:
                await asyncio.Event().wait()
            if failing:
                raise RuntimeError("no")
            return number
        finally:
            self.ended.append(number)


@pytest.fixture
def steps() -> Steps:
    return Steps()


def quick(steps: Steps, *numbers: int) -> list[Step]:
    return [partial(steps.run, number) for number in numbers]


async def test_results_come_in_order_and_none_is_lost(steps: Steps) -> None:
    assert [result async for result in ahead(quick(steps, 1, 2, 3), 2)] == [1, 2, 3]
    assert [result async for result in ahead(quick(steps), 2)] == []


async def test_as_many_steps_are_under_way_as_asked_and_no_more(steps: Steps) -> None:
    results = ahead(quick(steps, 1, 2, 3, 4), 2)
    assert await anext(results) == 1
    for _ in range(5):
        await asyncio.sleep(0)
    assert steps.begun == [1, 2, 3]
    await results.aclose()


async def test_leaving_ends_the_step_under_way(steps: Steps) -> None:
    endless: list[Step] = [*quick(steps, 1), partial(steps.run, 2, forever=True)]
    results = ahead(endless, 1)
    await anext(results)
    await asyncio.sleep(0)
    await results.aclose()
    assert steps.ended == [1, 2]


async def test_a_step_that_fails_ends_it_all(steps: Steps) -> None:
    failing: list[Step] = [*quick(steps, 1), partial(steps.run, 2, failing=True), *quick(steps, 3)]
    results = ahead(failing, 1)
    assert await anext(results) == 1
    with pytest.raises(RuntimeError):
        await anext(results)
    assert steps.begun == [1, 2]
