"""A fresh storage for each test."""

from __future__ import annotations

import pytest

from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import NOW, Importing


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage(now=lambda: NOW)


@pytest.fixture
def importing(storage: FakeStorage) -> Importing:
    return Importing(storage)
