"""The journal of orders in PostgreSQL: a batch is one statement, one commit and one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from asyncpg import PostgresError

from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.adapters.sql.idempotency import request_id_reused
from scizor.adapters.sql.journal_batch import batch_document
from scizor.adapters.sql.journal_books import read_books
from scizor.adapters.sql.lines import Lines
from scizor.domain.errors import AlreadyExists, Conflict, FailedPrecondition, Reason, ScizorError
from scizor.ports.journal import Batch, Books
from scizor.ports.leases import account_lease

_LOAD_TIMEOUT_S: Final = 120.0
_APPEND = "SELECT append_to_journal($1, $2, $3, $4, $5)"
_ANSWER = "SELECT body_hash, answer FROM idempotency_keys WHERE method = $1 AND request_id = $2"
_STALE = "the books of account {} are not what is stored: they are to be read anew"
# By SQLSTATE of our own, or the constraint that was broken.
_REFUSALS: Mapping[str, tuple[type[ScizorError], Reason, str]] = {
    "SZ001": (FailedPrecondition, Reason.TRADING_NOT_READY, "another process acts for account {} by now"),
    "SZ002": (Conflict, Reason.TRADING_NOT_READY, _STALE),
    "SZ003": (Conflict, Reason.TRADING_NOT_READY, "a request of account {} was answered meanwhile: ask again"),
    "pk_order_events": (Conflict, Reason.TRADING_NOT_READY, _STALE),
    "uq_order_events": (Conflict, Reason.TRADING_NOT_READY, _STALE),
    "uq_orders_number": (Conflict, Reason.TRADING_NOT_READY, _STALE),
    "pk_orders": (Conflict, Reason.TRADING_NOT_READY, _STALE),
    "uq_orders_client_order_id": (
        AlreadyExists,
        Reason.ORDER_EXISTS,
        "account {} has had an order of that client_order_id",
    ),
}


class SqlJournal:
    """`ports.journal.Journal` over the PostgreSQL that `dsn` names; connects when first used.

    `dsn`: as `driver_dsn` takes it. `connections`: the most at a time; an account's writer needs one. `timeout_s`: each
    append and each answer. Raises InvalidInput for another address.
    """

    def __init__(
        self, dsn: str, *, connections: int = 4, timeout_s: float = 10.0, connect_timeout_s: float = 5.0
    ) -> None:
        self._timeout_s = timeout_s
        self._lines = Lines(dsn, size=connections, timeout_s=timeout_s, connect_timeout_s=connect_timeout_s)

    async def append(self, batch: Batch) -> None:
        """Commit the batch durably, whole or not at all. Raises as the port says."""
        if not is_gapless(batch):
            raise _error("SZ002", batch.account)
        first = batch.entries[0].sequence if batch.entries else 0
        values = (batch.account, account_lease(batch.account), batch.epoch, first, batch_document(batch))
        with driver_errors_mapped():
            try:
                async with self._lines.taken() as connection, asyncio.timeout(self._timeout_s):
                    await connection.fetchval(_APPEND, *values)
            except PostgresError as error:
                known = getattr(error, "constraint_name", None) or error.sqlstate or ""
                if known in _REFUSALS:
                    raise _error(known, batch.account) from error
                raise

    async def load(self, account: str, ended_since: datetime) -> Books:
        """Everything an owner needs to go on; a batch that is just being stored is waited for.

        Raises Unavailable, DataCorrupt.
        """
        with driver_errors_mapped():
            async with self._lines.taken() as connection, asyncio.timeout(_LOAD_TIMEOUT_S):
                return await read_books(connection, account, ended_since, timeout_s=_LOAD_TIMEOUT_S)

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """The answer stored for a request id, if any. Raises AlreadyExists(REQUEST_ID_REUSED) for another body."""
        with driver_errors_mapped():
            async with self._lines.taken() as connection, asyncio.timeout(self._timeout_s):
                known = await connection.fetchrow(_ANSWER, method, request_id)
        if known is None:
            return None
        if known["body_hash"] != body_hash:
            raise request_id_reused(request_id)
        answer: bytes | None = known["answer"]
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await self._lines.close()


def is_gapless(batch: Batch) -> bool:
    """Whether its entries count up one by one."""
    first = batch.entries[0].sequence if batch.entries else 0
    return all(entry.sequence == first + at for at, entry in enumerate(batch.entries))


def _error(known: str, account: str) -> ScizorError:
    kind, reason, message = _REFUSALS[known]
    return kind(message.format(account), reason, metadata={"account": account})
