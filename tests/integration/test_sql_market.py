"""Intraday bars, archives and collections in PostgreSQL: what the schema refuses and keeps, and who waits for whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import numpy as np
import pytest

from scizor.adapters.sql import migrations
from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import PoolSettings, SqlStorage
from scizor.adapters.sql.upgrade import upgrade
from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.instruments import Verification
from scizor.domain.intervals import Interval
from scizor.domain.quality import DataFlag, FlagKind
from scizor.domain.sessions import SessionRange
from scizor.ports.bars import WriteCounts
from scizor.ports.collections import GapKey
from scizor.ports.imports import RejectionFilter
from scizor.ports.symbols import Finding
from tests.fakes.samples import (
    BHP_ASX,
    NOW,
    bars_of,
    collection_of,
    contract_of,
    minutes_of,
    stored_symbol,
    write,
    write_minutes,
)

MOMENT = datetime(2024, 1, 2, 15, tzinfo=UTC)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bars SET low = 2",
        "UPDATE bars SET high = 'NaN'",
        "UPDATE bars SET low = 0",
        "UPDATE bars SET volume = -1",
        "UPDATE bars SET volume = 'NaN'",
        "UPDATE bars SET interval = 1",
        "UPDATE bars SET start_time = 'infinity'",
        "UPDATE bars SET session = '-infinity'",
        "UPDATE bars SET scale_date = 'infinity'",
        "UPDATE daily_prices SET scale_date = 'infinity'",
        "UPDATE symbols SET deactivate_time = now()",
        "UPDATE symbols SET contract_id = -1",
        "UPDATE broker_contracts SET con_id = 0",
        "UPDATE broker_contracts SET min_tick = 'NaN'",
        "INSERT INTO session_gaps SELECT id, 1, '2024-01-02', 1, '', now() FROM symbols",
        "INSERT INTO session_gaps SELECT id, 7, '2024-01-02', 3, '', now() FROM symbols",
        "INSERT INTO bar_flags SELECT id, 3, '2024-01-02', '', 0, now() FROM symbols",
        "INSERT INTO bar_flags SELECT id, 1, '2024-01-02', '', 'NaN', now() FROM symbols",
        "UPDATE collections SET state = 2",
        "UPDATE collections SET state = 3",
        "UPDATE collections SET state = 5, end_time = now()",
        "UPDATE collections SET new_bars = -1",
        "INSERT INTO collection_chunks SELECT id, 1, 1, 'A', 1, '2024-01-02', '2024-01-01', 1, 1, 0, NULL, NULL, NULL,"
        " NULL, 0, 0, NULL FROM collections",
        "INSERT INTO collection_chunks SELECT id, 1, 1, 'A', 1, '2024-01-02', '2024-01-03', 1, 1, 0, 5, NULL, NULL,"
        " NULL, 0, 0, NULL FROM collections",
    ],
)
async def test_what_is_unsound_cannot_be_written_by_hand(
    sql_storage: SqlStorage, connection: asyncpg.Connection, change: str
) -> None:
    stored = await stored_symbol(sql_storage)
    await write(sql_storage, stored, bars_of(date(2024, 1, 2), [1.0]))
    await write_minutes(sql_storage, stored, minutes_of(MOMENT, [1.0]))
    async with sql_storage.begin() as work:
        await work.symbols.verified(stored.key, Finding(Verification.VALID, contract=contract_of()), NOW)
        await work.collections.add(collection_of("c1"))
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(change)


async def test_every_year_has_its_partition_and_no_bar_is_without_one(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    stored = await stored_symbol(sql_storage)
    years = (1999, 2000, 2024, 2040, 2041)
    bars = np.concatenate([minutes_of(MOMENT.replace(year=year), [1.0]) for year in years])
    assert await write_minutes(sql_storage, stored, bars) == WriteCounts(5, 0, 0)
    assert await write_minutes(sql_storage, stored, bars) == WriteCounts(0, 0, 5)
    rows = await connection.fetch("SELECT tableoid::regclass::text FROM bars ORDER BY start_time")
    assert [row[0] for row in rows] == ["bars_other", "bars_2000", "bars_2024", "bars_2040", "bars_other"]
    async with sql_storage.begin() as work:
        read = (await work.intraday.read(stored, Interval.MINUTE_1, SessionRange())).bars
        assert read["time_ns"].tolist() == bars["time_ns"].tolist()
        assert len(await work.intraday.days(stored, Interval.MINUTE_1, SessionRange())) == 5


async def test_an_intraday_bar_cannot_belong_to_nothing(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    stored = await stored_symbol(sql_storage)
    await write_minutes(sql_storage, stored, minutes_of(MOMENT, [1.0]))
    for change in ("UPDATE bars SET symbol_id = 0", "UPDATE bars SET source_id = 0", "DELETE FROM sources"):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(change)
    await connection.execute("DELETE FROM symbols")
    assert await connection.fetchval("SELECT count(*) FROM bars") == 0


async def test_revisions_keep_the_scale_they_were_told_on(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    stored = await stored_symbol(sql_storage)
    for close, day in ((1.0, 1), (1.0, 2), (2.0, 3)):
        await write(sql_storage, stored, bars_of(date(2024, 1, 2), [close]), scale_date=date(2024, 2, day))
    kept = await connection.fetch("SELECT revision, close, scale_date FROM bar_revisions")
    assert [tuple(row) for row in kept] == [(0, 1.0, date(2024, 2, 2))]
    assert await connection.fetchval("SELECT scale_date FROM daily_prices") == date(2024, 2, 3)


async def test_many_bars_change_their_scale_in_little_time_whatever_was_changed_before(
    database: str, connection: asyncpg.Connection
) -> None:
    storage = SqlStorage(database, PoolSettings(size=1))  # a connection keeps the plans of its triggers
    stored = await stored_symbol(storage)
    bars = bars_of(date(1950, 1, 1), [1.0] * 20_000)
    await write(storage, stored, bars, scale_date=date(2024, 2, 1))
    for rows, day in ((1, 2), (20_000, 3)):
        async with asyncio.timeout(5):
            counts = await write(storage, stored, bars[:rows], scale_date=date(2024, 2, day))
        assert counts == WriteCounts(0, 0, rows)
    await storage.close()
    assert await connection.fetchval("SELECT count(*) FROM bar_revisions") == 0
    assert await connection.fetchval("SELECT min(scale_date) FROM daily_prices") == date(2024, 2, 3)


async def test_an_archive_holds_all_that_was_stored_of_the_symbol(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    stored = await stored_symbol(sql_storage)
    other = await stored_symbol(sql_storage, BHP_ASX)
    for closes in ([1.0, 2.0], [1.0, 3.0]):
        for one in (stored, other):
            await write(sql_storage, one, bars_of(date(2024, 1, 2), closes), f"file {closes[1]}")
    await write_minutes(sql_storage, stored, minutes_of(MOMENT, [4.0]))
    async with sql_storage.begin() as work:
        await work.symbols.verified(stored.key, Finding(Verification.VALID, contract=contract_of()), NOW)
        await work.actions.record(stored, CorporateAction(ActionType.SPLIT, date(2024, 6, 1), Decimal("0.1"), "test"))
        await work.flags.raise_(stored.key, [DataFlag(FlagKind.SUSPECTED_SPLIT, date(2024, 1, 3), "a gap", 2.0)], NOW)
        gap = SessionGap(date(2024, 1, 4), SessionState.HALTED, "no trades")
        await work.gaps.mark(GapKey(stored.key, Interval.DAY_1), [gap], NOW)
        archive_id = await work.symbols.archive(stored.key, "unknown to the broker", NOW)
    (archive,) = await connection.fetch("SELECT * FROM symbol_archives")
    details = json.loads(archive["details"])
    assert (archive["id"], archive["symbol"], archive["reason"]) == (archive_id, "AAPL", "unknown to the broker")
    assert (archive["bars"], archive["intraday_bars"], archive["archive_time"]) == (2, 1, NOW)
    assert (archive["first_session"], archive["last_session"]) == (date(2024, 1, 2), date(2024, 1, 3))
    assert details["symbol"]["listed_date"] == "1980-12-12"
    assert details["contract"]["con_id"] == 265598
    assert [(one["value"], one["source"]) for one in details["actions"]] == [(0.1, "test")]
    assert [(one["session"], one["ratio"]) for one in details["flags"]] == [("2024-01-03", 2.0)]
    assert [(one["session"], one["reason"]) for one in details["gaps"]] == [("2024-01-04", "no trades")]
    prices = await connection.fetch(
        "SELECT session, revision, close, source, replace_time IS NULL FROM archived_prices ORDER BY session, revision"
    )
    first, second = date(2024, 1, 2), date(2024, 1, 3)
    assert [tuple(row) for row in prices] == [
        (first, 0, 1.0, "file 2.0", False),
        (first, 1, 1.0, "file 3.0", True),
        (second, 0, 2.0, "file 2.0", False),
        (second, 1, 3.0, "file 3.0", True),
    ]
    minutes = await connection.fetch("SELECT interval, start_time, session, close, source FROM archived_bars")
    assert [tuple(row) for row in minutes] == [(2, MOMENT, date(2024, 1, 2), 4.0, "test")]
    for table in ("daily_prices", "bar_revisions"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2  # noqa: S608 - one of two words


async def test_collectors_that_claim_at_once_get_different_collections(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    async with sql_storage.begin() as work:
        for number in range(3):
            await work.collections.add(collection_of(f"c{number}"))
    together = asyncio.Barrier(3)

    async def claim(owner: str) -> str:
        async with sql_storage.begin() as work:
            await together.wait()
            claimed = await work.collections.claim(owner, NOW, NOW - timedelta(hours=1))
            await together.wait()  # every claim is made before the first is committed
            assert claimed is not None
            return claimed.id

    async with asyncio.timeout(30):
        claims = await asyncio.gather(*(claim(f"collector {number}") for number in range(3)))
    assert sorted(claims) == ["c0", "c1", "c2"]
    assert await connection.fetchval("SELECT count(DISTINCT owner) FROM collections") == 3


async def test_imports_of_an_older_schema_keep_their_rejected_rows(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrations, "HEAD", "0005")
        assert await upgrade(driver_dsn(empty_database), 10)
    connection = await asyncpg.connect(driver_dsn(empty_database), timeout=10)
    await connection.execute("""
        INSERT INTO sources (name) VALUES ('another'), ('prices.csv');
        INSERT INTO imports SELECT '01', 2, 1, 0, 0, 0, 1, '[[4, 1]]', id, '{}', now() FROM sources
        WHERE name = 'prices.csv';
        INSERT INTO rejected_rows VALUES ('01', 1, 4, 'high below low', 'AAPL', '2024-01-02', 'raw');
    """)
    await connection.close()
    assert await migrate(empty_database)
    storage = SqlStorage(empty_database)
    async with storage.begin() as work:
        (import_,) = await work.imports.summaries("", "01", 9)
        (rejection,) = await work.imports.rejections(RejectionFilter(), None, 9)
        assert (import_.source, rejection.source) == ("prices.csv", "prices.csv")
    await storage.close()
