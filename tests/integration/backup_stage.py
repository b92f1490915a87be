"""What tests of backups share: rows of many kinds, what a database holds, and files that are not as they were."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import asyncpg

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.journal import SqlJournal
from scizor.adapters.sql.leases import SqlLeases
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.tables import metadata
from scizor.ports.leases import account_lease
from tests.conftest import run_on_server
from tests.contracts.ledgers import Ledger, request_of
from tests.unit.trading.build import ACCOUNT

ROWS = """
INSERT INTO sources (name) SELECT 'source ' || n FROM generate_series(1, 3) AS n;
INSERT INTO symbols (symbol, primary_exchange, currency, exchange, name, asset_type, sector, "group", active)
SELECT 'S' || n, 'NYSE', 'USD', 'SMART', 'Ünïcode, "quoted" \\ and' || chr(10) || 'broken', 1, '', '', true
FROM generate_series(1, 4) AS n;
DELETE FROM symbols WHERE symbol = 'S4';
INSERT INTO daily_prices (symbol_id, session, open, high, low, close, volume, source_id, partial)
SELECT s, '2020-01-01'::date + n, 0.1 + n, 1e300, 5e-324, 0.3 + n, 1e-3, 1, false
FROM generate_series(1, 3) AS s, generate_series(1, 500) AS n;
UPDATE daily_prices SET volume = volume * 3 WHERE session < '2020-02-01';
INSERT INTO bars (symbol_id, interval, start_time, session, open, high, low, close, volume, partial, source_id)
SELECT 1, 2, time, time::date, 1, 2, 1, 2, 0, false, 2
FROM generate_series('1999-06-01'::timestamptz, '2045-01-01', '30 days') AS time;
INSERT INTO corporate_actions (symbol_id, type, ex_date, value, source_id)
VALUES (1, 1, '2020-05-05', 1.0000000000000000000000000000000001, 1);
INSERT INTO imports VALUES ('i', 1, 1, 1, 0, 0, 0, '{"a" :  1}', 1, '{S1,"a,b"}', '2026-01-01 00:00:00.123456+00');
INSERT INTO idempotency_keys (method, request_id, body_hash, answer) VALUES ('m', 'r', '\\x00ff', NULL);
INSERT INTO trading_states VALUES ('DU1', 3, 'infinity', 'halted', 'me', true);
INSERT INTO audit_log (time, account, actor, source, action, subject, before, after)
SELECT now(), 'DU1', 'me', 'cli', 'halt', 'n' || n, '', '' FROM generate_series(1, 7) AS n;
"""


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from scizor.adapters.sql.backup import restore_backup
def told(entry):
    if entry.name == "order_events":
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(restore_backup(sys.argv[1], Path(sys.argv[2]), replace=True, told=told))
"""


def read(path: Path) -> bytes:
    return path.read_bytes()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def cut(path: Path, fraction: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def fill(dsn: str) -> None:
    """Migrate a database, and store something of everything in it; nobody is connected to it afterwards."""
    await migrate(dsn)
    await run_on_server(dsn, ROWS)
    async with SqlLeases(dsn).hold(account_lease(ACCOUNT), "test") as lease:
        await journalled(dsn, Ledger(SqlJournal(dsn), lease.epoch), "first", "second")
    await unused(dsn)


async def journalled(dsn: str, ledger: Ledger, *names: str) -> None:
    for name in names:
        await ledger.append(ledger.place(request_of(name)))
    journal = ledger.journal
    assert isinstance(journal, SqlJournal)
    await journal.close()


async def unused(dsn: str) -> None:
    """Wait until the server has seen the last connection of ours end."""
    left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'scizor'"
    async with asyncio.timeout(10):
        while (await ask(dsn, left))[0][0]:  # noqa: ASYNC110 - what is waited for is the server's
            await asyncio.sleep(0.01)


async def ask(dsn: str, query: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


async def content(dsn: str) -> dict[str, tuple[int, str]]:
    """Of each table its rows and the SHA-256 of all values, as the server's COPY writes them."""
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    found = {}
    try:
        for table in metadata.sorted_tables:
            key = ", ".join(f'"{column.name}"' for column in table.primary_key)
            digest = hashlib.sha256()

            async def take(data: bytes, digest: Any = digest) -> None:
                digest.update(data)

            query = f"SELECT * FROM {table.name} ORDER BY {key}"  # noqa: S608 - our own tables
            status = await connection.copy_from_query(query, output=take, format="text")
            found[table.name] = int(status.split()[-1]), digest.hexdigest()
    finally:
        await connection.close()
    return found


def changed(path: Path, at: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 0x55
    path.write_bytes(data)
