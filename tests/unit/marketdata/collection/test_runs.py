"""Collections from the queue to their end, over fakes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from scizor.domain.broker import ConnectionState, DataOrigin, FailureCategory
from scizor.domain.collections import ChunkState, CollectionState, SessionState
from scizor.domain.errors import Reason
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, to_day
from tests.unit.marketdata.collection.stage import AAPL, BHP, MSFT, World, daily, history, one_symbol, until


async def test_a_daily_collection_stores_every_session_once_and_a_second_asks_nothing(world: World) -> None:
    owners = [await world.add(one) for one in (AAPL, MSFT, BHP)]
    done = await world.collect(daily())
    assert (done.progress.state, done.error) == (CollectionState.SUCCEEDED, None)
    assert (done.progress.symbols_total, done.progress.symbols_done, done.progress.symbols_complete) == (3, 3, 0)
    assert (done.progress.chunks_total, done.progress.chunks_done, done.progress.requests) == (3, 3, 3)
    assert done.progress.new_bars == done.progress.bars_received == 22 * 3
    for owner in owners:
        held = world.sessions(owner.instrument.primary_exchange, "2024-01-02", "2024-01-31")
        assert (await world.bars(owner))["day"].tolist() == held.tolist()
    second = await world.collect(daily())
    assert second.progress.state is CollectionState.SUCCEEDED
    assert (second.progress.requests, second.progress.chunks_total, second.progress.symbols_complete) == (0, 0, 3)
    assert len(world.broker.history_requests) == 3


async def test_as_many_requests_are_under_way_as_are_worth_it_and_no_more(world: World) -> None:
    world.broker.delay_s = 0.2  # longer than a busy machine needs to ask for all that are worth it
    for number in range(20):
        await world.add(Instrument(f"S{number}", "NASDAQ", "USD"))
    first, second = await world.create(daily()), await world.create(history("2020-01-01", "2022-12-31", "S1"))
    async with world.running():
        await world.ended(first.id)
        await world.ended(second.id)
    assert world.broker.most_at_once == world.broker.history.parallel


async def test_a_passing_failure_is_tried_again_and_the_ledger_says_so(world: World) -> None:
    await world.add(AAPL)
    world.broker.fail_next(FailureCategory.PACING, 162, times=2)
    done = await world.collect(daily())
    chunk = (await world.ledger(done.id))[0]
    assert done.progress.state is CollectionState.SUCCEEDED
    assert (chunk.state, chunk.attempts, chunk.bars_received, chunk.new_bars) == (ChunkState.DONE, 3, 22, 22)
    assert chunk.failure is not None
    assert (chunk.failure.category, chunk.failure.code, chunk.next_try) == (FailureCategory.PACING, 162, None)
    assert done.progress.requests == 3


async def test_a_failure_that_never_passes_is_given_up_and_its_sessions_are_known_as_failed(world: World) -> None:
    owner = await world.add(AAPL)
    await world.add(MSFT)
    world.restart("one", max_attempts=3)
    world.broker.fail_next(FailureCategory.TIMEOUT, times=3, symbol="AAPL")
    done = await world.collect(daily())
    assert done.progress.state is CollectionState.PARTIAL
    assert (done.progress.chunks_done, done.progress.chunks_failed, done.progress.symbols_done) == (1, 1, 2)
    chunk = (await world.ledger(done.id))[0]
    assert (chunk.state, chunk.attempts) == (ChunkState.FAILED, 3)
    gaps = await world.gaps(owner)
    assert {gap.state for gap in gaps} == {SessionState.FETCH_FAILED}
    assert len(gaps) == 22
    assert gaps[0].reason.startswith("TIMEOUT 0:")
    again = await world.collect(daily())
    assert again.progress.state is CollectionState.SUCCEEDED
    assert await world.gaps(owner) == []


async def test_what_is_refused_is_given_up_at_once_for_the_whole_symbol(world: World) -> None:
    await world.add(AAPL)
    world.broker.history.parallel = 1
    world.restart("one")
    world.broker.fail_next(FailureCategory.NOT_PERMITTED, 162)
    done = await world.collect(history("2018-01-01", "2023-12-31", "AAPL"))
    assert done.progress.state is CollectionState.FAILED
    assert done.error is not None
    assert done.error.reason is Reason.BROKER_REFUSED
    assert len(world.broker.history_requests) == 1
    assert done.progress.chunks_failed == done.progress.chunks_total == 6


async def test_a_symbol_the_broker_does_not_know_fails_alone(world: World) -> None:
    world.broker.delist(world.broker.list("AAPL"))
    async with world.storage.begin() as work:
        await work.symbols.add(AAPL)
    await world.add(MSFT)
    done = await world.collect(daily())
    assert done.progress.state is CollectionState.PARTIAL
    failure = (await world.ledger(done.id))[0].failure
    assert failure is not None
    assert failure.category is FailureCategory.UNKNOWN_CONTRACT


async def test_while_the_broker_is_away_nothing_is_asked_and_no_attempt_is_counted(world: World) -> None:
    await world.add(AAPL)
    world.broker.set_state(ConnectionState.DOWN)
    created = await world.create(daily())
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_total == 1 and progress.sequence > 5)
        assert world.broker.history_requests == []
        world.broker.set_state(ConnectionState.READY)
        done = await world.ended(created.id)
    assert done.progress.state is CollectionState.SUCCEEDED
    assert (await world.ledger(done.id))[0].attempts == 1


async def test_a_request_that_is_cut_off_is_no_attempt(world: World) -> None:
    await world.add(AAPL)
    world.restart("one", max_attempts=1)
    world.broker.delay_s = 0.02
    world.broker.fail_next(FailureCategory.DISCONNECTED, 504, times=3)
    created = await world.create(daily())
    async with world.running():
        for asked in range(1, 4):

            async def sent(asked: int = asked) -> bool:
                return len(world.broker.history_requests) == asked

            await until(sent)
            world.broker.set_state(ConnectionState.DOWN)

            async def failed(asked: int = asked) -> bool:
                return world.broker.under_way == 0

            await until(failed)
            world.broker.set_state(ConnectionState.READY)
        done = await world.ended(created.id)
    chunk = (await world.ledger(done.id))[0]
    assert (done.progress.state, chunk.attempts) == (CollectionState.SUCCEEDED, 1)
    assert chunk.failure is not None
    assert chunk.failure.category is FailureCategory.DISCONNECTED


async def test_a_session_the_broker_has_no_bar_of_is_halted_and_never_asked_again(world: World) -> None:
    owner = await world.add(AAPL)
    world.broker.leave_hole(world.contracts["AAPL"], date(2024, 1, 10))
    await world.collect(daily())
    gaps = await world.gaps(owner)
    assert [(gap.session, gap.state) for gap in gaps] == [(date(2024, 1, 10), SessionState.HALTED)]
    assert (await world.collect(daily())).progress.requests == 0
    assert world.broker.earliest_requests == []


async def test_sessions_before_the_first_are_not_listed_and_older_chunks_are_not_asked(world: World) -> None:
    owner = await world.add(AAPL, first_session=date(2023, 10, 2))
    world.broker.history.parallel = 1
    world.restart("one")
    done = await world.collect(history("2018-01-01", "2024-01-31", "AAPL"))
    assert done.progress.state is CollectionState.SUCCEEDED
    assert len(world.broker.earliest_requests) == 1
    assert len(world.broker.history_requests) == 3, "the oldest chunk, and those that have bars"
    assert done.progress.requests == 4
    assert (await world.bars(owner))["day"][0] == to_day(date(2023, 10, 2))
    gaps = await world.gaps(owner)
    assert {gap.state for gap in gaps} == {SessionState.NOT_LISTED}
    assert (gaps[0].session, gaps[-1].session) == (date(2018, 1, 1), date(2023, 9, 29))
    assert (await world.collect(history("2018-01-01", "2024-01-31", "AAPL"))).progress.requests == 0


async def test_the_session_under_way_is_stored_as_partial_and_completed_later(world: World) -> None:
    owner = await world.add(AAPL)
    world.clock.instant = datetime(2024, 1, 31, 18, tzinfo=UTC)
    await world.collect(one_symbol())
    assert (await world.bars(owner))["partial"].tolist() == [False] * 21 + [True]
    world.clock.instant = datetime(2024, 1, 31, 22, tzinfo=UTC)
    done = await world.collect(daily())
    assert done.progress.requests == 1
    bars = await world.bars(owner)
    assert not bars["partial"].any()
    assert len(bars) == 22
    async with world.storage.begin() as work:
        assert await work.flags.newest(None, 10) == []


async def test_shorter_bars_of_a_session_under_way_are_completed_later(world: World) -> None:
    owner = await world.add(AAPL)
    world.clock.instant = datetime(2024, 1, 31, 18, tzinfo=UTC)
    await world.collect(one_symbol(interval=Interval.MINUTE_30))
    async with world.storage.begin() as work:
        bars = (await work.intraday.read(owner, Interval.MINUTE_30, SessionRange())).bars
    assert bars["partial"].sum() == 1
    assert bars["partial"][-1]
    world.clock.instant = datetime(2024, 1, 31, 22, tzinfo=UTC)
    await world.collect(one_symbol(interval=Interval.MINUTE_30))
    async with world.storage.begin() as work:
        bars = (await work.intraday.read(owner, Interval.MINUTE_30, SessionRange())).bars
    assert not bars["partial"].any()
    assert len(np.unique(bars["time_ns"])) == len(bars) == 13 * 22
    assert (await world.collect(one_symbol(interval=Interval.MINUTE_30))).progress.requests == 0


async def test_what_another_collection_fetched_meanwhile_is_not_asked_again(world: World) -> None:
    owner = await world.add(AAPL)
    world.broker.set_state(ConnectionState.DOWN)
    world.restart("one", heartbeat_s=0.01, unsaved_chunks=1)
    created = await world.create(history("2021-01-01", "2023-12-31", "AAPL"))
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_total > 0)
    await world.give(owner, world.sessions("NASDAQ", "2021-01-01", "2023-12-31"))
    world.broker.set_state(ConnectionState.READY)
    world.restart("two")
    async with world.running():
        done = await world.ended(created.id)
    assert done.progress.state is CollectionState.SUCCEEDED
    assert (done.progress.requests, world.broker.history_requests) == (0, [])


async def test_a_symbol_that_is_deleted_meanwhile_fails_alone(world: World) -> None:
    owner = await world.add(AAPL)
    await world.add(MSFT)
    world.broker.set_state(ConnectionState.DOWN)
    created = await world.create(daily())
    async with world.running():
        await world.reached(created.id, lambda progress: progress.chunks_total == 2)
        async with world.storage.begin() as work:
            await work.symbols.delete(owner.key)
        world.broker.set_state(ConnectionState.READY)
        done = await world.ended(created.id)
    assert done.progress.state is CollectionState.PARTIAL
    assert (done.progress.chunks_done, done.progress.chunks_failed) == (1, 1)


async def test_a_collection_of_a_symbol_that_is_gone_fails_with_its_reason(world: World) -> None:
    owner = await world.add(AAPL)
    created = await world.create(one_symbol())
    async with world.storage.begin() as work:
        await work.symbols.delete(owner.key)
    async with world.running():
        done = await world.ended(created.id)
    assert done.progress.state is CollectionState.FAILED
    assert done.error is not None
    assert done.error.reason is Reason.SYMBOL_NOT_FOUND


async def test_the_sources_of_a_contract_reach_the_bars(world: World) -> None:
    owner = await world.add(
        AAPL, origins=(DataOrigin("sim:real", None, date(2024, 1, 15)), DataOrigin("sim:synthetic"))
    )
    done = await world.collect(daily())
    async with world.storage.begin() as work:
        series = await work.bars.read(owner, SessionRange())
        imports = await work.imports.summaries("", done.id, 10)
    names = [series.sources[place] for place in series.bars["source"]]
    assert names == ["sim:real"] * 10 + ["sim:synthetic"] * 12
    assert {(one.source, one.rows_read, one.rows_inserted) for one in imports} == {
        ("sim:real", 10, 10),
        ("sim:synthetic", 12, 12),
    }


async def test_of_two_collections_of_the_same_sessions_each_bar_is_claimed_by_one(world: World) -> None:
    owner = await world.add(AAPL)
    asked = history("2023-06-01", "2024-01-30", "AAPL")
    both = [await world.create(asked), await world.create(asked)]
    async with world.running():
        ended = [await world.ended(one.id) for one in both]
    stored = len(await world.bars(owner))
    ledgers = [chunk for one in both for chunk in await world.ledger(one.id)]
    assert sum(chunk.new_bars for chunk in ledgers) == stored
    assert sum(one.progress.new_bars for one in ended) == stored
