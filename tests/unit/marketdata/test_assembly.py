"""What the service does by itself."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from scizor.adapters.bus import MemoryBus
from scizor.services.marketdata.assembly import Choices, MarketData, Outside
from scizor.services.marketdata.collection.runner import CollectionRunner
from tests.fakes.broker import FakeBroker, HandClock
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import Weekdays


async def test_work_that_ends_by_a_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: CollectionRunner) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(CollectionRunner, "run", broken)
    clock = HandClock()
    outside = Outside(FakeStorage(), FakeBroker(clock), Weekdays(), clock, MemoryBus(), {})
    market_data = MarketData(outside, Choices(), "test")
    with capture_logs() as logs:
        market_data.start()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [(line["event"], line["work"], str(line["exc_info"])) for line in logs] == [
        ("work_ended", "collecting", "no")
    ]
    await market_data.stop()
