"""What leases promise, whoever keeps them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.ports.leases import Lease, Leases
from tests.fakes.leases import FakeLeases

NAME = "account:DU1"
KILL_HOLDERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
Kill = Callable[[Lease], Awaitable[None]]


@pytest.fixture
def kill(leases: Leases, request: pytest.FixtureRequest) -> Kill:
    """End the connection of a holder, as its death does."""

    async def kill_fake(lease: Lease) -> None:
        assert isinstance(leases, FakeLeases)
        leases.lose(lease)

    async def kill_session(lease: Lease) -> None:
        connection = await asyncpg.connect(driver_dsn(request.getfixturevalue("database")), timeout=10)
        try:
            assert await connection.fetchval(KILL_HOLDERS) == 1
        finally:
            await connection.close()

    return kill_fake if isinstance(leases, FakeLeases) else kill_session


class Holder:
    """One who holds a lease in a task of its own until told to let go."""

    def __init__(self, leases: Leases, name: str, holder: str) -> None:
        self._let_go = asyncio.Event()
        self.got: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._hold(leases, name, holder))

    async def lease(self) -> Lease:
        async with asyncio.timeout(10):
            return await self.got

    async def let_go(self) -> None:
        self._let_go.set()
        async with asyncio.timeout(10):
            await self.task

    async def _hold(self, leases: Leases, name: str, holder: str) -> None:
        async with leases.hold(name, holder) as lease:
            self.got.set_result(lease)
            await self._let_go.wait()


async def lost(lease: Lease) -> str:
    async with asyncio.timeout(10):
        return await lease.lost


async def test_a_name_that_is_free_is_had_at_once_and_says_who_has_it(leases: Leases) -> None:
    assert await leases.holder(NAME) == ""
    async with leases.hold(NAME, "host 7") as lease:
        assert (lease.name, lease.epoch, lease.lost.done()) == (NAME, 1, False)
        assert await leases.holder(NAME) == "host 7"


async def test_a_lease_that_was_let_go_is_lost_and_the_next_has_a_higher_epoch(leases: Leases) -> None:
    async with leases.hold(NAME, "first") as first:
        pass
    assert first.lost.done()
    async with leases.hold(NAME, "second") as second:
        assert second.epoch == first.epoch + 1
        assert await leases.holder(NAME) == "second"


async def test_names_do_not_stand_in_each_others_way(leases: Leases) -> None:
    async with leases.hold(NAME, "one") as one, leases.hold("another", "one") as other:
        assert (one.epoch, other.epoch) == (1, 1)


async def test_a_second_holder_waits_until_the_first_lets_go(leases: Leases) -> None:
    first = Holder(leases, NAME, "first")
    held = await first.lease()
    second = Holder(leases, NAME, "second")
    done, _ = await asyncio.wait([second.got], timeout=0.3)
    assert not done
    assert await leases.holder(NAME) == "first"
    await first.let_go()
    assert (await second.lease()).epoch == held.epoch + 1
    await second.let_go()


async def test_of_several_who_wait_each_has_its_turn_alone(leases: Leases) -> None:
    inside, epochs = 0, []

    async def take_turn() -> None:
        nonlocal inside
        async with leases.hold(NAME, "one of many") as lease:
            inside += 1
            assert inside == 1
            epochs.append(lease.epoch)
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(take_turn() for _ in range(4)))
    assert sorted(epochs) == [1, 2, 3, 4]


async def test_who_waits_can_give_up(leases: Leases) -> None:
    async with leases.hold(NAME, "first"):
        second = Holder(leases, NAME, "second")
        await asyncio.wait([second.got], timeout=0.2)
        second.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second.task
    async with asyncio.timeout(10), leases.hold(NAME, "third") as lease:
        assert lease.epoch == 2


async def test_a_holder_whose_connection_dies_has_lost_it_and_the_next_has_it(leases: Leases, kill: Kill) -> None:
    first = Holder(leases, NAME, "first")
    held = await first.lease()
    second = Holder(leases, NAME, "second")
    await kill(held)
    assert "connection" in await lost(held)
    following = await second.lease()
    assert following.epoch == held.epoch + 1
    await first.let_go()
    assert not following.lost.done()
    await second.let_go()


async def test_an_error_in_the_block_lets_go_too(leases: Leases) -> None:
    async def fail() -> None:
        async with leases.hold(NAME, "first"):
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with asyncio.timeout(10), leases.hold(NAME, "second") as lease:
        assert lease.epoch == 2
