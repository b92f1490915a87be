"""Signs of life between the steps of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from scizor.services.marketdata.calls.pulse import pulsed


async def test_silence_is_told_and_no_step_is_lost() -> None:
    gate = asyncio.Event()

    async def steps() -> AsyncGenerator[int, None]:
        yield 1
        await gate.wait()
        yield 2

    told: list[int | None] = []
    async for step in pulsed(steps(), 0.01):
        told.append(step)
        if told.count(None) == 2:
            gate.set()
    assert [told[0], told[-1]] == [1, 2]
    assert set(told[1:-1]) == {None}


async def test_a_failure_is_passed_on_behind_the_steps_before_it() -> None:
    async def steps() -> AsyncGenerator[int, None]:
        yield 1
        raise ValueError("broken")

    beats = pulsed(steps(), 10.0)
    assert await anext(beats) == 1
    with pytest.raises(ValueError, match="broken"):
        await anext(beats)


async def test_leaving_early_ends_the_steps() -> None:
    ended = []

    async def steps() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    beats = pulsed(steps(), 0.01)
    assert await anext(beats) == 1
    assert await anext(beats) is None
    await beats.aclose()
    assert ended == [True]
