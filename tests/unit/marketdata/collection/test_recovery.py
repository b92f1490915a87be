"""Collections that are stopped, killed, cancelled, or lose their storage on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from scizor.domain.collections import ChunkState, Collection, CollectionState
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import SessionRange
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from scizor.services.marketdata.collection.execution import Execution
from tests.unit.marketdata.collection.stage import AAPL, World, daily, history, until

YEARS = ("2014-01-01", "2023-12-31", "AAPL")


class Gate:
    """Lets `free` requests through and holds the others until it is opened."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self._free, self.opened = free, asyncio.Event()
        honest = world.broker.history.bars

        async def bars(request: HistoryRequest) -> HistoryAnswer:
            self._free -= 1
            if self._free < 0:
                await self.opened.wait()
            return await honest(request)

        monkeypatch.setattr(world.broker.history, "bars", bars)


async def demand_whole(world: World, collection: Collection) -> None:
    """Ten years of one symbol, each session once, and a ledger that says so."""
    async with world.storage.begin() as work:
        owner = await work.symbols.get("AAPL")
        bars = (await work.bars.read(owner, SessionRange())).bars
    held = world.sessions("NASDAQ", *YEARS[:2])
    assert bars["day"].tolist() == held.tolist()
    assert not bars["revision"].any()
    chunks = await world.ledger(collection.id)
    assert {chunk.state for chunk in chunks} == {ChunkState.DONE}
    assert sum(chunk.new_bars for chunk in chunks) == len(held)
    progress = (await world.get(collection.id)).progress
    assert progress.state is CollectionState.SUCCEEDED
    assert progress.chunks_done == progress.chunks_total == len(chunks)
    assert progress.new_bars == progress.bars_received == len(held)


async def test_a_killed_collection_goes_on_where_its_ledger_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add(AAPL)
    gate = Gate(world, monkeypatch, free=3)
    created = await world.create(history(*YEARS))
    claimed = await claim(world, "one#1")
    task = asyncio.create_task(Execution(claimed, "one#1", world.means).run())
    await world.reached(created.id, lambda progress: progress.chunks_done == 3)
    await kill(task, monkeypatch)
    gate.opened.set()
    world.clock.instant += timedelta(seconds=11)
    world.restart("two")
    async with world.running():
        done = await world.ended(created.id)
    await demand_whole(world, done)
    assert len(world.broker.history_requests) == done.progress.chunks_total, "what was held was never sent"
    assert done.progress.requests == done.progress.chunks_total


async def claim(world: World, owner: str) -> Collection:
    async with world.storage.begin() as work:
        claimed = await work.collections.claim(owner, world.clock.now(), world.clock.now() - timedelta(seconds=10))
    assert claimed is not None
    return claimed


async def kill(task: asyncio.Task[None], monkeypatch: pytest.MonkeyPatch) -> None:
    """End it as a signal would: nothing is given back."""

    async def nothing(_: Execution) -> None:
        return

    with monkeypatch.context() as patch:
        patch.setattr(Execution, "_give_back", nothing)
        task.cancel()
        await asyncio.wait([task])


async def test_answers_that_were_never_stored_are_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add(AAPL)
    created = await world.create(history(*YEARS))
    claimed = await claim(world, "one#1")
    task = asyncio.create_task(Execution(claimed, "one#1", world.means).run())

    async def planned() -> bool:
        async with world.storage.begin() as work:
            return await work.collections.planned(created.id)

    await until(planned)
    world.storage.undone = 1_000_000
    await until(lambda: _true(lambda: len(world.broker.history_requests) == 10))
    await kill(task, monkeypatch)
    world.storage.undone = 0
    assert (await world.get(created.id)).progress.chunks_done in range(10)
    world.clock.instant += timedelta(seconds=11)
    world.restart("two")
    async with world.running():
        done = await world.ended(created.id)
    await demand_whole(world, done)


async def _true(holds: Callable[[], bool]) -> bool:
    return holds()


@pytest.mark.parametrize("unanswered", [False, True])
async def test_batches_whose_commit_fails_are_neither_lost_nor_doubled(
    world: World, monkeypatch: pytest.MonkeyPatch, unanswered: bool
) -> None:
    await world.add(AAPL)
    gate = Gate(world, monkeypatch, free=2)
    created = await world.create(history(*YEARS))
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_done == 2)
        if unanswered:
            world.storage.unanswered = 3
        else:
            world.storage.undone = 3
        gate.opened.set()
        done = await world.ended(created.id)
    await demand_whole(world, done)
    assert done.progress.requests == done.progress.chunks_total


async def test_while_storage_is_away_memory_stays_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.restart("one", unsaved_chunks=5, batch_chunks=2)
    await world.add(AAPL)
    gate = Gate(world, monkeypatch, free=0)
    created = await world.create(history(*YEARS))
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_total > 0)
        await until(lambda: _true(lambda: world.storage.begun > 20))
        world.storage.available = False
        gate.opened.set()
        await until(lambda: _true(lambda: world.storage.refusals > 20))
        assert len(world.broker.history_requests) <= 5
        world.storage.available = True
        done = await world.ended(created.id)
    await demand_whole(world, done)


async def test_a_cancel_stops_the_asking_and_keeps_what_is_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add(AAPL)
    Gate(world, monkeypatch, free=3)
    created = await world.create(history(*YEARS))
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_done == 3)
        cancelled = await world.cancel(created.id)

        async def idle() -> bool:
            return world.means.slots._value == world.broker.history.parallel

        await until(idle)
        other = await world.create(history("2024-01-29", "2024-01-31", "AAPL"))
        assert other.progress.state is CollectionState.QUEUED
    assert cancelled.progress.state is CollectionState.CANCELLED
    states = [chunk.state for chunk in await world.ledger(created.id)]
    assert sorted(set(states)) == [ChunkState.DONE, ChunkState.CANCELLED]
    assert states.count(ChunkState.DONE) == 3
    assert (await world.get(created.id)).progress.chunks_done == 3


async def test_a_stop_gives_the_collection_back_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add(AAPL)
    gate = Gate(world, monkeypatch, free=3)
    created = await world.create(history(*YEARS))
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_done == 3)
    assert (await world.get(created.id)).progress.state is CollectionState.QUEUED
    gate.opened.set()
    world.restart("two")
    async with world.running():
        done = await world.ended(created.id)
    await demand_whole(world, done)


async def test_a_collection_taken_over_is_left_to_its_new_owner(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add(AAPL)
    gate = Gate(world, monkeypatch, free=3)
    created = await world.create(history(*YEARS))
    first = await claim(world, "one#1")
    slow = asyncio.create_task(Execution(first, "one#1", world.means).run())
    await world.reached(created.id, lambda progress: progress.chunks_done == 3)
    world.clock.instant += timedelta(seconds=11)
    second = await claim_stale(world, "two#1")
    await asyncio.wait_for(slow, 5)
    gate.opened.set()
    await Execution(second, "two#1", world.means).run()
    await demand_whole(world, await world.get(created.id))


async def claim_stale(world: World, owner: str) -> Collection:
    async with world.storage.begin() as work:
        claimed = await work.collections.claim(owner, world.clock.now(), world.clock.now() + timedelta(seconds=1))
    assert claimed is not None
    return claimed


async def test_many_collections_at_once_leave_every_session_once(world: World) -> None:
    world.broker.delay_s = 0.001
    names = [f"S{number}" for number in range(6)]
    owners = [await world.add(Instrument(name, "NASDAQ", "USD")) for name in names]
    specs = [daily(), history("2022-01-01", "2024-01-31", *names[:3]), history("2023-06-01", "2024-01-31", *names)]
    created = [await world.create(spec) for spec in specs]
    async with world.running():
        for one in created:
            assert (await world.ended(one.id)).progress.state is CollectionState.SUCCEEDED
    for owner in owners[:3]:
        bars = await world.bars(owner)
        assert bars["day"].tolist() == world.sessions("NASDAQ", "2022-01-01", "2024-01-31").tolist()
        assert not bars["revision"].any()
