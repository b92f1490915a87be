"""How imports were judged, and how the service is, over fakes."""

from __future__ import annotations

import pytest

from scizor.domain.broker import ConnectionState
from scizor.domain.errors import NotFound
from scizor.domain.quality import Rule
from scizor.ports.imports import RejectionFilter
from scizor.services.marketdata.truth import health, quality
from tests.fakes.broker import FakeBroker
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, HEAD, Importing, stored


async def test_findings_are_paged_and_counted_whole(storage: FakeStorage, importing: Importing) -> None:
    await stored(storage, AAPL)
    bad = HEAD + "".join(f"2020-01-{day:02},0,1,1,1,1\n" for day in range(6, 11))
    await importing.file(bad, max_rejected_fraction=1)
    async with storage.begin() as work:
        page = await quality.findings(work, RejectionFilter(symbol="AAPL"), None, 3)
        assert page.by_rule == [(Rule.PRICE_NOT_POSITIVE, 5)]
        assert [one.row.row_number for one in page.rows] == [1, 2, 3]
        assert [one.rows_rejected for one in page.imports] == [5]
        rest = await quality.findings(work, RejectionFilter(symbol="AAPL"), page.next_cursor, 3)
        assert [one.row.row_number for one in rest.rows] == [4, 5]
        assert rest.next_cursor is None
        with pytest.raises(NotFound):
            await quality.findings(work, RejectionFilter(symbol="NONE"), None, 3)


async def test_health_tells_of_a_storage_and_a_broker_that_are_away(storage: FakeStorage) -> None:
    await stored(storage, AAPL)
    broker = FakeBroker()
    found = await health.check(storage, broker.connection)
    assert found == health.Health(storage_ok=True, symbols=1, broker=broker.connection.status)
    broker.set_state(ConnectionState.DOWN, "gone")
    storage.available = False
    found = await health.check(storage, broker.connection)
    assert found == health.Health(storage_ok=False, symbols=0, broker=broker.connection.status)
