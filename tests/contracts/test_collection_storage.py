"""What every storage of collections promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scizor.domain.broker import FailureCategory
from scizor.domain.collections import (
    ChunkFailure,
    ChunkState,
    CollectionError,
    CollectionProgress,
    CollectionState,
)
from scizor.domain.errors import DataCorrupt, FailedPrecondition, NotFound, Reason
from scizor.ports.storage import Storage
from tests.fakes.samples import NOW, chunk_of, collection_of

LATER = NOW + timedelta(minutes=1)
LONG_AGO = NOW - timedelta(hours=1)
GOING = CollectionProgress(1, CollectionState.RUNNING, symbols_total=2, chunks_total=3, chunks_done=1, requests=1)


async def claimed(storage: Storage, collection_id: str = "c1", owner: str = "a") -> None:
    async with storage.begin() as work:
        await work.collections.add(collection_of(collection_id))
        assert await work.collections.claim(owner, NOW, LONG_AGO) is not None


async def planned(storage: Storage, chunks: int = 3) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert await work.collections.plan("c1", "a", [chunk_of(number) for number in range(chunks)], GOING)


async def test_a_collection_is_read_back_as_it_was_added(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.collections.add(collection_of("c1"))
        assert await work.collections.get("c1") == collection_of("c1")
        assert not await work.collections.planned("c1")
        for question in (work.collections.get, work.collections.planned):
            with pytest.raises(NotFound) as caught:
                await question("c2")
            assert caught.value.reason is Reason.COLLECTION_NOT_FOUND


async def test_collections_come_newest_first_and_by_state(storage: Storage) -> None:
    async with storage.begin() as work:
        for name in ("c2", "c1", "c3"):
            await work.collections.add(collection_of(name))
        await work.collections.claim("a", NOW, LONG_AGO)
        assert [one.id for one in await work.collections.page(None, None, 2)] == ["c3", "c2"]
        assert [one.id for one in await work.collections.page(None, "c2", 9)] == ["c1"]
        assert [one.id for one in await work.collections.page(CollectionState.RUNNING, None, 9)] == ["c1"]
        assert await work.collections.count_unfinished() == 3


async def test_the_oldest_is_claimed_and_one_not_heard_of_is_taken_over_as_it_stands(storage: Storage) -> None:
    await planned(storage)
    async with storage.begin() as work:
        assert await work.collections.claim("b", LATER, NOW) is None
        before = await work.collections.get("c1")
        taken = await work.collections.claim("b", LATER, LATER)
        assert taken is not None
        assert taken == replace(before, progress=replace(before.progress, sequence=before.progress.sequence + 1))
        assert not await work.collections.save("c1", "a", GOING, [], LATER)
        assert await work.collections.planned("c1")
        assert len(await work.collections.pending("c1")) == 3


async def test_a_released_one_waits_in_the_queue_with_its_ledger(storage: Storage) -> None:
    await planned(storage)
    async with storage.begin() as work:
        assert not await work.collections.release("c1", "b")
        assert await work.collections.release("c1", "a")
        assert not await work.collections.release("c1", "a")
        released = await work.collections.get("c1")
        assert (released.progress.state, released.progress.chunks_done) == (CollectionState.QUEUED, 1)
        again = await work.collections.claim("b", LATER, LONG_AGO)
        assert again is not None
        assert again.start_time == NOW
        assert await work.collections.planned("c1")


async def test_a_ledger_is_written_once_and_by_the_owner(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert not await work.collections.plan("c1", "b", [chunk_of(1)], GOING)
        assert not await work.collections.plan("c2", "a", [chunk_of(1)], GOING)
        assert await work.collections.plan("c1", "a", [], GOING)
        assert await work.collections.planned("c1")
        assert await work.collections.pending("c1") == []
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.collections.plan("c1", "a", [chunk_of(1)], GOING)


async def test_chunks_come_by_number_and_state(storage: Storage) -> None:
    await planned(storage, 10_000)
    done = replace(chunk_of(1), state=ChunkState.DONE, attempts=1, bars_received=4, new_bars=3, end_time=LATER)
    failure = ChunkFailure(FailureCategory.PACING, 162, "pacing violation")
    waiting = replace(chunk_of(2), attempts=1, failure=failure, next_try=LATER)
    async with storage.begin() as work:
        assert await work.collections.save("c1", "a", GOING, [waiting, done], LATER)
    async with storage.begin() as work:
        pending = await work.collections.pending("c1")
        assert len(pending) == 9_999
        assert pending[:3] == [chunk_of(0), waiting, chunk_of(3)]
        assert await work.collections.chunks("c1", ChunkState.DONE, -1, 9) == [done]
        assert await work.collections.chunks("c1", None, 0, 3) == [done, waiting, chunk_of(3)]
        assert await work.collections.chunks("c1", ChunkState.FAILED, -1, 9) == []


async def test_progress_is_saved_for_the_owner_and_its_sequence_only_grows(storage: Storage) -> None:
    await planned(storage)
    going = replace(GOING, sequence=40, symbol="AAPL.NASDAQ", remaining_s=2.5, new_bars=7)
    async with storage.begin() as work:
        assert not await work.collections.save("c1", "b", going, [], LATER)
        assert not await work.collections.save("c2", "a", going, [], LATER)
        assert await work.collections.save("c1", "a", going, [], LATER)
        assert (await work.collections.get("c1")).progress == going
        assert await work.collections.save("c1", "a", replace(going, sequence=3), [], LATER)
        assert (await work.collections.get("c1")).progress == replace(going, sequence=41)
        assert await work.collections.claim("b", LATER, LATER) is None  # it was heard of


async def test_a_chunk_that_was_not_planned_cannot_be_saved(storage: Storage) -> None:
    await planned(storage)
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.collections.save("c1", "a", GOING, [chunk_of(3)], LATER)


async def test_what_is_saved_is_undone_with_its_unit(storage: Storage) -> None:
    await planned(storage)

    async def save_and_give_up() -> None:
        async with storage.begin() as work:
            await work.collections.save("c1", "a", GOING, [replace(chunk_of(0), state=ChunkState.DONE)], LATER)
            raise KeyError

    with pytest.raises(KeyError):
        await save_and_give_up()
    async with storage.begin() as work:
        assert len(await work.collections.pending("c1")) == 3
        assert (await work.collections.get("c1")).progress.sequence == 3


async def test_an_end_is_final(storage: Storage) -> None:
    await planned(storage)
    ended = replace(GOING, state=CollectionState.SUCCEEDED, sequence=9)
    async with storage.begin() as work:
        assert not await work.collections.end("c1", "b", ended, LATER)
        assert await work.collections.end("c1", "a", ended, LATER)
        found = await work.collections.get("c1")
        assert (found.progress, found.end_time, found.error) == (ended, LATER, None)
        assert not await work.collections.end("c1", "a", ended, LATER)
        assert not await work.collections.save("c1", "a", GOING, [], LATER)
        assert await work.collections.claim("b", LATER, LATER) is None
        assert await work.collections.count_unfinished() == 0
        with pytest.raises(FailedPrecondition) as caught:
            await work.collections.cancel("c1", LATER)
    assert caught.value.reason is Reason.COLLECTION_FINISHED


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (CollectionState.FAILED, None),
        (CollectionState.PARTIAL, CollectionError(Reason.INTERNAL, "broke")),
        (CollectionState.RUNNING, None),
    ],
)
async def test_an_error_goes_with_failed_and_an_end_with_an_ended_state(
    storage: Storage, state: CollectionState, error: CollectionError | None
) -> None:
    await planned(storage)
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.collections.end("c1", "a", replace(GOING, state=state), LATER, error)


async def test_a_failure_of_the_whole_is_kept(storage: Storage) -> None:
    await planned(storage)
    error = CollectionError(Reason.BROKER_UNAVAILABLE, "the gateway is away")
    async with storage.begin() as work:
        await work.collections.end("c1", "a", replace(GOING, state=CollectionState.FAILED), LATER, error)
        assert (await work.collections.get("c1")).error == error


async def test_a_cancelled_one_takes_its_pending_chunks_along(storage: Storage) -> None:
    await planned(storage)
    done = replace(chunk_of(1), state=ChunkState.DONE, end_time=NOW)
    async with storage.begin() as work:
        await work.collections.save("c1", "a", GOING, [done], NOW)
        cancelled = await work.collections.cancel("c1", LATER)
        assert (cancelled.progress.state, cancelled.end_time) == (CollectionState.CANCELLED, LATER)
        assert cancelled == await work.collections.get("c1")
        gone = [replace(chunk_of(number), state=ChunkState.CANCELLED, end_time=LATER) for number in (0, 2)]
        assert await work.collections.chunks("c1", None, -1, 9) == [gone[0], done, gone[1]]
        assert not await work.collections.save("c1", "a", GOING, [], LATER)
        with pytest.raises(NotFound):
            await work.collections.cancel("c2", LATER)
