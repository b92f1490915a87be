"""Backtests and optimisations under many schedules of kills, on this machine's workers and on a cluster's."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.storm.run import Storm, storm_at
from tests.e2e.storm.site import site

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]


@asynccontextmanager
async def told(config: pytest.Config, *, hosted: bool, dask_workers: int) -> AsyncIterator[Storm]:
    """A storm that says at its end what it was."""
    async with site(dask_workers=dask_workers) as place:
        storm = await storm_at(place, hosted=hosted)
        yield storm
        summary = await storm.summary()
        with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            sys.stdout.write(f"\n{summary}\n")
    assert place.processes() == [], "every process ends with its service"


@pytest.fixture(scope="module")
async def storm(pytestconfig: pytest.Config) -> AsyncIterator[Storm]:
    async with told(pytestconfig, hosted=True, dask_workers=0) as made:
        yield made


@pytest.fixture(scope="module")
async def storm_on_a_cluster(pytestconfig: pytest.Config) -> AsyncIterator[Storm]:
    pytest.importorskip("distributed")
    async with told(pytestconfig, hosted=True, dask_workers=2) as made:
        yield made


@pytest.mark.parametrize("seed", range(100, 112))
async def test_whatever_is_killed_every_job_ends_once_and_comes_to_what_it_does_undisturbed(
    storm: Storm, seed: int
) -> None:
    assert await storm.weather(storm.wave(seed)) == []


@pytest.mark.parametrize("seed", range(200, 206))
async def test_so_it_does_when_a_cluster_runs_the_trials(storm_on_a_cluster: Storm, seed: int) -> None:
    assert await storm_on_a_cluster.weather(storm_on_a_cluster.wave(seed)) == []
