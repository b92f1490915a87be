"""Connections for single statements that commit by themselves: nothing goes back and forth but the statement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from scizor.adapters.sql.dsn import connect, driver_dsn

_REFUSALS = ("22", "23", "SZ")  # classes of SQLSTATEs: of values, of constraints, and our own


class Lines:
    """At most `size` connections; one that failed otherwise than by the server's word is never used again.

    `dsn`: as `driver_dsn` takes it. `timeout_s`: for a free connection, and at the server for each statement.
    """

    def __init__(self, dsn: str, *, size: int, timeout_s: float, connect_timeout_s: float) -> None:
        self._dsn = driver_dsn(dsn)
        self._free = asyncio.Semaphore(size)
        self._idle: list[asyncpg.Connection] = []
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection outside a transaction. Raises what the driver raises, and TimeoutError."""
        async with asyncio.timeout(self._timeout_s):
            await self._free.acquire()
        try:
            connection = self._at_hand() or await self._connect()
            try:
                yield connection
            except BaseException as error:
                if _goes_on(error):
                    self._idle.append(connection)
                else:
                    connection.terminate()
                raise
            self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().terminate()

    def _at_hand(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> asyncpg.Connection:
        settings = {"statement_timeout": f"{self._timeout_s * 1000:.0f}"}
        return await connect(self._dsn, timeout_s=self._connect_timeout_s, settings=settings)


def _goes_on(error: BaseException) -> bool:
    """Whether the server refused what it was told, has undone it, and waits for the next statement."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in _REFUSALS
