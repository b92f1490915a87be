"""A database as a file and back: whole, consistent, judged before anything is touched, and all or nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import tarfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow as pa
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from scizor.adapters.sql import migrations
from scizor.adapters.sql.backup import TableEntry, archive, restore_backup, take_backup
from scizor.adapters.sql.backup.archive import new_archive, verified
from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.journal import SqlJournal
from scizor.adapters.sql.leases import SqlLeases
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.adapters.sql.tables import metadata
from scizor.adapters.sql.upgrade import run_steps
from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, Unavailable
from scizor.ports.leases import account_lease
from tests.conftest import dsn_of, run_on_server
from tests.contracts.ledgers import Ledger
from tests.integration.backup_stage import (
    KILLED,
    ROWS,
    ask,
    changed,
    content,
    cut,
    fill,
    journalled,
    mode_of,
    names_in,
    read,
    unused,
)
from tests.unit.trading.build import ACCOUNT

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_numbers = count(1)
NewDatabase = Callable[..., Awaitable[str]]


@pytest.fixture
async def new_database(postgres_dsn: str) -> AsyncIterator[NewDatabase]:
    made: list[str] = []

    async def new(template: str = "template0") -> str:
        made.append(f"scizor_backup_{os.getpid()}_{next(_numbers)}")
        await run_on_server(postgres_dsn, f"CREATE DATABASE {made[-1]} TEMPLATE {template}")
        return dsn_of(postgres_dsn, made[-1])

    yield new
    for name in made:
        await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def template(postgres_dsn: str) -> AsyncIterator[str]:
    """The name of a database with rows, that nobody is connected to."""
    name = f"scizor_backup_{os.getpid()}"
    dsn = dsn_of(postgres_dsn, name)
    await run_on_server(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE template0")
    await fill(dsn)
    yield name
    await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def kept_bytes(postgres_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("backup") / "kept.tar.zst"
    await take_backup(dsn_of(postgres_dsn, template), path, NOW)
    await unused(dsn_of(postgres_dsn, template))
    return read(path)


@pytest.fixture
async def filled(template: str, new_database: NewDatabase) -> str:
    """The DSN of a database with rows."""
    return await new_database(template)


@pytest.fixture
def kept(kept_bytes: bytes, tmp_path: Path) -> Path:
    """A backup of just those rows."""
    path = tmp_path / "kept.tar.zst"
    path.write_bytes(kept_bytes)
    return path


async def test_every_table_comes_back_byte_for_byte(filled: str, new_database: NewDatabase, tmp_path: Path) -> None:
    path, told = tmp_path / "kept.tar.zst", list[TableEntry]()
    manifest = await take_backup(filled, path, NOW, told.append)
    assert manifest == verified(path)
    assert tuple(told) == manifest.tables
    assert mode_of(path) == 0o600
    target = await new_database()
    assert await restore_backup(target, path) == manifest
    before, after = await content(filled), await content(target)
    assert {name: rows for name, (rows, _) in before.items()} == {one.name: one.rows for one in manifest.tables}
    assert before.pop("account_leases") != after.pop("account_leases")  # epochs are counted on far above the old ones
    assert before == after
    again = await take_backup(target, tmp_path / "again.tar.zst", NOW)
    assert [one.sha256 for one in again.tables if one.name != "account_leases"] == [
        one.sha256 for one in manifest.tables if one.name != "account_leases"
    ]


async def test_what_was_restored_goes_on_where_it_was(kept: Path, new_database: NewDatabase) -> None:
    target = await new_database()
    await restore_backup(target, kept)
    assert await migrate(target) is False
    async with SqlLeases(target).hold(account_lease(ACCOUNT), "test") as lease:
        assert lease.epoch > 1_000_000
        journal = SqlJournal(target)
        await journalled(target, Ledger(journal, lease.epoch, sequence=2, number=2), "third")
    assert [row[0] for row in await ask(target, "SELECT number FROM orders ORDER BY number")] == [1, 2, 3]
    (row,) = await ask(
        target,
        """INSERT INTO audit_log (time, account, actor, source, action, subject, before, after)
        VALUES (now(), '', '', '', '', '', '', '') RETURNING id""",
    )
    assert row[0] == 8
    (symbol,) = await ask(
        target,
        """INSERT INTO symbols (symbol, primary_exchange, currency, exchange, name, asset_type, sector, "group", active)
        VALUES ('NEW', 'NYSE', 'USD', '', '', 1, '', '', true) RETURNING id""",
    )
    assert symbol[0] == 5  # the fourth was deleted before the backup, and its number is not given again
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await run_on_server(target, "UPDATE daily_prices SET source_id = 99")
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        await run_on_server(target, "DELETE FROM audit_log")


async def test_it_is_one_instant_however_much_is_written_meanwhile(
    filled: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    def write_more(entry: TableEntry) -> None:
        if entry.name == manifest_names[0]:
            more = (
                "INSERT INTO sources (name) VALUES ('late');"
                "INSERT INTO trading_states VALUES ('DU2', 1, now(), '', '', false)"
            )
            thread = threading.Thread(target=lambda: asyncio.run(run_on_server(filled, more)))
            thread.start()
            thread.join(30)

    manifest_names = [table.name for table in metadata.sorted_tables]
    path = tmp_path / "kept.tar.zst"
    await take_backup(filled, path, NOW, write_more)
    assert (await ask(filled, "SELECT count(*) FROM trading_states"))[0][0] == 2
    target = await new_database()
    await restore_backup(target, path)
    assert (await ask(target, "SELECT count(*) FROM trading_states"))[0][0] == 1
    assert (await ask(target, "SELECT count(*) FROM sources"))[0][0] == 3


async def test_a_large_table_is_written_in_pieces(
    filled: str, new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_PIECE_BYTES", 10_000)
    path = tmp_path / "kept.tar.zst"
    await take_backup(filled, path, NOW)
    with pa.CompressedInputStream(str(path), "zstd") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        names = [member.name for member in tar]
    assert "tables/daily_prices/000002.copy" in names
    assert names[-2:] == ["manifest.json", "manifest.json.sha256"]
    target = await new_database()
    await restore_backup(target, path)
    assert (await content(target))["daily_prices"] == (await content(filled))["daily_prices"]


@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.9, 0.999])
async def test_a_damaged_file_is_refused_before_the_database_is_asked(kept: Path, at: float) -> None:
    changed(kept, at)
    with pytest.raises(DataCorrupt, match="damaged"):
        await restore_backup("postgresql://nobody@127.0.0.1:1/none", kept)


async def test_a_file_cut_short_is_refused(kept: Path) -> None:
    cut(kept, 2 / 3)
    with pytest.raises(DataCorrupt, match="damaged"):
        await restore_backup("postgresql://nobody@127.0.0.1:1/none", kept)


async def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is no file"):
        await restore_backup("postgresql://nobody@127.0.0.1:1/none", tmp_path / "nothing")
    with pytest.raises(DataCorrupt, match="no backup"):
        await restore_backup("postgresql://nobody@127.0.0.1:1/none", Path(__file__))


@pytest.mark.parametrize("change", [{"schema": "9999"}, {"format": 2}])
async def test_a_backup_of_a_newer_scizor_is_refused(kept: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "newer.tar.zst"
    manifest = verified(kept)
    with new_archive(path, 0) as written:
        for name, chunks in archive.tables(kept):
            table = written.table(name)
            for chunk in chunks:
                await table.write(chunk)
            table.close()
        written.seal(replace(manifest, **change))
    with pytest.raises(FailedPrecondition, match="update scizor"):
        await restore_backup("postgresql://nobody@127.0.0.1:1/none", path)


async def test_an_older_backup_is_migrated_forward(new_database: NewDatabase, tmp_path: Path) -> None:
    old, path = await new_database(), tmp_path / "old.tar.zst"
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(driver_dsn(old), timeout_s=10))
    async with engine.begin() as connection:
        await connection.run_sync(run_steps, "0009")
    await engine.dispose()
    await run_on_server(old, ROWS[: ROWS.index("INSERT INTO trading_states")])
    manifest = await take_backup(old, path, NOW)
    assert manifest.schema == "0009"
    assert "orders" not in {table.name for table in manifest.tables}
    target = await new_database()
    await restore_backup(target, path)
    assert await migrate(target) is False
    assert (await ask(target, migrations.READ_VERSION))[0][0] == migrations.HEAD
    before, after = await ask(old, "TABLE daily_prices"), await ask(target, "TABLE daily_prices")
    assert before == after
    assert (await ask(target, "SELECT count(*) FROM orders"))[0][0] == 0


async def test_what_is_stored_is_replaced_only_when_that_is_said(
    kept: Path, filled: str, new_database: NewDatabase
) -> None:
    expected = await content(filled)
    await run_on_server(filled, "INSERT INTO sources (name) VALUES ('late')")
    with pytest.raises(FailedPrecondition, match=r"not empty: account_leases, .* have rows"):
        await restore_backup(filled, kept)
    assert (await ask(filled, "SELECT count(*) FROM sources"))[0][0] == 4
    await unused(filled)
    await restore_backup(filled, kept, replace=True)
    found = await content(filled)
    del expected["account_leases"], found["account_leases"]
    assert found == expected


async def test_nothing_of_scizor_is_left_of_what_is_replaced_and_nothing_else_is_touched(
    kept: Path, filled: str
) -> None:
    await run_on_server(filled, "CREATE TABLE another_programs (id INTEGER); INSERT INTO another_programs VALUES (7)")
    await restore_backup(filled, kept, replace=True)
    assert [row[0] for row in await ask(filled, "TABLE another_programs")] == [7]
    functions = await ask(
        filled, "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY proname"
    )
    assert tuple(row[0] for row in functions) == migrations.FUNCTIONS


async def test_a_database_that_services_use_is_left_alone(kept: Path, filled: str) -> None:
    storage = SqlStorage(filled)
    async with storage.begin():
        pass
    with pytest.raises(FailedPrecondition, match="services use the database"):
        await restore_backup(filled, kept, replace=True)
    await storage.close()


async def test_a_newer_database_is_neither_kept_nor_replaced(kept: Path, filled: str, tmp_path: Path) -> None:
    await run_on_server(filled, "UPDATE scizor_schema_version SET version_num = '9999'")
    with pytest.raises(FailedPrecondition, match="update scizor"):
        await restore_backup(filled, kept, replace=True)
    with pytest.raises(FailedPrecondition, match="update scizor"):
        await take_backup(filled, tmp_path / "newer", NOW)
    assert names_in(tmp_path) == [kept.name]


async def test_someone_reading_is_not_waited_for_long(kept: Path, filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scizor.adapters.sql.backup.restore._SETTINGS", {"lock_timeout": "200ms"})
    reader = await asyncpg.connect(driver_dsn(filled), timeout=10)
    async with reader.transaction():
        await reader.fetch("SELECT FROM symbols")
        with pytest.raises(Unavailable, match="another transaction was in the way"):
            await restore_backup(filled, kept, replace=True)
    await reader.close()


async def test_a_restore_that_is_killed_leaves_the_database_as_it_was(kept: Path, filled: str) -> None:
    await run_on_server(filled, "INSERT INTO sources (name) VALUES ('late')")
    before = await content(filled)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, filled, str(kept)), env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    async with asyncio.timeout(60):
        assert await process.wait() == -signal.SIGKILL
    await unused(filled)
    assert await content(filled) == before


async def test_a_backup_that_fails_leaves_no_file(filled: str, tmp_path: Path) -> None:
    def fail(entry: TableEntry) -> None:
        raise RuntimeError(entry.name)

    with pytest.raises(RuntimeError):
        await take_backup(filled, tmp_path / "kept", NOW, fail)
    assert names_in(tmp_path) == []
    with pytest.raises(FailedPrecondition, match="cannot write"):
        await take_backup(filled, tmp_path / "missing" / "kept", NOW)


async def test_a_backup_replaces_no_other(kept: Path, filled: str) -> None:
    before = read(kept)
    with pytest.raises(FailedPrecondition, match="exists"):
        await take_backup(filled, kept, NOW)
    assert read(kept) == before


async def test_of_an_empty_database_there_is_nothing_to_keep(new_database: NewDatabase, tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="nothing to keep"):
        await take_backup(await new_database(), tmp_path / "kept", NOW)


async def test_a_manifest_can_be_read_and_proved_without_scizor(kept: Path) -> None:
    with pa.CompressedInputStream(str(kept), "zstd") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr] # files
    told = json.loads(members["manifest.json"])
    assert (told["schema"], told["format"]) == (migrations.HEAD, 1)
    seal = f"{hashlib.sha256(members['manifest.json']).hexdigest()}  manifest.json\n"
    assert members["manifest.json.sha256"].decode() == seal
    for table in told["tables"]:
        data = b"".join(members[name] for name in sorted(members) if name.startswith(f"tables/{table['name']}/"))
        assert (len(data), hashlib.sha256(data).hexdigest()) == (table["length"], table["sha256"])
