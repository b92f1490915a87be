"""Every storage there is: each test of the contract runs on the fake and on the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scizor.ports.storage import Storage
from tests.conftest import run_on_server
from tests.fakes.storage import FakeStorage


@pytest.fixture
async def database(database: str) -> AsyncIterator[str]:
    """Emptied too of what belongs to no symbol."""
    yield database
    await run_on_server(database, "DELETE FROM collections; DELETE FROM symbol_archives")


@pytest.fixture(params=["fake", "postgres"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage."""
    if request.param == "fake":
        return FakeStorage()
    sql_storage: Storage = request.getfixturevalue("sql_storage")
    return sql_storage
