"""The promise of the system under a short schedule of kills, cuts and false words; many more are in the full run."""

from __future__ import annotations

import sys

import pytest

from tests.e2e.torture.run import by_kind, one_run, summed
from tests.e2e.torture.strikes import FAULTS, KILLS, schedule

SEED, KILLED = 3, 25
pytestmark = pytest.mark.timeout(300)


def test_a_schedule_comes_again() -> None:
    first, again, other = (schedule(seed, KILLED) for seed in (3, 3, 4))
    assert first == again != other
    assert sum(strike.kind in KILLS for strike in first) == KILLED
    assert {strike.kind for strike in first} == {*KILLS, *FAULTS}


async def test_no_order_is_lost_or_doubled_and_the_books_agree_to_the_cent(pytestconfig: pytest.Config) -> None:
    outcome = await one_run(SEED, KILLED)
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n{summed([outcome])}\n")
        if pytestconfig.get_verbosity() > 0:
            sys.stdout.write(f"{by_kind([outcome])}\n")
    assert outcome.discrepancies == [], str(outcome)
    assert outcome.kills == KILLED
    assert outcome.strikes.keys() == {*KILLS, *FAULTS}
    assert outcome.orders > 0 < outcome.fills
