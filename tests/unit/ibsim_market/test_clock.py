"""The simulator's time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.market import ReplayClock, SystemMarketClock

_START = datetime(2010, 5, 6, 14, 30, tzinfo=UTC)


async def test_a_replay_passes_at_its_speed() -> None:
    clock = ReplayClock(_START, 10_000.0)
    before = clock.now()
    await clock.sleep(600.0)
    passed = clock.now() - before
    assert _START <= before < _START + timedelta(hours=12)
    assert timedelta(seconds=600) <= passed < timedelta(hours=12)


async def test_a_replay_waits_for_simulated_time_only() -> None:
    clock = ReplayClock(_START, 1_000_000.0)
    async with asyncio.timeout(5.0):
        await clock.sleep(86_400.0)


async def test_the_system_s_clock_is_now() -> None:
    clock = SystemMarketClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    await clock.sleep(-1.0)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_names_its_rule(speed: float) -> None:
    with pytest.raises(InvalidInput, match="speed: must be above 0"):
        ReplayClock(_START, speed)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="start: must bear a time zone"):
        ReplayClock(_START.replace(tzinfo=None), 1.0)


def test_a_replay_jumps_ahead_and_never_back() -> None:
    clock = ReplayClock(_START, 1.0)
    clock.jump(_START + timedelta(days=3))
    assert timedelta(days=3) <= clock.now() - _START < timedelta(days=3, minutes=5)
    with pytest.raises(InvalidInput, match="must not lie before"):
        clock.jump(_START)
    with pytest.raises(InvalidInput, match="time zone"):
        clock.jump(datetime(2030, 1, 1))  # noqa: DTZ001 - that is what is refused
