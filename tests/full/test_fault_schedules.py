"""Fifty random schedules of faults, and each fault alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scizor.marketdata.v1 import collection_pb2 as pb
from tests.e2e.faulty import KINDS, Fault, Site, schedule, site, survives

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Site]:
    async with site() as made:
        yield made


@pytest.mark.parametrize("number", range(50))
async def test_whatever_fails_every_session_is_there_once_and_the_ledger_agrees(place: Site, number: int) -> None:
    await survives(place, schedule(number))


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_each_fault_alone_is_survived(place: Site, kind: str) -> None:
    await survives(place, [Fault(1.5, kind, 2.0)])


async def test_the_ledger_says_what_happened(place: Site) -> None:
    ended = await survives(place, [Fault(0.0, "pacing", 2.0), Fault(3.0, "lose_1102", 1.0)])
    told = {chunk.error_category for chunk in ended.chunks}
    assert {pb.FAILURE_CATEGORY_PACING, pb.FAILURE_CATEGORY_DISCONNECTED} <= told
    assert max(chunk.attempts for chunk in ended.chunks) > 1
