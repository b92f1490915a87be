"""One connection inside one transaction: the only place that talks to the driver.

Every call has a deadline and raises errors of the domain only. Rows go through SQLAlchemy; bulk goes past it, straight
to the driver's COPY, in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from scizor.adapters.sql.errors import driver_errors_mapped

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Session:
    """`statement_timeout_s` bounds each statement, `bulk_timeout_s` each bulk one."""

    def __init__(self, connection: AsyncConnection, statement_timeout_s: float, bulk_timeout_s: float) -> None:
        self._connection = connection
        self._statement_timeout_s = statement_timeout_s
        self._bulk_timeout_s = bulk_timeout_s

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement and hold its whole result."""
        async with _bounded(self._statement_timeout_s):
            return await self._connection.execute(statement, parameters)

    async def all(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """Every row."""
        return (await self.execute(statement, parameters)).all()

    async def first(self, statement: Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """The first row, or None."""
        return (await self.execute(statement, parameters)).first()

    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any:
        """The first value of the first row, or None."""
        return (await self.execute(statement, parameters)).scalar()

    async def fetch(self, query: str, values: Sequence[Any]) -> Sequence[asyncpg.Record]:
        """Every row of a query of fixed text, as the driver has it."""
        async with _bounded(self._statement_timeout_s):
            found: Sequence[asyncpg.Record] = await (await self._driver()).fetch(query, *values)
            return found

    async def run_bulk(self, command: str) -> int:
        """Run a command of fixed text under the bulk deadline; the number of rows it touched, if any."""
        async with _bounded(self._bulk_timeout_s):
            status = await (await self._driver()).execute(command)
            rows = status.rpartition(" ")[2]
            return int(rows) if rows.isdigit() else 0

    async def count_bulk(self, query: str) -> int:
        """The one number a query of fixed text returns, under the bulk deadline."""
        async with _bounded(self._bulk_timeout_s):
            return int(await (await self._driver()).fetchval(query))

    async def copy_out(self, query: str) -> bytearray:
        """The result of a query in COPY's binary format."""
        received = bytearray()

        async def receive(data: bytes) -> None:
            received.extend(data)

        async with _bounded(self._bulk_timeout_s):
            await (await self._driver()).copy_from_query(query, output=receive, format="binary")
        return received

    async def copy_in(self, table: str, data: AsyncIterator[bytes], columns: Sequence[str] | None = None) -> None:
        """Fill a table, or these columns of it, from chunks in COPY's binary format."""
        async with _bounded(self._bulk_timeout_s):
            await (await self._driver()).copy_to_table(table, source=data, columns=columns, format="binary")

    async def copy_records(self, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]) -> None:
        """Fill a table from Python values."""
        async with _bounded(self._bulk_timeout_s):
            await (await self._driver()).copy_records_to_table(table, columns=list(columns), records=records)

    async def allow_bulk_time(self) -> None:
        """Let the server too give every later statement of this transaction the bulk deadline."""
        async with _bounded(self._statement_timeout_s):
            milliseconds = round(self._bulk_timeout_s * 1000)
            await (await self._driver()).execute(f"SET LOCAL statement_timeout = {milliseconds:d}")

    async def _driver(self) -> asyncpg.Connection:
        return await driver_of(self._connection)


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection."""
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, asyncpg.Connection):
        raise TypeError(f"the driver must be asyncpg, not {type(driver).__name__}")
    return driver


@asynccontextmanager
async def _bounded(timeout_s: float) -> AsyncIterator[None]:
    with driver_errors_mapped(SQLAlchemyError):
        async with asyncio.timeout(timeout_s):
            yield
