"""What the tests of the job loop run on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.services.backtest.warm import warm_up, warm_up_searches
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, HandClock, store_bars, waves
from tests.unit.backtest.running import AAPL, Gate


@pytest.fixture(scope="session")
def compiled() -> None:
    """No test's deadline pays for the compiler."""
    calendar = ExchangeSessions(HandClock())
    warm_up(calendar)
    warm_up_searches(calendar)


@pytest.fixture
def executor(compiled: None) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:  # more than any test leaves behind at its gate
        yield threads


@pytest.fixture
async def app() -> App:
    storage = FakeStorage()
    await store_bars(storage, AAPL, waves(300))
    return App(storage)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()
