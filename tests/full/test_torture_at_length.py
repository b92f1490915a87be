"""The promise of the system: a thousand kills, each in one of many schedules of kills, cuts and false words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.torture.run import Outcome, by_kind, one_run, summed

KILLS_A_RUN, AT_ONCE = 50, 2
"""A run waits more than it works: so two of them share the machine."""
pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def outcomes(pytestconfig: pytest.Config) -> Iterator[list[Outcome]]:
    """What came of all runs, told at the end."""
    made: list[Outcome] = []
    yield made
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n{summed(made)}\n{by_kind(made)}\n")


@pytest.mark.parametrize("seed", range(1_000, 1_020, AT_ONCE))
async def test_no_order_is_lost_or_doubled_and_the_books_agree_to_the_cent(seed: int, outcomes: list[Outcome]) -> None:
    made = await asyncio.gather(*(one_run(seed + place, KILLS_A_RUN) for place in range(AT_ONCE)))
    outcomes += made
    assert [one.discrepancies for one in made] == [[]] * AT_ONCE, "\n".join(map(str, made))
    assert [one.kills for one in made] == [KILLS_A_RUN] * AT_ONCE
