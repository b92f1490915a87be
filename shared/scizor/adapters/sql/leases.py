"""Leases in PostgreSQL: the lock of a session, which ends with it, and a counter that fences what is written.

A holder that is killed has let go as soon as the server sees its connection end; one whose machine is gone, or that
stands still, when the server has not heard of it for a while. Whoever holds the lock counts the epoch up, and what is
written under an older one is refused: a holder that does not know yet that it was taken for dead does no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.domain.errors import ScizorError
from scizor.ports.leases import Lease

_CONNECT_TIMEOUT_S: Final = 5.0
_TIMEOUT_S: Final = 5.0
_LOOK_S: Final = 0.1
_PING_S: Final = 1.0
_CLOSE_TIMEOUT_S: Final = 2.0
_SETTINGS: Final = {
    "idle_session_timeout": "15s",
    "statement_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_COUNT_UP = """
INSERT INTO account_leases (name, epoch, holder, since) VALUES ($1, 1, $2, now())
ON CONFLICT (name) DO UPDATE SET epoch = account_leases.epoch + 1, holder = excluded.holder, since = excluded.since
RETURNING epoch
"""
_HOLDER = "SELECT holder FROM account_leases WHERE name = $1"


class SqlLeases:
    """`ports.leases.Leases` in the PostgreSQL that `dsn` names; each lease has a connection of its own, not a pooler's.

    `dsn`: as `driver_dsn` takes it. Raises InvalidInput for another.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = driver_dsn(dsn)

    @asynccontextmanager
    async def hold(self, name: str, holder: str) -> AsyncIterator[Lease]:
        """Wait until the name is ours, and let go when the block ends. Raises Unavailable."""
        async with self._connected() as connection:
            while not await _asked(connection, _LOCK, name):  # noqa: ASYNC110 - what is waited for is elsewhere
                await asyncio.sleep(_LOOK_S)
            epoch = await _asked(connection, _COUNT_UP, name, holder)
            lease = Lease(name, epoch, asyncio.get_running_loop().create_future())
            connection.add_termination_listener(lambda _: _lose(lease, "the connection to the database ended"))
            watch = asyncio.create_task(_watched(connection, lease))
            try:
                yield lease
            finally:
                _lose(lease, "it was let go")
                watch.cancel()
                await asyncio.wait([watch])

    async def holder(self, name: str) -> str:
        """Who has written itself down last; empty where nobody has. Raises Unavailable."""
        async with self._connected() as connection:
            return await _asked(connection, _HOLDER, name) or ""

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        with driver_errors_mapped():
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                connection = await connect(self._dsn, timeout_s=_CONNECT_TIMEOUT_S, settings=_SETTINGS)
        try:
            yield connection
        finally:
            await asyncio.shield(_closed(connection))


async def _asked(connection: asyncpg.Connection, query: str, *values: str) -> Any:
    with driver_errors_mapped():
        async with asyncio.timeout(_TIMEOUT_S):
            return await connection.fetchval(query, *values)


async def _watched(connection: asyncpg.Connection, lease: Lease) -> None:
    """Until the connection does not answer."""
    while not lease.lost.done():
        await asyncio.sleep(_PING_S)
        try:
            await _asked(connection, "SELECT 1")
        except ScizorError as error:
            _lose(lease, error.message)


async def _closed(connection: asyncpg.Connection) -> None:
    """The lock goes with the session; the server is waited for, so that who comes next finds it free."""
    with suppress(ScizorError), driver_errors_mapped():
        await connection.close(timeout=_CLOSE_TIMEOUT_S)
    connection.terminate()


def _lose(lease: Lease, reason: str) -> None:
    if not lease.lost.done():
        lease.lost.set_result(reason)
