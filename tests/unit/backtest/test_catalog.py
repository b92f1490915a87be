"""Strategies are stored with versions, found beside those that came with the system, and never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scizor.domain.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidInput,
    NotFound,
    Reason,
    Unavailable,
)
from scizor.domain.strategies import ParameterType, StoredStrategy, StrategyKind, StrategyOrigin, code_hash
from scizor.ports.strategies import StrategyFilter
from scizor.services.backtest.strategies.catalog import with_code
from scizor.services.code import builtin
from scizor.strategy.errors import StrategyError
from scizor.strategy.loader import load
from scizor.strategy.registry import all_strategies
from tests.unit.backtest.build import App, spec_of
from tests.unit.backtest.texts import BROKEN, EMPTY, EVENT, GOOD


async def ids(
    app: App, origin: StrategyOrigin | None = None, after: str = "", limit: int = 100, **which: object
) -> list[str]:
    chosen = StrategyFilter(**which)  # type: ignore[arg-type] # by name
    return [one.id for one in await app.catalog.page(chosen, origin, after, limit)]


async def test_a_text_is_stored_with_what_its_class_declares(app: App) -> None:
    made = await app.store(GOOD, title="Cross", tags=("trend",))
    assert (made.id, made.title, made.tags, made.newest.number) == ("my_cross", "Cross", ("trend",), 1)
    assert made.description == "Holds a symbol while its fast mean is above its slow one."
    assert made.newest.code_hash == code_hash(GOOD)
    assert made.newest.declared.kind is StrategyKind.VECTOR
    told = {
        one.name: (one.type, one.default, one.minimum, one.maximum, one.choices)
        for one in made.newest.declared.parameters
    }
    assert told == {
        "fast": (ParameterType.INT, 5, 1.0, 100.0, ()),
        "slow": (ParameterType.INT, 20, 2.0, 100.0, ()),
        "part": (ParameterType.FLOAT, 1.0, 0.1, 1.0, ()),
        "side": (ParameterType.CHOICE, "long", None, None, ("long", "flat")),
        "quick": (ParameterType.BOOL, False, None, None, ()),
    }
    assert await app.catalog.get("my_cross", 0) == (made, made.newest, GOOD)
    assert app.sandbox.asked == ["describe"]


@pytest.mark.parametrize(("source", "said", "line"), [(BROKEN, "SyntaxError", 1), (EMPTY, "defines no strategy", 0)])
async def test_a_text_that_does_not_load_is_not_stored(app: App, source: str, said: str, line: int) -> None:
    with pytest.raises(StrategyError, match=said) as caught:
        await app.store(source, "mine")
    assert (caught.value.file, caught.value.line) == ("mine.py", line)
    assert await ids(app, StrategyOrigin.UPLOADED) == []


async def test_a_sandbox_that_is_away_or_full_is_no_fault_of_the_code(app: App) -> None:
    for failure in (Unavailable("gone"), FailedPrecondition("no locks")):
        app.sandbox.failure = failure
        with pytest.raises(type(failure)) as caught:
            await app.store(GOOD)
        assert caught.value.reason is Reason.SANDBOX_UNAVAILABLE


async def test_an_id_is_taken_once_and_never_a_built_in_ones(app: App) -> None:
    await app.store(GOOD, "mine")
    for taken in ("mine", "sma_cross"):
        with pytest.raises(AlreadyExists) as caught:
            await app.store(EVENT, taken)
        assert caught.value.reason is Reason.STRATEGY_EXISTS


async def test_another_text_is_the_next_version_and_the_same_text_is_none(app: App) -> None:
    await app.store(GOOD, "mine")
    app.clock.time += timedelta(hours=1)
    second = await app.update("mine", source=EVENT)
    assert (second.newest.number, second.etag, second.description) == (2, "v2", "")
    assert second.update_time == app.clock.time
    same = await app.update("mine", source=EVENT, title="Better", tags=("a", "b"))
    assert (same.newest.number, same.title, same.tags) == (2, "Better", ("a", "b"))
    assert [one.number for one in await app.catalog.versions("mine", None, 10)] == [2, 1]
    assert (await app.catalog.get("mine", 1))[2] == GOOD
    assert (await app.catalog.get("mine", 2))[2] == EVENT
    with pytest.raises(NotFound):
        await app.catalog.get("mine", 3)


async def test_a_description_of_ones_own_outlives_a_new_text(app: App) -> None:
    await app.store(EVENT, "mine", description="My own words.")
    assert (await app.update("mine", source=GOOD)).description == "My own words."
    assert (await app.update("mine", description="")).description.startswith("Holds a symbol")


async def test_a_stale_etag_changes_nothing(app: App) -> None:
    made = await app.store(GOOD, "mine")
    await app.update("mine", made.etag, title="one")
    with pytest.raises(Conflict) as caught:
        await app.update("mine", made.etag, title="two")
    assert caught.value.reason is Reason.ETAG_STALE
    assert (await app.catalog.get("mine", 0))[0].title == "one"


async def deleted(app: App, strategy_id: str, etag: str = "") -> StoredStrategy:
    async with app.storage.begin() as work:
        return await app.catalog.delete(work, strategy_id, etag)


async def test_a_deleted_strategy_leaves_the_lists_and_comes_back_with_its_next_version(app: App) -> None:
    await app.store(GOOD, "mine", title="First", tags=("x",))
    gone = await deleted(app, "mine")
    assert gone.delete_time == app.clock.time
    assert await ids(app, StrategyOrigin.UPLOADED) == []
    assert await ids(app, StrategyOrigin.UPLOADED, show_deleted=True) == ["mine"]
    assert (await app.catalog.get("mine", 0))[0] == gone
    for refused in (deleted(app, "mine"), app.update("mine", title="x"), app.create(spec_of(strategy_id="mine"))):
        with pytest.raises(NotFound, match="was deleted on 2024-05-01"):
            await refused
    back = await app.store(EVENT, "mine")
    assert (back.newest.number, back.title, back.tags, back.delete_time, back.etag) == (2, "", (), None, "v3")


async def test_what_came_with_the_system_is_listed_and_never_changed(app: App) -> None:
    await app.store(GOOD, "mine")
    own = sorted(one.id for one in all_strategies())
    assert await ids(app) == sorted([*own, "mine"])
    assert await ids(app, StrategyOrigin.BUILTIN) == own
    assert await ids(app, after=own[1], limit=3) == sorted([*own, "mine"])[2:5]
    assert "mine" not in await ids(app, kind=StrategyKind.EVENT)
    assert "mine" in await ids(app, text="FAST")
    assert "sma_cross" in await ids(app, text="Sma")
    assert await ids(app, tags=("trend",)) == []
    strategy, version, source = await app.catalog.get("sma_cross", 0)
    assert (strategy.origin, strategy.etag, version.number) == (StrategyOrigin.BUILTIN, "", 1)
    assert [one.number for one in await app.catalog.versions("sma_cross", None, 10)] == [1]
    assert await app.catalog.versions("sma_cross", 1, 10) == []
    assert load(source, "sma_cross.py").id == "sma_cross", "its text is one that could be stored under another id"
    for refused in (app.update("sma_cross", title="x"), deleted(app, "sma_cross")):
        with pytest.raises((FailedPrecondition, AlreadyExists)) as caught:
            await refused
        assert caught.value.reason is Reason.STRATEGY_BUILTIN
    with pytest.raises(NotFound):
        await app.catalog.get("sma_cross", 7)


async def test_an_unknown_strategy_is_not_found_and_the_known_ones_are_named(app: App) -> None:
    for asked in (app.catalog.get("nope", 0), app.catalog.versions("nope", None, 1), app.update("nope", title="x")):
        with pytest.raises(NotFound) as caught:
            await asked
        assert caught.value.reason is Reason.STRATEGY_NOT_FOUND
        assert "sma_cross" in caught.value.metadata["known"]


async def test_a_run_names_the_code_and_holds_parameters_against_it_without_running_it(app: App) -> None:
    await app.store(GOOD, "mine")
    await app.update("mine", source=EVENT)
    app.sandbox.asked.clear()
    async with app.storage.begin() as work:
        old = await with_code(work, replace(spec_of(strategy_id="mine"), strategy_version=1, code_hash="x"), "backtest")
        new = await with_code(work, spec_of(strategy_id="mine"), "backtest")
        assert (old.strategy_version, old.code_hash) == (1, code_hash(GOOD))
        assert old.parameters == {"fast": 5, "slow": 20, "part": 1.0, "side": "long", "quick": False}
        assert (new.strategy_version, new.code_hash, new.parameters) == (2, code_hash(EVENT), {})
        given = spec_of(strategy_id="mine", parameters={"fast": 7.0, "side": "up", "nope": 1}, strategy_version=1)
        with pytest.raises(InvalidInput) as caught:
            await with_code(work, given, "backtest")
        with pytest.raises(InvalidInput, match="came with the system"):
            await with_code(work, spec_of(strategy_version=1), "backtest")
    assert [one.field for one in caught.value.violations] == ["backtest.parameters.nope", "backtest.parameters.side"]
    assert app.sandbox.asked == []


def test_the_version_of_what_came_with_the_system_is_a_number() -> None:
    assert all(builtin.told(one).newest.number >= 1 for one in all_strategies())
