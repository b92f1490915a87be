"""Every storage there is: each test of the contract runs on the fake and on the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scizor.adapters.sql.journal import SqlJournal
from scizor.adapters.sql.leases import SqlLeases
from scizor.ports.journal import Journal
from scizor.ports.leases import Leases, account_lease
from scizor.ports.storage import Storage
from tests.contracts.ledgers import Ledger
from tests.fakes.leases import FakeLeases
from tests.fakes.order_journal import FakeJournal
from tests.fakes.storage import FakeStorage
from tests.unit.trading.build import ACCOUNT


@pytest.fixture(params=["fake", "postgres"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage."""
    if request.param == "fake":
        return FakeStorage()
    sql_storage: Storage = request.getfixturevalue("sql_storage")
    return sql_storage


@pytest.fixture
def leases(storage: Storage, request: pytest.FixtureRequest) -> Leases:
    """Leases in the storage."""
    if isinstance(storage, FakeStorage):
        return FakeLeases(storage)
    return SqlLeases(request.getfixturevalue("database"))


@pytest.fixture
async def journal(storage: Storage, request: pytest.FixtureRequest) -> AsyncIterator[Journal]:
    """The journal in the storage."""
    if isinstance(storage, FakeStorage):
        yield FakeJournal(storage)
        return
    sql = SqlJournal(request.getfixturevalue("database"))
    yield sql
    await sql.close()


@pytest.fixture
async def ledger(journal: Journal, leases: Leases) -> AsyncIterator[Ledger]:
    """Of an account whose lease is ours."""
    async with leases.hold(account_lease(ACCOUNT), "test") as lease:
        yield Ledger(journal, lease.epoch)
