"""Risk events: stored in the order they are told, a bounded number waiting, and followed from any place on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest

from scizor.domain.errors import InvalidInput, ScizorError, Unavailable
from scizor.ports.trading import RiskEvent, RiskEventKind
from scizor.services.trading.risk import events as module
from scizor.services.trading.risk.events import Events
from scizor.services.trading.use_cases import EventFilter
from tests.fakes.risk import FakeRisk
from tests.fakes.storage import FakeStorage
from tests.unit.trading_desk.world import ACCOUNT, NOW, until


def event(message: str, kind: RiskEventKind = RiskEventKind.BREACH) -> RiskEvent:
    return RiskEvent(NOW, kind, ACCOUNT, message)


class Telling:
    """Events over a storage, stored by a task."""

    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.events = Events(cast("Any", self.storage), 0.02)

    async def __aenter__(self) -> Telling:
        self._task = asyncio.create_task(self.events.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def stored(self) -> list[str]:
        return [one.message for _, one in sorted(self.storage.tables.trading.events.items())]


async def taken(stream: AsyncGenerator[RiskEvent | None], count: int) -> list[str]:
    """The next messages, heartbeats left out."""
    found: list[str] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            if (one := await anext(stream)) is not None:
                found.append(one.message)
    return found


async def test_what_is_told_is_stored_in_order() -> None:
    async with Telling() as on:
        for number in range(5):
            on.events.tell(event(str(number)))
        await until(lambda: on.stored == list("01234"))
        newest = await on.events.page(EventFilter(ACCOUNT), None, 2)
        assert [one.message for one in newest] == ["4", "3"]
        assert [one.message for one in await on.events.page(EventFilter(ACCOUNT), newest[-1].sequence, 2)] == ["2", "1"]


async def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    monkeypatch.setattr(module, "_RETRY_S", 0.002)
    on = Telling()
    on.storage.available = False
    for number in range(5):
        on.events.tell(event(str(number)))
    async with on:
        on.storage.available = True
        await until(lambda: on.stored == list("012"))
        on.events.tell(event("later"))
        await until(lambda: on.stored == [*"012", "later"])


@pytest.mark.parametrize(("error", "stored"), [(Unavailable, ["one", "two"]), (InvalidInput, ["two"])])
async def test_an_event_is_stored_however_long_that_takes_and_one_that_cannot_be_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, error: type[ScizorError], stored: list[str]
) -> None:
    monkeypatch.setattr(module, "_RETRY_S", 0.002)
    real, fails = FakeRisk.add_event, [3 if error is Unavailable else 1]

    async def add_event(self: FakeRisk, one: RiskEvent) -> RiskEvent:
        if one.message == "one" and fails[0]:
            fails[0] -= 1
            raise error("not now")
        return await real(self, one)

    monkeypatch.setattr(FakeRisk, "add_event", add_event)
    async with Telling() as on:
        on.events.tell(event("one"))
        on.events.tell(event("two"))
        await until(lambda: on.stored == stored)


async def test_a_follower_resumes_above_what_it_has_seen_and_hears_each_once() -> None:
    async with Telling() as on:
        for number in range(4):
            on.events.tell(event(str(number)))
        await until(lambda: len(on.stored) == 4)
        async with aclosing(on.events.watch(ACCOUNT, 2)) as stream:
            assert await taken(stream, 2) == ["2", "3"]
            on.events.tell(event("4"))
            assert await taken(stream, 1) == ["4"]
            assert await anext(stream) is None, "a heartbeat, since nothing came"
            on.events.tell(event("5"))
            assert await taken(stream, 1) == ["5"]


async def test_a_follower_hears_what_was_stored_in_another_unit_of_work() -> None:
    async with Telling() as on, aclosing(on.events.watch(ACCOUNT, 0)) as stream:
        assert await anext(stream) is None
        async with on.storage.begin() as work:
            await work.risk.add_event(event("elsewhere"))
        on.events.stored()
        assert await taken(stream, 1) == ["elsewhere"]


async def test_a_follower_of_many_hears_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    async with Telling() as on:
        for number in range(5):
            on.events.tell(event(str(number)))
        async with aclosing(on.events.watch(ACCOUNT, 0)) as stream:
            assert await taken(stream, 5) == list("01234")
