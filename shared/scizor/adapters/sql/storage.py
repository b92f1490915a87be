"""Units of work over PostgreSQL: a bounded pool of connections, one transaction each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

import asyncpg
from asyncpg import AdminShutdownError, InterfaceError, InternalClientError, PostgresConnectionError, PostgresError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from scizor.adapters.sql.actions import SqlActions
from scizor.adapters.sql.audit import SqlAudit
from scizor.adapters.sql.backtests import SqlBacktests
from scizor.adapters.sql.bars import SqlBars
from scizor.adapters.sql.collections import SqlCollections
from scizor.adapters.sql.deployments import SqlDeployments
from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.adapters.sql.flags import SqlFlags
from scizor.adapters.sql.gaps import SqlGaps
from scizor.adapters.sql.idempotency import SqlIdempotency
from scizor.adapters.sql.imports import SqlImports
from scizor.adapters.sql.intraday import SqlIntraday
from scizor.adapters.sql.moments import SqlMoments
from scizor.adapters.sql.optimizations import SqlOptimizations
from scizor.adapters.sql.orders import SqlOrders
from scizor.adapters.sql.risk import SqlRisk
from scizor.adapters.sql.session import Session, driver_of
from scizor.adapters.sql.sources import Sources
from scizor.adapters.sql.strategies import SqlStrategies
from scizor.adapters.sql.symbols import SqlSymbols
from scizor.domain.errors import ScizorError

_PING_TIMEOUT_S = 1.0
_ROLLBACK_TIMEOUT_S = 5.0
_BEGIN, _BEGIN_UNSYNCED = "BEGIN", "BEGIN; SET LOCAL synchronous_commit TO off"
# The driver takes a connection that ends as it is used for a fault of its own.
_LOST = (PostgresConnectionError, AdminShutdownError, InterfaceError, InternalClientError, OSError)
_FAILED = (SQLAlchemyError, PostgresError, InterfaceError, InternalClientError, OSError)
_SERVER_GRACE_S = 1.0  # the server ends a statement first, so that its connection survives


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Bounds of a pool: seconds, but for `size`, the most connections.

    `wait_s`: for a free connection. `bulk_timeout_s`: each statement of a bulk write once all rows are staged; every
    other one ends at `statement_timeout_s`. `idle_timeout_s`: between two statements of a transaction.
    """

    size: int = 8
    wait_s: float = 10.0
    connect_timeout_s: float = 5.0
    statement_timeout_s: float = 30.0
    bulk_timeout_s: float = 600.0
    idle_timeout_s: float = 300.0


class _Died(ConnectionError):
    """A connection ended while it waited in the pool."""


class SqlUnitOfWork:
    """The repositories of one transaction."""

    def __init__(self, session: Session, source_names: dict[int, str]) -> None:
        self._session = session
        self._source_names = source_names

    @cached_property
    def symbols(self) -> SqlSymbols:
        """Instruments."""
        return SqlSymbols(self._session)

    @cached_property
    def bars(self) -> SqlBars:
        """Daily bars."""
        return SqlBars(self._session, self._sources)

    @cached_property
    def intraday(self) -> SqlIntraday:
        """Bars shorter than a session."""
        return SqlIntraday(self._session, self._sources)

    @cached_property
    def actions(self) -> SqlActions:
        """Splits and dividends."""
        return SqlActions(self._session, self._sources)

    @cached_property
    def imports(self) -> SqlImports:
        """Imports and rejected rows."""
        return SqlImports(self._session, self._sources)

    @cached_property
    def flags(self) -> SqlFlags:
        """What looks wrong in stored bars."""
        return SqlFlags(self._session)

    @cached_property
    def collections(self) -> SqlCollections:
        """Collections and their ledgers."""
        return SqlCollections(self._session)

    @cached_property
    def gaps(self) -> SqlGaps:
        """Sessions without a bar, and why."""
        return SqlGaps(self._session)

    @cached_property
    def strategies(self) -> SqlStrategies:
        """Stored strategies."""
        return SqlStrategies(self._session)

    @cached_property
    def backtests(self) -> SqlBacktests:
        """Backtests and results."""
        return SqlBacktests(self._session)

    @cached_property
    def optimizations(self) -> SqlOptimizations:
        """Optimisations and their trials."""
        return SqlOptimizations(self._session)

    @cached_property
    def orders(self) -> SqlOrders:
        """What the journal of orders holds."""
        return SqlOrders(self._session)

    @cached_property
    def risk(self) -> SqlRisk:
        """Limits, risk events, trading states and equity."""
        return SqlRisk(self._session)

    @cached_property
    def deployments(self) -> SqlDeployments:
        """Strategies at work."""
        return SqlDeployments(self._session)

    @cached_property
    def moments(self) -> SqlMoments:
        """What strategies at work were shown and asked for."""
        return SqlMoments(self._session)

    @cached_property
    def audit(self) -> SqlAudit:
        """Who did what."""
        return SqlAudit(self._session)

    @cached_property
    def idempotency(self) -> SqlIdempotency:
        """Answers by request id."""
        return SqlIdempotency(self._session)

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self._session, self._source_names)


class SqlStorage:
    """`ports.storage.Storage` over the PostgreSQL that `dsn` names; connects when first used.

    `dsn`: postgres://, postgresql:// or postgresql+asyncpg://. Raises InvalidInput for another.
    """

    def __init__(self, dsn: str, pool: PoolSettings | None = None) -> None:
        self._dsn = driver_dsn(dsn)
        self._pool = pool or PoolSettings()
        self._source_names: dict[int, str] = {}
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=self._pool.size,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended here, a round trip each
            pool_timeout=self._pool.wait_s,
        )

    @asynccontextmanager
    async def begin(self, *, durable: bool = True) -> AsyncIterator[SqlUnitOfWork]:
        """A transaction: committed when the block ends, undone when it raises.

        Without `durable` its commit does not wait for the disk. Raises Unavailable(STORAGE_UNAVAILABLE).
        """
        connection = await self._checked_out(_BEGIN if durable else _BEGIN_UNSYNCED)
        ended = False
        try:
            yield SqlUnitOfWork(self._session(connection), self._source_names)
            with driver_errors_mapped(SQLAlchemyError):
                async with asyncio.timeout(self._pool.statement_timeout_s):
                    await (await driver_of(connection)).execute("COMMIT")
            ended = True
        finally:
            await asyncio.shield(_returned(connection, ended))  # a cancelled caller must not leave it half returned

    async def ping(self) -> bool:
        """Whether the database answers within a second.

        On a connection of its own: a busy pool is not a dead database.
        """
        try:
            with driver_errors_mapped():
                async with asyncio.timeout(_PING_TIMEOUT_S):
                    connection = await connect(self._dsn, timeout_s=_PING_TIMEOUT_S)
                    try:
                        await connection.execute("SELECT 1")
                    finally:
                        connection.terminate()
        except ScizorError:
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    async def _checked_out(self, begin: str) -> AsyncConnection:
        """A connection in a transaction. Those that died as they waited, as by a restart of the server, are replaced.

        The statement that begins the transaction is what finds them: nothing more goes back and forth.
        """
        with driver_errors_mapped(SQLAlchemyError):
            for _ in range(self._pool.size):
                with suppress(_Died):
                    return await self._begun(begin)
            return await self._begun(begin)

    async def _begun(self, begin: str) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            async with asyncio.timeout(self._pool.connect_timeout_s):
                await (await driver_of(connection)).execute(begin)
        except BaseException as error:
            await connection.invalidate()
            await connection.close()
            if isinstance(error, _LOST) and not isinstance(error, TimeoutError):
                raise _Died from error
            raise
        return connection

    def _session(self, connection: AsyncConnection) -> Session:
        return Session(
            connection, self._pool.statement_timeout_s + _SERVER_GRACE_S, self._pool.bulk_timeout_s + _SERVER_GRACE_S
        )

    async def _connect(self) -> asyncpg.Connection:
        return await connect(
            self._dsn,
            timeout_s=self._pool.connect_timeout_s,
            settings={
                "statement_timeout": f"{self._pool.statement_timeout_s * 1000:.0f}",
                "idle_in_transaction_session_timeout": f"{self._pool.idle_timeout_s * 1000:.0f}",
            },
        )


async def _returned(connection: AsyncConnection, ended: bool) -> None:
    """Give a connection back to the pool. What goes wrong then is the connection's end, not the caller's error."""
    try:
        if not ended:
            await (await driver_of(connection)).execute("ROLLBACK", timeout=_ROLLBACK_TIMEOUT_S)
        await connection.close()
    except _FAILED:
        with suppress(*_FAILED):
            await connection.invalidate()
            await connection.close()
