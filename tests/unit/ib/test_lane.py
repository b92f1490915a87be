"""Turns for history in the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.pacing import PacingRules, Ticket
from scizor.domain.broker import SourceFailure


def lane_of(most: int, **changes: float) -> HistoryLane:
    return HistoryLane(replace(PacingRules(), most_under_way=most, **changes))  # type: ignore[arg-type]  # by name


async def test_only_so_many_are_under_way_and_all_get_their_turn() -> None:
    lane, under_way, most, done = lane_of(3), 0, 0, 0

    async def work(number: int) -> None:
        nonlocal under_way, most, done
        async with lane.turn(Ticket(number, number)):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
        done += 1

    await asyncio.gather(*(work(number) for number in range(20)))
    assert (most, done, under_way) == (3, 20, 0)


async def test_who_gives_up_while_waiting_leaves_no_place_taken() -> None:
    lane = lane_of(1)
    async with lane.turn(Ticket(0, 0)):
        waiting = [asyncio.create_task(enter(lane, number)) for number in (1, 2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    async with asyncio.timeout(5):
        assert await waiting[1] == 2
        async with lane.turn(Ticket(3, 3)):
            pass


async def enter(lane: HistoryLane, number: int) -> int:
    async with lane.turn(Ticket(number, number)):
        return number


async def test_a_failure_gives_the_turn_back() -> None:
    lane = lane_of(1)
    with pytest.raises(ValueError, match="broken"):
        async with lane.turn(Ticket(0, 0)):
            raise ValueError("broken")
    async with asyncio.timeout(5), lane.turn(Ticket(1, 1)):
        pass


async def test_too_many_that_wait_are_refused() -> None:
    lane = lane_of(1, most_waiting=1)
    async with lane.turn(Ticket(0, 0)):
        waiting = asyncio.create_task(enter(lane, 1))
        await asyncio.sleep(0)
        with pytest.raises(SourceFailure, match="1 requests for history wait already"):
            await enter(lane, 2)
    assert await waiting == 1


async def test_after_a_complaint_everybody_waits() -> None:
    lane = lane_of(4, pause_s=0.05)
    lane.slow_down()
    began = asyncio.get_running_loop().time()
    async with lane.turn(Ticket(0, 0)):
        assert asyncio.get_running_loop().time() - began >= 0.049


async def test_a_closed_lane_tells_those_who_wait() -> None:
    lane = lane_of(1)
    async with lane.turn(Ticket(0, 0)):
        waiting = asyncio.create_task(enter(lane, 1))
        await asyncio.sleep(0)
        lane.close()
        with pytest.raises(SourceFailure, match="the program stops"):
            await waiting
