"""The daily collection of each exchange after its close."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from scizor.domain.collections import CollectionKind
from scizor.domain.errors import LimitExceeded
from scizor.domain.instruments import Instrument
from scizor.services.marketdata.collection.schedule import DailySchedule
from tests.unit.marketdata.collection.stage import AAPL, BHP, World, daily


async def queued(world: World) -> list[tuple[str, str]]:
    found = await world.collections.page(None, None, 100)
    assert all(one.spec.kind is CollectionKind.DAILY for one in found)
    return sorted((one.spec.primary_exchange, str(one.spec.end)) for one in found)


async def test_each_exchange_is_seen_to_once_its_close_has_settled(world: World) -> None:
    await world.add(AAPL)
    await world.add(BHP)
    schedule = DailySchedule(world.collections)
    wait_s = await schedule.tick()
    assert await queued(world) == [("ASX", "2024-01-31"), ("NASDAQ", "2024-01-31")]
    assert wait_s == 3600.0
    # 16:29 on Thursday in Sydney.
    world.clock.instant = datetime(2024, 2, 1, 5, 29, tzinfo=UTC)
    assert await schedule.tick() == 60.0
    assert len(await queued(world)) == 2
    world.clock.instant += timedelta(seconds=60)
    await schedule.tick()
    assert ("ASX", "2024-02-01") in await queued(world)


async def test_a_session_is_seen_to_once_across_restarts_and_replicas(world: World) -> None:
    await world.add(AAPL)
    for owner in ("one", "two", "three"):
        world.restart(owner)
        await asyncio.gather(*(DailySchedule(world.collections).tick() for _ in range(3)))
    assert await queued(world) == [("NASDAQ", "2024-01-31")]


async def test_downtime_is_made_up_for_at_the_start(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", "2024-01-05"))
    await DailySchedule(world.collections).tick()
    (created,) = await world.collections.page(None, None, 10)
    async with world.running():
        await world.ended(created.id)
    assert (await world.bars(owner))["day"].tolist() == world.sessions("NASDAQ", "2023-12-20", "2024-01-31").tolist()


async def test_a_holiday_is_no_session_to_see_to(world: World) -> None:
    world.calendar.holidays.add(date(2024, 1, 31))
    await world.add(AAPL)
    await DailySchedule(world.collections).tick()
    assert await queued(world) == [("NASDAQ", "2024-01-30")]


async def test_an_exchange_without_a_calendar_is_left_out(world: World) -> None:
    await world.add(Instrument("MOON", "LUNA", "USD"))
    await DailySchedule(world.collections).tick()
    assert await queued(world) == []


async def test_a_session_that_found_the_queue_full_is_seen_to_later(world: World) -> None:
    await world.add(AAPL)
    world.restart("one", queue_limit=1)
    first = await world.create(daily("ASX"))
    schedule = DailySchedule(world.collections)
    with pytest.raises(LimitExceeded):
        await schedule.tick()
    await world.cancel(first.id)
    await schedule.tick()
    assert ("NASDAQ", "2024-01-31") in await queued(world)


async def test_the_schedule_sleeps_until_the_next_close_and_outlives_storage(world: World) -> None:
    await world.add(AAPL)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.clock.instant += timedelta(seconds=seconds)
        world.storage.available = len(slept) != 2
        if len(slept) == 40:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await DailySchedule(world.collections, sleep).run()
    assert max(slept) == 3600.0
    assert slept[2] == world.settings.schedule_retry_s
    assert [end for _, end in await queued(world)] == ["2024-01-31", "2024-02-01"]
