"""What the database may fail with, in the words of the domain."""

from __future__ import annotations

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.errors import DataCorrupt, InvalidInput, Reason, ScizorError, Unavailable
from tests.fakes.samples import AAPL

STORAGE_AWAY = (Unavailable, Reason.STORAGE_UNAVAILABLE)
FAILING = """
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'as a test wants it' USING ERRCODE = '{state}'; END $$;
CREATE TRIGGER fails BEFORE INSERT ON symbols FOR EACH STATEMENT EXECUTE FUNCTION fails();
"""


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", STORAGE_AWAY),  # disk full
        ("53200", STORAGE_AWAY),  # out of memory
        ("58030", STORAGE_AWAY),  # input or output error
        ("40P01", STORAGE_AWAY),  # deadlock
        ("55P03", STORAGE_AWAY),  # lock not available
        ("57014", STORAGE_AWAY),  # statement timeout
        ("25006", STORAGE_AWAY),  # a standby takes no writes
        ("XX001", (DataCorrupt, Reason.DATA_CORRUPT)),
        ("22003", (InvalidInput, Reason.FIELD_INVALID)),
        ("42601", (ScizorError, Reason.INTERNAL)),
    ],
)
async def test_a_failure_of_the_database_is_told_as_what_it_is(
    database: str, sql_storage: SqlStorage, state: str, expected: tuple[type[ScizorError], Reason]
) -> None:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    try:
        await connection.execute(FAILING.format(state=state))
        with pytest.raises(ScizorError) as failure:
            async with sql_storage.begin() as work:
                await work.symbols.add(AAPL)
        await connection.execute("DROP FUNCTION fails CASCADE")
    finally:
        await connection.close()
    assert (type(failure.value), failure.value.reason) == expected
    async with sql_storage.begin() as work:
        await work.symbols.add(AAPL)
