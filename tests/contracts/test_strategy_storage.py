"""What every storage of strategies promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scizor.domain.errors import AlreadyExists, DataCorrupt, NotFound, Reason
from scizor.domain.strategies import StrategyKind
from scizor.ports.storage import Storage
from scizor.ports.strategies import StrategyFilter
from tests.fakes.samples import NOW, job_of, strategy_of, version_of

LATER = NOW + timedelta(hours=1)


async def stored(storage: Storage, *ids: str) -> None:
    async with storage.begin() as work:
        for strategy_id in ids:
            await work.strategies.add(strategy_of(strategy_id), f"source of {strategy_id}")


async def test_a_strategy_is_read_back_as_it_was_added(storage: Storage) -> None:
    await stored(storage, "mine")
    async with storage.begin() as work:
        assert await work.strategies.get("mine") == strategy_of("mine")
        assert await work.strategies.get("mine", locked=True) == strategy_of("mine")
        assert await work.strategies.version("mine", 1) == version_of("mine")
        assert await work.strategies.source("mine", 1) == "source of mine"
        defaults = [type(one.default) for one in (await work.strategies.get("mine")).newest.declared.parameters]
    assert defaults == [int, float, str, bool]


async def test_an_id_is_given_once(storage: Storage) -> None:
    await stored(storage, "mine")
    async with storage.begin() as work:
        await work.strategies.save(strategy_of("mine", delete_time=LATER, revision=2))
        with pytest.raises(AlreadyExists) as caught:
            await work.strategies.add(strategy_of("mine"), "another")
        assert await work.strategies.source("mine", 1) == "source of mine"
    assert caught.value.reason is Reason.STRATEGY_EXISTS


@pytest.mark.parametrize("strategy_id", ["", "nope", "x' OR 1=1"])
async def test_an_unknown_strategy_is_not_found(storage: Storage, strategy_id: str) -> None:
    await stored(storage, "mine")
    async with storage.begin() as work:
        for asked in (
            work.strategies.get(strategy_id),
            work.strategies.get(strategy_id, locked=True),
            work.strategies.save(strategy_of(strategy_id or "a")),
            work.strategies.version(strategy_id, 1),
            work.strategies.source(strategy_id, 1),
            work.strategies.version("mine", 2),
            work.strategies.source("mine", 0),
        ):
            with pytest.raises(NotFound) as caught:
                await asked
            assert caught.value.reason is Reason.STRATEGY_NOT_FOUND
        assert await work.strategies.versions(strategy_id, None, 10) == []


async def test_a_new_version_leaves_the_older_ones_as_they_were(storage: Storage) -> None:
    await stored(storage, "mine")
    second = version_of("mine", 2, kind=StrategyKind.EVENT, parameters=())
    async with storage.begin() as work:
        seen = await work.strategies.get("mine", locked=True)
        changed = replace(seen, newest=second, title="Better", tags=(), revision=2, update_time=LATER)
        await work.strategies.save(changed, "better")
    async with storage.begin() as work:
        assert await work.strategies.get("mine") == changed
        assert await work.strategies.versions("mine", None, 10) == [second, version_of("mine")]
        assert await work.strategies.versions("mine", 2, 10) == [version_of("mine")]
        assert await work.strategies.versions("mine", None, 1) == [second]
        assert [await work.strategies.source("mine", number) for number in (1, 2)] == ["source of mine", "better"]


async def test_strategies_are_paged_by_id_and_filtered(storage: Storage) -> None:
    await stored(storage, "carry", "alpha", "beta_2")
    async with storage.begin() as work:
        event = replace(version_of("event", kind=StrategyKind.EVENT), strategy_id="event")
        await work.strategies.add(strategy_of("event", newest=event, title="50% off", tags=("trend", "new")), "")
        await work.strategies.save(strategy_of("carry", delete_time=LATER))

        async def ids(after: str = "", limit: int = 10, **which: object) -> list[str]:
            page = await work.strategies.page(StrategyFilter(**which), after, limit)  # type: ignore[arg-type] # by name
            return [one.id for one in page]

        assert await ids() == ["alpha", "beta_2", "event"]
        assert await ids(show_deleted=True) == ["alpha", "beta_2", "carry", "event"]
        assert await ids("alpha", 1) == ["beta_2"]
        assert await ids(kind=StrategyKind.EVENT) == ["event"]
        assert await ids(tags=("trend",)) == ["alpha", "beta_2", "event"]
        assert await ids(tags=("new", "trend")) == ["event"]
        assert await ids(text="BETA") == ["beta_2"]
        assert await ids(text="0% O") == ["event"]
        assert await ids(text="%") == ["event"], "signs of a pattern stand for themselves"
        assert await ids(text="a_2") == ["beta_2"]
        assert await ids(text="of my own") == ["alpha", "beta_2", "event"]


async def test_a_job_names_a_version_that_is_there(storage: Storage) -> None:
    await stored(storage, "mine")
    spec = replace(job_of("b1").spec, strategy_id="mine", strategy_version=1, code_hash=version_of("mine").code_hash)
    job = replace(job_of("b1"), spec=spec, priority=9, caller="me")
    async with storage.begin() as work:
        await work.backtests.add(job)
        assert await work.backtests.get("b1") == job
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.backtests.add(replace(job, id="b2", spec=replace(spec, strategy_version=2)))
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.backtests.add(replace(job, id="b3", spec=replace(spec, code_hash="")))
