"""The bus within a process keeps the newest value for each reader, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from scizor.adapters.bus import MemoryBus


async def test_a_slow_reader_gets_the_newest_value_only() -> None:
    bus: MemoryBus[int] = MemoryBus()
    with bus.subscribe("a") as reader:
        for value in range(1000):
            bus.publish("a", value)
        assert await reader.next() == 999


async def test_each_reader_has_its_own_view() -> None:
    bus: MemoryBus[int] = MemoryBus()
    with bus.subscribe("a") as one, bus.subscribe("a") as other:
        bus.publish("a", 1)
        assert await one.next() == 1
        bus.publish("a", 2)
        assert await one.next() == 2
        assert await other.next() == 2


async def test_a_reader_waits_for_a_value_of_its_topic() -> None:
    bus: MemoryBus[int] = MemoryBus()
    with bus.subscribe("a") as reader:
        waiting = asyncio.ensure_future(reader.next())
        bus.publish("b", 1)
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish("a", 2)
        assert await waiting == 2


async def test_a_wait_that_is_given_up_loses_no_value() -> None:
    bus: MemoryBus[int] = MemoryBus()
    with bus.subscribe("a") as reader:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.next(), 0.001)
        bus.publish("a", 1)
        assert await reader.next() == 1


async def test_nothing_is_kept_of_a_topic_without_readers() -> None:
    bus: MemoryBus[int] = MemoryBus()
    bus.publish("a", 1)
    with bus.subscribe("a") as reader:
        bus.publish("a", 2)
        assert await reader.next() == 2
    bus.publish("a", 3)
    assert bus._readers == {}
