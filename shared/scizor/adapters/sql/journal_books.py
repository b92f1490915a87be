"""An account read back from its journal: what its owner needs to go on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from scizor.adapters.sql.order_rows import booked_of, event_of
from scizor.adapters.sql.prepared import Columns
from scizor.domain.trading.events import OrderEvent
from scizor.domain.trading.machine import fold
from scizor.domain.trading.states import Order
from scizor.ports.journal import BookedExecution, Books, Posting, PostingKind
from scizor.ports.leases import account_lease

_ROWS_AT_ONCE: Final = 1_000  # between two of these others have their turn: a lease is to be kept alive meanwhile
_NOBODY_WRITES = "SELECT FROM account_leases WHERE name = $1 FOR NO KEY UPDATE"
_WANTED = "orders.account = $1 AND (end_time IS NULL OR end_time >= $2)"
_ORDERS = f"SELECT id, number FROM orders WHERE {_WANTED} ORDER BY create_time, id"  # noqa: S608 - built of constants
_EVENTS = f"""
SELECT order_id, order_sequence, time, source, kind, payload::text AS payload
FROM order_events JOIN orders ON orders.id = order_id WHERE {_WANTED} ORDER BY order_id, order_sequence
"""  # noqa: S608 - built of constants
_EXECUTIONS = "SELECT * FROM executions WHERE account = $1 AND NOT busted ORDER BY time, exec_id"
_POSTINGS = "SELECT * FROM account_postings WHERE account = $1 ORDER BY time, id"
_NEWEST = """
SELECT coalesce((SELECT max(number) FROM orders WHERE number > 0), 0) AS number,
       coalesce((SELECT max(sequence) FROM order_events WHERE account = $1), 0) AS sequence
"""


async def read_books(connection: asyncpg.Connection, account: str, ended_since: datetime, *, timeout_s: float) -> Books:
    """As `ports.journal.Journal.load` has it. Raises DataCorrupt, and what the driver raises."""
    folded: dict[UUID, Order] = {}
    executions: list[BookedExecution] = []
    async with connection.transaction():
        await connection.execute(f"SET LOCAL statement_timeout = {timeout_s * 1000:.0f}")
        # A write of an owner before us that is still under way ends first; then nothing changes until all is read.
        await connection.execute(_NOBODY_WRITES, account_lease(account))
        newest = await connection.fetchrow(_NEWEST, account)
        rows = await connection.fetch(_ORDERS, account, ended_since)
        async for order_id, events in _journals(connection, account, ended_since):
            folded[order_id] = fold(events)
        async for some in _chunks(connection, _EXECUTIONS, account):
            executions += map(booked_of, some)
        postings = await connection.fetch(_POSTINGS, account)
    orders = [folded[row["id"]] for row in rows]
    return Books(
        orders={order.id: order for order in orders if not order.state.ended},
        ended={order.id: order for order in orders if order.state.ended},
        numbers={row["number"]: order.id for row, order in zip(rows, orders, strict=True) if row["number"]},
        executions=executions,
        postings=[_posting(row) for row in postings],
        highest_number=newest["number"] if newest else 0,
        sequence=newest["sequence"] if newest else 0,
    )


async def _journals(
    connection: asyncpg.Connection, account: str, ended_since: datetime
) -> AsyncIterator[tuple[UUID, list[OrderEvent]]]:
    """The events of each order wanted, oldest first."""
    last: tuple[UUID, list[OrderEvent]] | None = None
    async for rows in _chunks(connection, _EVENTS, account, ended_since):
        documents = json.loads(f"[{','.join(row['payload'] for row in rows)}]")
        for row, document in zip(rows, documents, strict=True):
            if last is None or last[0] != row["order_id"]:
                if last is not None:
                    yield last
                last = (row["order_id"], [])
            last[1].append(event_of(row, document))
    if last is not None:
        yield last


async def _chunks(connection: asyncpg.Connection, query: str, *values: Any) -> AsyncIterator[Sequence[asyncpg.Record]]:
    cursor = await connection.cursor(query, *values)
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        yield rows


def _posting(row: Columns) -> Posting:
    return Posting(
        PostingKind(row["kind"]),
        row["time"],
        row["instrument"],
        row["shares"],
        row["price"],
        row["ratio"],
        row["currency"],
        row["amount"],
        row["note"],
    )
