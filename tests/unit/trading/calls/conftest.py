"""One server a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.trading.calls.stage import Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage
