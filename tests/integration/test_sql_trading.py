"""The journal and the leases in PostgreSQL: cut, killed, raced and read while it is written."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.journal import SqlJournal
from scizor.adapters.sql.journal_batch import batch_document
from scizor.adapters.sql.leases import SqlLeases
from scizor.adapters.sql.migrate import migrate
from scizor.domain.errors import InvalidInput, ScizorError, Unavailable
from scizor.domain.trading import events as e
from scizor.ports.journal import AuditLine, Batch, KeyedAnswer
from scizor.ports.leases import Lease, account_lease
from tests.contracts.ledgers import Ledger, order_id, request_of
from tests.unit.trading.build import ACCOUNT, NOW

NAME = account_lease(ACCOUNT)
APPEND = "SELECT append_to_journal($1, $2, $3, $4, $5)"
KILL_WRITERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE '%append_to_journal%' AND pid <> pg_backend_pid()
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1
"""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
async def journal(database: str) -> AsyncIterator[SqlJournal]:
    journal = SqlJournal(database)
    yield journal
    await journal.close()


@pytest.fixture
async def ledger(journal: SqlJournal, database: str) -> AsyncIterator[Ledger]:
    async with SqlLeases(database).hold(NAME, "test") as lease:
        yield Ledger(journal, lease.epoch)


async def one_waits(database: str, query: str) -> None:
    """Until a statement like this waits for a lock; on a connection that is in no transaction itself."""
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    try:
        async with asyncio.timeout(10):
            while not await connection.fetchval(WAITING, query):  # noqa: ASYNC110 - another session is waited for
                await asyncio.sleep(0.01)
    finally:
        await connection.close()


@pytest.mark.parametrize("table", ["order_events", "audit_log"])
@pytest.mark.parametrize("change", ["UPDATE {} SET time = now()", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_is_written_stays_as_it_is(
    ledger: Ledger, connection: asyncpg.Connection, table: str, change: str
) -> None:
    await ledger.append(ledger.place(request_of("one")), audit=[AuditLine(NOW, ACCOUNT, "me", "", "", "")])
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match=f"{table} is append-only"):
        await connection.execute(change.format(table))
    assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 1  # noqa: S608 - one of two words


@pytest.mark.parametrize("change", ["UPDATE {} SET document = ''", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_a_strategy_was_shown_stays_as_it_was(connection: asyncpg.Connection, change: str) -> None:
    await connection.execute(
        """INSERT INTO deployments (id, account, strategy_id, spec, interval, code_hash, state, stop_mode, error,
        error_reason, create_time, update_time, version)
        VALUES ('d1', 'DU1', 'one', '{}', 1, '', 1, 1, '', '', now(), now(), 1)"""
    )
    await connection.execute("INSERT INTO deployment_moments VALUES ('d1', 1, '{}')")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError, match="deployment_moments is append-only"):
        await connection.execute(change.format("deployment_moments"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET state = 13",
        "UPDATE orders SET end_time = now()",
        "UPDATE orders SET side = 0",
        "UPDATE orders SET number = -1",
        "UPDATE account_leases SET epoch = 0",
        "INSERT INTO order_events SELECT account, 2, order_id, 2, time, source, 1, payload FROM order_events",
        "INSERT INTO order_events SELECT account, 2, order_id, 2, time, 9, 2, payload FROM order_events",
        "INSERT INTO executions SELECT id, 'x', 1, 'x.01', account, instrument, side, 'NaN', 1, now(), "
        "NULL, NULL, false, false, '', '' FROM orders",
    ],
)
async def test_unsound_rows_cannot_be_written_by_hand(
    ledger: Ledger, connection: asyncpg.Connection, change: str
) -> None:
    await ledger.append(ledger.place(request_of("one")))
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(change)


async def test_a_write_whose_connection_is_cut_is_unavailable_and_leaves_nothing(
    ledger: Ledger, connection: asyncpg.Connection, database: str
) -> None:
    entry = ledger.place(request_of("one"))
    async with connection.transaction():
        await connection.execute("SELECT FROM account_leases FOR UPDATE")
        writing = asyncio.create_task(ledger.append(entry))
        await one_waits(database, "%append_to_journal%")
        assert await connection.fetchval(KILL_WRITERS) == 1
        with pytest.raises(Unavailable):
            await writing
    assert (await ledger.load()).sequence == 0
    await ledger.append(entry)
    assert (await ledger.load()).sequence == 1


async def test_the_journal_gets_over_connections_that_were_cut_as_they_waited(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    await ledger.append(ledger.place(request_of("one")))
    assert await connection.fetchval(KILL_WRITERS) == 1
    entry, written = ledger.place(request_of("two")), False
    async with asyncio.timeout(10):
        while not written:
            try:
                await ledger.append(entry)
                written = True
            except Unavailable:
                await asyncio.sleep(0)
    assert (await ledger.load()).sequence == 2


async def test_a_write_that_is_given_up_can_be_made_again(
    ledger: Ledger, connection: asyncpg.Connection, database: str
) -> None:
    entry = ledger.place(request_of("one"))
    async with connection.transaction():
        await connection.execute("SELECT FROM account_leases FOR UPDATE")
        writing = asyncio.create_task(ledger.append(entry))
        await one_waits(database, "%append_to_journal%")
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await connection.fetchval(KILL_WRITERS)
    await ledger.append(entry)
    assert (await ledger.load()).sequence == 1


async def test_reading_the_books_waits_for_a_write_that_is_under_way(
    ledger: Ledger, connection: asyncpg.Connection, database: str
) -> None:
    batch = Batch(ACCOUNT, ledger.epoch, [ledger.place(request_of("one"))])
    async with connection.transaction():
        await connection.fetchval(APPEND, ACCOUNT, NAME, ledger.epoch, 1, batch_document(batch))
        reading = asyncio.create_task(ledger.load())
        await one_waits(database, "%FOR NO KEY UPDATE%")
        assert not reading.done()
    assert list((await reading).orders) == [order_id("one")]


async def test_the_next_holder_waits_for_a_write_of_the_one_before(
    journal: SqlJournal, connection: asyncpg.Connection, database: str
) -> None:
    leases = SqlLeases(database)
    async with leases.hold(NAME, "first") as lease:
        first = Ledger(journal, lease.epoch)
    batch = Batch(ACCOUNT, first.epoch, [first.place(request_of("one"))])
    got: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with leases.hold(NAME, "second") as lease:
            got.set_result(lease)

    async with connection.transaction():
        await connection.fetchval(APPEND, ACCOUNT, NAME, first.epoch, 1, batch_document(batch))
        holding = asyncio.create_task(hold())
        await one_waits(database, "%INSERT INTO account_leases%")
        assert not got.done()
    await holding
    assert got.result().epoch == 2
    assert (await first.load()).sequence == 1


async def test_answers_older_than_seven_days_go_as_new_ones_come(
    ledger: Ledger, connection: asyncpg.Connection
) -> None:
    await connection.execute(
        "INSERT INTO idempotency_keys SELECT 'Place', 'r' || age, 'hash', 'answer', now() - age * interval '1 day' "
        "FROM unnest(ARRAY[6, 8, 9, 10]) AS age"
    )
    await ledger.append(answers=[KeyedAnswer("Place", "new", b"hash", b"answer")])
    left = await connection.fetch("SELECT request_id FROM idempotency_keys ORDER BY request_id")
    assert [row["request_id"] for row in left] == ["new", "r6", "r8"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_that_cannot_be_stored_is_refused_and_nothing_is_lost(ledger: Ledger, text: str) -> None:
    await ledger.append(ledger.place(request_of("one")))
    with pytest.raises(InvalidInput):
        await ledger.append(ledger.say("one", e.Noted(text)))
    assert (await ledger.load()).sequence == 1


async def test_a_server_that_is_killed_takes_leases_along_and_both_come_back(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "home")
    await migrate(server.start())
    journal, leases = SqlJournal(server.dsn), SqlLeases(server.dsn)
    try:
        async with leases.hold(NAME, "first") as lease:
            ledger = Ledger(journal, lease.epoch)
            await ledger.append(ledger.place(request_of("one")))
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            async with asyncio.timeout(20):
                assert await lease.lost
        with pytest.raises(Unavailable):
            await eventually_refused(journal, ledger)
        with pytest.raises(Unavailable):
            async with leases.hold(NAME, "nobody"):
                pass
        server.start()
        async with leases.hold(NAME, "second") as lease:
            assert lease.epoch == 2
            books = await journal.load(ACCOUNT, NOW)
            assert (books.sequence, books.orders) == (1, {order_id("one"): ledger.orders[order_id("one")]})
    finally:
        await journal.close()
        server.stop()


async def eventually_refused(journal: SqlJournal, ledger: Ledger) -> None:
    """A session outlives its server by a moment."""
    async with asyncio.timeout(10):
        while True:
            await journal.load(ledger.account, NOW)


async def test_every_payload_passes_through_the_database_as_it_is(ledger: Ledger) -> None:
    texts: list[Callable[[], e.Payload]] = [
        lambda: e.Noted("“quotes”, \\ and \u2028 are no markup: {}[]\"'", -1),
        lambda: e.Suspended("{'json': null}"),
        lambda: e.Canceled(""),
    ]
    await ledger.append(ledger.place(request_of("one")), *(ledger.say("one", make()) for make in texts))
    (order,) = (await ledger.load()).ended.values()
    assert order == ledger.orders[order.id]


async def test_an_order_whose_id_is_no_uuid_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ScizorError):
        await ledger.append(ledger.place(request_of("one", id="one")))
