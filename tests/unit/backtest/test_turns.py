"""Few are served at a time: callers take turns, and none fills the place of all."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from scizor.domain.errors import LimitExceeded, Reason
from scizor.services.backtest.strategies.turns import Turns


class Stage:
    """Callers at their turns. `served`: whose turn came, in that order."""

    def __init__(self, at_once: int = 1, waiting: int = 100, of_caller: int = 100) -> None:
        self.turns = Turns(at_once, waiting, of_caller)
        self.served: list[str] = []
        self._left = asyncio.Semaphore(0)

    async def come(self, *callers: str) -> list[asyncio.Task[None]]:
        """Each asks for a turn, one after the other."""
        tasks = [asyncio.create_task(self._one(caller)) for caller in callers]
        await settled()
        return tasks

    async def leave(self, number: int = 1) -> None:
        """So many turns end."""
        for _ in range(number):
            self._left.release()
            await settled()

    async def _one(self, caller: str) -> None:
        async with self.turns.one(caller):
            self.served.append(caller)
            await self._left.acquire()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_take_turns_however_many_one_of_them_asks_for() -> None:
    stage = Stage()
    tasks = await stage.come("a", "a", "a", "a", "b", "c", "b")
    await stage.leave(7)
    assert "".join(stage.served) == "aabcaba"
    await asyncio.gather(*tasks)


async def test_one_who_comes_late_is_next_but_for_those_whose_turn_it_is() -> None:
    stage = Stage(at_once=2)
    tasks = await stage.come("a", "a", "a", "a", "a", "a")
    await stage.leave(1)
    tasks += await stage.come("b")
    await stage.leave(6)
    assert "".join(stage.served) == "aaaabaa"
    await asyncio.gather(*tasks)


async def test_too_many_of_one_caller_are_refused_and_others_are_not() -> None:
    stage = Stage(of_caller=2)
    tasks = await stage.come("a", "a", "a")
    with pytest.raises(LimitExceeded, match=r"^2 texts of a wait to be looked at") as refused:
        await asyncio.gather(*await stage.come("a"))
    assert refused.value.reason is Reason.QUEUE_FULL
    assert refused.value.metadata == {"limit": "2", "caller": "a"}
    tasks += await stage.come("b")
    await stage.leave(2)
    tasks += await stage.come("a")  # one of its own was served: there is room again
    await stage.leave(3)
    assert "".join(stage.served) == "aabaa"
    await asyncio.gather(*tasks)


async def test_too_many_of_all_are_refused() -> None:
    stage = Stage(waiting=2)
    tasks = await stage.come("a", "b", "c")
    with pytest.raises(LimitExceeded, match=r"^2 texts wait") as refused:
        await asyncio.gather(*await stage.come("d"))
    assert refused.value.metadata == {"limit": "2"}
    await stage.leave(3)
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("together", [False, True])
async def test_one_who_does_not_wait_any_longer_leaves_its_place(*, together: bool) -> None:
    stage = Stage(waiting=2)
    tasks = await stage.come("a", "b", "a")
    tasks[1].cancel()
    if together:  # the turn ends before the one who left has noticed
        await stage.leave(1)
    await settled()
    more = await stage.come("c", *(["c"] if together else []))
    await stage.leave(4)
    with suppress(asyncio.CancelledError):
        await tasks[1]
    await asyncio.gather(tasks[0], tasks[2], *more)
    assert "b" not in stage.served


async def test_a_turn_that_comes_to_one_who_left_at_that_moment_goes_to_the_next() -> None:
    turns = Turns(1, 10, 10)
    first = turns.one("a")
    await first.__aenter__()
    served: list[str] = []

    async def take(caller: str) -> None:
        async with turns.one(caller):
            served.append(caller)

    tasks = [asyncio.create_task(take(one)) for one in "bc"]
    await settled()
    await first.__aexit__(None, None, None)
    tasks[0].cancel()  # its turn has come, and it does not know yet
    await asyncio.wait(tasks)
    assert (tasks[0].cancelled(), served) == (True, ["c"])
    await take("d")
    assert served == ["c", "d"]
