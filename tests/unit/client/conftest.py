"""What the tests of the new commands share: a scripted MarketData that the environment's address names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.client.scripted import MarketData, serving


@pytest.fixture
def market_data(monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketData]:
    scripted = MarketData()  # type: ignore[abstract]  # the methods left out answer UNIMPLEMENTED
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted
