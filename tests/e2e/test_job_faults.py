"""Backtests and optimisations under a short schedule of kills; many more are in the full run."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.storm.requests import builtin, uploaded
from tests.e2e.storm.run import Storm, storm_at
from tests.e2e.storm.schedule import hits, wave
from tests.e2e.storm.site import site

SEED = 17475
"""Its wave has a worker, a locked process, the database and a service killed, with most kinds of jobs under way."""
LEFT_OUT = ("cma", "grid", "raising")
"""Kinds for the full run: each is run undisturbed first, which takes longer than the storm."""
pytestmark = pytest.mark.timeout(300)  # whichever is first waits for the compiler


@pytest.fixture(scope="module")
async def storm() -> AsyncIterator[Storm]:
    async with site() as place:
        yield await storm_at(place, left_out=LEFT_OUT)
    assert place.processes() == [], "every process ends with its service"


def test_a_schedule_comes_again() -> None:
    kinds, on = [*builtin(), *uploaded()], hits(hosted=True, dask=False)
    first, again, other = (wave(seed, kinds, on, requests=9, length_s=2.0) for seed in (3, 3, 4))
    assert first == again != other


async def test_whatever_is_killed_every_job_ends_once_and_comes_to_what_it_does_undisturbed(storm: Storm) -> None:
    assert await storm.weather(storm.wave(SEED, requests=8, length_s=3.0)) == [], await storm.summary()
