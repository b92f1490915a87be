"""Asking for collections, watching them, ending them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from scizor.domain.broker import ConnectionState
from scizor.domain.collections import CollectionState
from scizor.domain.errors import FailedPrecondition, InvalidInput, LimitExceeded, NotFound, Reason, Unavailable
from scizor.domain.instruments import Instrument
from scizor.services.marketdata.collection.watch import Ended, Moved, Quiet, WatchEvent
from tests.unit.marketdata.collection.stage import AAPL, BHP, MSFT, World, daily, history, one_symbol


async def seen(world: World, collection_id: str) -> list[WatchEvent]:
    async with aclosing(world.collections.watch(collection_id)) as events:
        return [event async for event in events]


async def test_symbols_are_stored_as_full_ids_each_once(world: World) -> None:
    await world.add(AAPL)
    created = await world.create(history("", "", "AAPL", "AAPL.NASDAQ", "AAPL.NASDAQ.USD"))
    assert created.spec.symbols == ("AAPL.NASDAQ",)
    await world.add(replace(AAPL, currency="EUR"))
    created = await world.create(history("", "", "AAPL.NASDAQ.EUR"))
    assert created.spec.symbols == ("AAPL.NASDAQ.EUR",)


async def test_unknown_symbols_and_exchanges_without_calendar_are_refused(world: World) -> None:
    await world.add(Instrument("MOON", "LUNA", "USD"))
    with pytest.raises(NotFound):
        await world.create(one_symbol("NOBODY"))
    with pytest.raises(InvalidInput, match="LUNA"):
        await world.create(one_symbol("MOON"))


async def test_a_full_queue_refuses_more(world: World) -> None:
    world.restart("one", queue_limit=2)
    await world.add(AAPL)
    for _ in range(2):
        await world.create(daily())
    with pytest.raises(LimitExceeded) as refusal:
        await world.create(daily())
    assert refusal.value.reason is Reason.QUEUE_FULL


async def test_a_rehearsal_says_what_would_be_asked_and_stores_nothing(world: World) -> None:
    await world.add(AAPL)
    await world.give(await world.add(MSFT), world.sessions("NASDAQ", "2023-12-20", "2024-01-31"))
    told = await world.collections.rehearse(daily())
    assert (told.id, told.progress.chunks_total) == ("", 1)
    assert (told.progress.symbols_total, told.progress.symbols_complete) == (2, 1)
    assert await world.collections.page(None, None, 10) == []


async def test_a_broker_that_is_away_is_waited_for_a_moment(world: World) -> None:
    assert await world.collections.is_broker_ready()
    world.broker.set_state(ConnectionState.CONNECTING, "logging in")
    assert not await world.collections.is_broker_ready()
    with pytest.raises(Unavailable, match="CONNECTING: logging in") as refusal:
        world.collections.demand_broker(False)
    assert refusal.value.reason is Reason.BROKER_UNAVAILABLE
    world.restart("one", ready_wait_s=5.0)
    waiting = asyncio.create_task(world.collections.is_broker_ready())
    await asyncio.sleep(0)
    world.broker.set_state(ConnectionState.READY)
    assert await waiting


async def test_a_watcher_sees_every_change_then_the_end(world: World) -> None:
    await world.add(AAPL)
    await world.add(BHP)
    created = await world.create(daily())
    watching = asyncio.create_task(seen(world, created.id))
    async with world.running():
        events = await watching
    moves = [event.collection.progress for event in events if isinstance(event, Moved)]
    assert (moves[-1].state, moves[-1].chunks_done) == (CollectionState.SUCCEEDED, 2)
    sequences = [progress.sequence for progress in moves]
    assert sequences == sorted(set(sequences))
    assert events[-1] == Ended(moves[-1].sequence, len(moves))


async def test_a_quiet_collection_is_told_as_heartbeats_and_not_as_changes(world: World) -> None:
    await world.add(AAPL)
    world.broker.set_state(ConnectionState.DOWN)
    created = await world.create(daily())
    events: list[WatchEvent] = []
    async with world.running(), aclosing(world.collections.watch(created.id)) as watch:
        async for event in watch:
            events.append(event)
            if sum(isinstance(one, Quiet) for one in events) == 3:
                world.broker.set_state(ConnectionState.READY)
    kinds = [type(event) for event in events]
    assert kinds[-3:] != [Quiet] * 3
    assert kinds.count(Quiet) >= 3
    assert kinds.count(Moved) <= 5
    assert kinds[-1] is Ended


async def test_a_watcher_in_another_process_reads_the_row(world: World) -> None:
    await world.add(AAPL)
    created = await world.create(daily())
    other = World()
    other.storage = world.storage
    other.restart("two")
    watching = asyncio.create_task(seen(other, created.id))
    async with world.running():
        events = await watching
    assert isinstance(events[-1], Ended)


async def test_a_watched_collection_must_exist(world: World) -> None:
    with pytest.raises(NotFound):
        await seen(world, "nothing")


async def test_what_has_ended_cannot_be_cancelled(world: World) -> None:
    await world.add(AAPL)
    done = await world.collect(daily())
    with pytest.raises(FailedPrecondition):
        await world.cancel(done.id)
    queued = await world.create(daily())
    assert (await world.cancel(queued.id)).progress.state is CollectionState.CANCELLED


async def test_the_remaining_time_follows_the_rate(world: World) -> None:
    await world.add(AAPL)
    world.broker.delay_s = 0.02
    world.broker.history.parallel = 1
    world.restart("one")
    created = await world.create(history("2004-01-01", "2023-12-31", "AAPL"))
    async with world.running():
        half_way = await world.reached(created.id, lambda progress: progress.chunks_done > 5)
        assert half_way.progress.remaining_s is not None
        assert 0 < half_way.progress.remaining_s < 20
        await world.ended(created.id)
