"""How long PostgreSQL remembers the answers to requests."""

from __future__ import annotations

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.storage import SqlStorage

_FILL = """
INSERT INTO idempotency_keys (method, request_id, body_hash, answer, create_time)
SELECT 'Create', 'r' || number, 'hash', 'answer', now() - interval '{age}' FROM generate_series(1, {count}) AS number
"""


@pytest.mark.parametrize(
    ("age", "count", "left"), [("6 days 23 hours", 3, 3), ("7 days 1 hour", 3, 0), ("8 days", 103, 3)]
)
async def test_a_claim_forgets_answers_older_than_seven_days_a_hundred_at_a_time(
    sql_storage: SqlStorage, database: str, age: str, count: int, left: int
) -> None:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    try:
        await connection.execute(_FILL.format(age=age, count=count))
        async with sql_storage.begin() as work:
            assert await work.idempotency.begin("Create", "new", b"hash") is None
            await work.idempotency.finish("Create", "new", b"answer")
        assert await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE request_id <> 'new'") == left
    finally:
        await connection.close()


async def test_a_forgotten_id_counts_as_new(sql_storage: SqlStorage, database: str) -> None:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    try:
        await connection.execute(_FILL.format(age="8 days", count=1))
    finally:
        await connection.close()
    async with sql_storage.begin() as work:
        assert await work.idempotency.begin("Create", "r1", b"hash") == b"answer"  # old, and not forgotten yet
    async with sql_storage.begin() as work:
        await work.idempotency.begin("Create", "new", b"hash")
    async with sql_storage.begin() as work:
        assert await work.idempotency.begin("Create", "r1", b"another") is None
