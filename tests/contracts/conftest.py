"""Every storage there is: each test of the contract runs on the fake and on the real database."""

from __future__ import annotations

import pytest

from scizor.ports.storage import Storage
from tests.fakes.storage import FakeStorage


@pytest.fixture(params=["fake", "postgres"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage."""
    if request.param == "fake":
        return FakeStorage()
    sql_storage: Storage = request.getfixturevalue("sql_storage")
    return sql_storage
