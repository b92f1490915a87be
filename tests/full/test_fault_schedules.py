"""Fifty random schedules of faults, and each fault alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.faulty import KINDS, Fault, Site, schedule, site, survives

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Site]:
    async with site() as made:
        yield made


@pytest.mark.parametrize("number", range(5, 50))
async def test_whatever_fails_every_session_is_there_once_and_the_ledger_agrees(place: Site, number: int) -> None:
    await survives(place, schedule(number))


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_each_fault_alone_is_survived(place: Site, kind: str) -> None:
    await survives(place, [Fault(1.5, kind, 2.0)])
