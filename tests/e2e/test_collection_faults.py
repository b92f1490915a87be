"""A few random schedules of faults; many more are in the full run."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.faulty import KINDS, Site, schedule, site, survives

SCHEDULES = (0, 2, 31)
"""So few have every kind of fault among them."""


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Site]:
    async with site() as made:
        yield made


def test_a_schedule_comes_again_and_every_fault_comes_in_some() -> None:
    assert schedule(3) == schedule(3)
    assert {fault.kind for number in SCHEDULES for fault in schedule(number)} == set(KINDS)


@pytest.mark.parametrize("number", SCHEDULES)
async def test_whatever_fails_every_session_is_there_once_and_the_ledger_agrees(place: Site, number: int) -> None:
    await survives(place, schedule(number))
