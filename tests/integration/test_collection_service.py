"""Collections over real gRPC and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import grpc
import pytest

from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.broker import ConnectionState, FailureCategory
from scizor.domain.sessions import SessionRange
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.type.v1 import bars_pb2
from tests.integration.collecting import (
    DISK_FREE,
    DISK_FULL,
    QUICK,
    collecting,
    drained,
    execute,
    expected,
    query,
)
from tests.integration.marketdata_server import refused

Code = grpc.StatusCode


@pytest.fixture
async def database(database: str) -> AsyncIterator[str]:
    """Emptied too of collections, which belong to no symbol."""
    yield database
    await execute(database, "DELETE FROM collections")


MONTH = (date(2024, 1, 2), date(2024, 1, 31))


async def test_a_daily_collection_streams_its_progress_and_stores_every_session(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL", "MSFT")
        await service.add("BHP", exchange="ASX", currency="AUD")
        messages = await drained(service.stub.CollectDaily(pb.CollectDailyRequest()))
        last, end = messages[-2].collection, messages[-1]
        assert end.end.message_count == sum(message.HasField("collection") for message in messages)
        assert last.progress.state == pb.COLLECTION_STATE_SUCCEEDED
        assert (last.kind, last.interval) == (pb.COLLECTION_KIND_DAILY, bars_pb2.BAR_INTERVAL_1D)
        us, au = expected("NASDAQ", *MONTH), expected("ASX", *MONTH)
        assert last.progress.new_bars == last.progress.bars_received == 2 * len(us) + len(au)
        assert await service.sessions("AAPL") == us
        assert await service.sessions("BHP") == au
        again = await drained(service.stub.CollectDaily(pb.CollectDailyRequest()))
        assert (again[-2].collection.progress.requests, again[-2].collection.progress.symbols_complete) == (0, 3)


async def test_the_ledger_comes_in_pages_and_collections_newest_first(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        request = pb.CollectHistoryRequest(symbol="AAPL", start="2014-01-01", end="2023-12-31")
        first = (await drained(service.stub.CollectHistory(request)))[-2].collection
        assert (first.symbols, first.start, first.end) == (["AAPL.NASDAQ"], "2014-01-01", "2023-12-31")
        asked = pb.GetCollectionRequest(id=first.id, page_size=4)
        numbers: list[int] = []
        while True:
            page = await service.stub.GetCollection(asked)
            numbers += [chunk.number for chunk in page.chunks]
            assert {chunk.state for chunk in page.chunks} == {pb.CHUNK_STATE_DONE}
            asked.page_token = page.next_page_token
            if not page.next_page_token:
                break
        assert numbers == list(range(1, first.progress.chunks_total + 1))
        second = (await drained(service.stub.CollectSymbol(pb.CollectSymbolRequest(symbol="AAPL"))))[-2].collection
        found = await service.stub.ListCollections(pb.ListCollectionsRequest(page_size=1))
        assert found.collections[0].id == second.id
        found = await service.stub.ListCollections(
            pb.ListCollectionsRequest(page_size=1, page_token=found.next_page_token)
        )
        assert found.collections[0].id == first.id
        failed = await service.stub.ListCollections(pb.ListCollectionsRequest(state=pb.COLLECTION_STATE_FAILED))
        assert list(failed.collections) == []


async def test_a_request_id_follows_the_same_collection_even_while_the_broker_is_away(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        request = pb.CollectDailyRequest(request_id="today")
        first = await drained(service.stub.CollectDaily(request))
        service.broker.set_state(ConnectionState.DOWN)
        second = await drained(service.stub.CollectDaily(request))
        assert second[-2].collection == first[-2].collection
        await refused(
            drained(service.stub.CollectDaily(pb.CollectDailyRequest())), Code.UNAVAILABLE, "BROKER_UNAVAILABLE"
        )
        other = pb.CollectDailyRequest(request_id="today", primary_exchange="ASX")
        await refused(drained(service.stub.CollectDaily(other)), Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")


async def test_a_dry_run_asks_nothing_and_stores_nothing(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL", "MSFT")
        service.broker.set_state(ConnectionState.DOWN)
        messages = await drained(service.stub.CollectDaily(pb.CollectDailyRequest(dry_run=True)))
        assert (messages[0].collection.id, messages[0].collection.progress.chunks_total) == ("", 2)
        assert messages[1].end.message_count == 1
        assert not (await service.stub.ListCollections(pb.ListCollectionsRequest())).collections


async def test_wrong_requests_are_refused(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage, settings=replace(QUICK, queue_limit=1)) as service:
        await service.add("AAPL")
        stub = service.stub
        unknown = pb.CollectSymbolRequest(symbol="NOBODY")
        await refused(drained(stub.CollectSymbol(unknown)), Code.NOT_FOUND, "SYMBOL_NOT_FOUND")
        no_day = pb.CollectDailyRequest(date="2024-02-30")
        await refused(drained(stub.CollectDaily(no_day)), Code.INVALID_ARGUMENT, "DATE_RANGE_INVALID")
        nothing = pb.GetCollectionRequest(id="018d6189-3b00-7d7e-8b8b-973d2918bd84")
        await refused(stub.GetCollection(nothing), Code.NOT_FOUND, "COLLECTION_NOT_FOUND")
        service.broker.delay_s = 30.0
        call = stub.CollectDaily(pb.CollectDailyRequest())
        created = await anext(aiter(call))
        await refused(drained(stub.CollectDaily(pb.CollectDailyRequest())), Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")
        cancel = pb.CancelCollectionRequest(id=created.collection.id, request_id="once")
        cancelled = await stub.CancelCollection(cancel)
        assert cancelled.collection.progress.state == pb.COLLECTION_STATE_CANCELLED
        assert await stub.CancelCollection(cancel) == cancelled
        again = pb.CancelCollectionRequest(id=created.collection.id)
        await refused(stub.CancelCollection(again), Code.FAILED_PRECONDITION, "COLLECTION_FINISHED")
        rest = await drained(call)
        assert rest[-2].collection.progress.state == pb.COLLECTION_STATE_CANCELLED


async def test_a_caller_who_leaves_does_not_end_the_collection(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        service.broker.delay_s = 0.05
        call = service.stub.CollectHistory(pb.CollectHistoryRequest(symbol="AAPL", start="2010-01-01"))
        created = await anext(aiter(call))
        call.cancel()
        done = await service.until(created.collection.id, lambda progress: progress.state > pb.COLLECTION_STATE_RUNNING)
        assert done.progress.state == pb.COLLECTION_STATE_SUCCEEDED
        assert await service.sessions("AAPL") == expected("NASDAQ", date(2010, 1, 1), date(2024, 1, 31))


async def test_failures_gaps_and_rejections_are_told(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL", "MSFT")
        service.broker.leave_hole(service.contract("MSFT"), date(2024, 1, 10))
        service.broker.fail_next(FailureCategory.NOT_PERMITTED, 162, symbol="AAPL")
        service.broker.fail_next(FailureCategory.PACING, 162, symbol="MSFT")
        done = (await drained(service.stub.CollectDaily(pb.CollectDailyRequest())))[-2].collection
        assert done.progress.state == pb.COLLECTION_STATE_PARTIAL
        ledger = (await service.stub.GetCollection(pb.GetCollectionRequest(id=done.id))).chunks
        of = {chunk.symbol: chunk for chunk in ledger}
        assert of["AAPL.NASDAQ"].state == pb.CHUNK_STATE_FAILED
        assert of["AAPL.NASDAQ"].error_category == pb.FAILURE_CATEGORY_NOT_PERMITTED
        assert (of["MSFT.NASDAQ"].attempts, of["MSFT.NASDAQ"].error_code) == (2, 162)
        assert len(await service.sessions("MSFT")) == len(expected("NASDAQ", *MONTH)) - 1


async def test_shorter_bars_are_collected_once(sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        request = pb.CollectHistoryRequest(
            symbol="AAPL", start="2024-01-22", end="2024-01-31", interval=bars_pb2.BAR_INTERVAL_5M
        )
        done = (await drained(service.stub.CollectHistory(request)))[-2].collection
        assert done.progress.new_bars == 8 * 78
        again = (await drained(service.stub.CollectHistory(request)))[-2].collection
        assert again.progress.requests == 0


async def test_a_full_disk_and_lost_connections_lose_and_double_nothing(database: str, sql_storage: SqlStorage) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        service.broker.delay_s = 0.1
        await execute(database, *DISK_FULL)
        call = service.stub.CollectHistory(pb.CollectHistoryRequest(symbol="AAPL", start="2000-01-01"))
        created = await anext(aiter(call))
        await asyncio.sleep(0.5)
        assert await service.sessions("AAPL") == []
        await execute(database, *DISK_FREE)
        for _ in range(5):
            await execute(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
            )
            await asyncio.sleep(0.05)
        done = await service.until(created.collection.id, lambda progress: progress.state > pb.COLLECTION_STATE_RUNNING)
        call.cancel()
        assert done.progress.state == pb.COLLECTION_STATE_SUCCEEDED
        held = expected("NASDAQ", date(2000, 1, 1), date(2024, 1, 31))
        assert await service.sessions("AAPL") == held
        assert done.progress.new_bars == len(held)
        assert await query(database, "SELECT * FROM bar_revisions") == []
        (sums,) = await query(database, "SELECT sum(new_bars) AS new, count(*) AS chunks FROM collection_chunks")
        assert (sums["new"], sums["chunks"]) == (len(held), done.progress.chunks_done)
        async with sql_storage.begin() as work:
            (summary,) = await work.imports.summaries("", done.id, 10)
            aapl = await work.symbols.get("AAPL")
            assert len(await work.bars.days(aapl, SessionRange())) == summary.rows_inserted == len(held)


@pytest.mark.parametrize("exchange", ["NASDAQ", "ASX"])
async def test_a_collection_of_one_exchange_leaves_the_others(sql_storage: SqlStorage, exchange: str) -> None:
    async with collecting(sql_storage) as service:
        await service.add("AAPL")
        await service.add("BHP", exchange="ASX", currency="AUD")
        request = pb.CollectDailyRequest(primary_exchange=exchange)
        done = (await drained(service.stub.CollectDaily(request)))[-2].collection
        assert done.progress.symbols_total == 1
