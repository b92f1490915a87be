"""One real database server for the session, and an empty migrated database for each test that asks."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from xdist.scheduler import LoadFileScheduling

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import PoolSettings, SqlStorage

_numbers = count(1)
_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid();
DO $$ BEGIN
    IF EXISTS (SELECT FROM order_events) OR EXISTS (SELECT FROM audit_log)
        OR EXISTS (SELECT FROM deployment_moments) THEN
        ALTER TABLE order_events DISABLE TRIGGER USER; ALTER TABLE audit_log DISABLE TRIGGER USER;
        ALTER TABLE deployment_moments DISABLE TRIGGER USER;
        DELETE FROM order_events; DELETE FROM audit_log; DELETE FROM deployment_moments;
        ALTER TABLE order_events ENABLE TRIGGER USER; ALTER TABLE audit_log ENABLE TRIGGER USER;
        ALTER TABLE deployment_moments ENABLE TRIGGER USER;
    END IF;
END $$;
DELETE FROM collections; DELETE FROM symbols; DELETE FROM symbol_archives; DELETE FROM imports; DELETE FROM sources;
DELETE FROM deployments; DELETE FROM optimizations; DELETE FROM backtest_jobs; DELETE FROM strategy_versions;
DELETE FROM strategies; DELETE FROM idempotency_keys; DELETE FROM risk_limits; DELETE FROM risk_events;
DELETE FROM trading_states; DELETE FROM equity_marks; DELETE FROM account_leases; DELETE FROM account_postings;
DELETE FROM orders; DELETE FROM executions; DELETE FROM broker_orders;
"""


_ON_ONE_STACK: Final = {  # files whose tests share what is long to start
    f"tests/e2e/test_{name}.py": stack
    for stack, names in {
        "the stack": ("command", "grpc", "market_data", "optimizations", "reports", "rest", "strategies"),
        "the open market": ("trading_grpc", "trading_rest"),
    }.items()
    for name in names
}


class _Together(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """A file is one worker's, and so are all that share a stack: it is then started once."""

    def _split_scope(self, nodeid: str) -> str:
        path: str = super()._split_scope(nodeid)
        return _ON_ONE_STACK.get(path, path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """For `--dist loadfile`."""
    return _Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers what waits longest comes first."""
    if not hasattr(config, "workerinput"):
        return
    folders = ["e2e", "integration"]
    items.sort(key=lambda item: next((at for at, one in enumerate(folders) if one in item.path.parts), len(folders)))


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """A server that the whole session shares: TEST_DATABASE_URL's, else one of the session's own."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="scizor-"))
    folder.chmod(0o755)  # as root the server runs as another account, which must get in
    server = EmbeddedPostgres(folder / "home")
    try:
        yield server.start(die_with_parent=True)
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def postgres_dsn(database_server: str) -> str:
    """The server's DSN. Its own files outlive no test, so that nothing need wait for the disk."""
    if not os.environ.get("TEST_DATABASE_URL"):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await run_on_server(database_server, f"ALTER SYSTEM SET {setting} = off")
        await run_on_server(database_server, "SELECT pg_reload_conf()")
    return database_server


@pytest.fixture(scope="session")
async def migrated_database(postgres_dsn: str) -> AsyncIterator[str]:
    """The DSN of a migrated database that tests use one after the other."""
    name = f"scizor_test_{os.getpid()}"
    await run_on_server(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE template0")
    await migrate(dsn_of(postgres_dsn, name))
    yield dsn_of(postgres_dsn, name)
    await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(migrated_database: str) -> AsyncIterator[str]:
    """The DSN of a migrated database without rows; emptied after the test, a tenth of the time of a new one."""
    yield migrated_database
    await run_on_server(migrated_database, _EMPTY)


@pytest.fixture(scope="module")
async def module_storage(postgres_dsn: str, migrated_database: str) -> AsyncIterator[SqlStorage]:
    """Storage on a migrated database of the file's own, for tests that leave it as they found it."""
    name = f"scizor_test_{os.getpid()}_{next(_numbers)}"
    await run_on_server(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE scizor_test_{os.getpid()}")
    storage = SqlStorage(dsn_of(postgres_dsn, name), PoolSettings(size=4))
    yield storage
    await storage.close()
    await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_database(postgres_dsn: str) -> AsyncIterator[str]:
    """The DSN of a database of this test's own with nothing in it."""
    name = f"scizor_test_{os.getpid()}_{next(_numbers)}"
    await run_on_server(postgres_dsn, f"CREATE DATABASE {name} TEMPLATE template0")
    yield dsn_of(postgres_dsn, name)
    await run_on_server(postgres_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def sql_storage(database: str) -> AsyncIterator[SqlStorage]:
    """Storage on a database of this test's own."""
    storage = SqlStorage(database, PoolSettings(size=4))
    yield storage
    await storage.close()


async def run_on_server(dsn: str, command: str) -> None:
    """Run one command outside a transaction."""
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        await connection.execute(command)
    finally:
        await connection.close()


def dsn_of(server: str, database: str) -> str:
    """The DSN of another database on the same server."""
    address, _, query = server.partition("?")
    return f"{address.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")
