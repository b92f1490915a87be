"""Whatever becomes of a write: what is answered is stored, what is sent was stored before, and once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from scizor.domain.errors import AlreadyExists, Reason, Unavailable
from scizor.domain.trading.states import OrderState
from scizor.services.trading.desk.drafts import Answering, BracketPrices
from tests.unit.trading_desk.stage import draft, stage
from tests.unit.trading_desk.world import LIMIT, ME, a_while, until


def answering(request_id: str = "r-1") -> Answering:
    return Answering("method", request_id, b"hash", lambda orders: orders[0].id.encode())


async def test_an_order_leaves_only_once_it_is_stored() -> None:
    async with stage() as on:
        on.journal.free.clear()
        asked = asyncio.create_task(on.desk.place(draft(), ME))
        await a_while()
        assert (on.broker.sent, asked.done()) == ([], False)
        on.journal.free.set()
        (order,) = await asked
        assert [one.request.id for one in on.broker.sent] == [order.id]
        assert on.stored(order.id) is OrderState.PENDING_SUBMIT


async def test_what_waits_is_stored_together() -> None:
    async with stage() as on:
        on.journal.free.clear()
        before = on.journal.appends
        asked = [asyncio.create_task(on.desk.place(draft(f"mine-{place}"), ME)) for place in range(20)]
        await a_while()
        on.journal.free.set()
        await asyncio.gather(*asked)
        assert on.journal.appends - before <= 2
        assert [one.number for one in on.broker.sent] == list(range(1, 21))


async def test_a_retry_is_not_answered_before_the_first_try_is_stored() -> None:
    async with stage() as on:
        on.journal.free.clear()
        first = asyncio.create_task(on.desk.place(draft(), ME))
        await a_while()
        second = asyncio.create_task(on.desk.place(draft(), ME))
        await a_while()
        assert not second.done()
        on.journal.fates.append("lost")
        on.journal.free.set()
        for asked in (first, second):
            with pytest.raises(Unavailable):
                await asked
        await on.serves()
        assert (on.journal.orders(), on.broker.sent) == ({}, [])


async def test_a_caller_that_goes_away_takes_nothing_with_it() -> None:
    async with stage() as on:
        on.journal.free.clear()
        asked = asyncio.create_task(on.desk.place(draft(), ME, answering()))
        await a_while()
        asked.cancel()
        await a_while()
        assert not asked.done()  # a retry that came now must find what this one did
        on.journal.free.set()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert len(on.journal.answers) == len(on.broker.sent) == 1


@pytest.mark.parametrize("fate", ["lost", "kept"])
async def test_an_order_whose_write_failed_is_never_sent_and_can_be_asked_for_again(fate: str) -> None:
    async with stage() as on:
        on.journal.fates.append(fate)  # type: ignore[arg-type] # the parameters are of that type
        with pytest.raises(Unavailable):
            await on.desk.place(draft(), ME)
        await on.serves()
        assert on.broker.sent == []
        (order,) = await on.desk.place(draft(), ME)
        if fate == "lost":
            assert [one.request.id for one in on.broker.sent] == [order.id]
            return
        # It is stored, and was not sent: after the grace that a command on its way has, the broker's silence proves it.
        on.clock.advance(10)
        on.seat.ask()
        await until(lambda: on.stored(order.id) is OrderState.REJECTED)
        assert on.broker.sent == []


async def test_one_bad_write_is_everybodys_to_try_again_and_nobodys_fault() -> None:
    async with stage() as on:
        (kept,) = await on.desk.place(draft("mine-1"), ME)
        on.seat.tenure.books._by_client_id.clear()  # as if it had been stored by a write that was given up for lost
        on.desk._earlier._storage.orders.order_by_client_id = _nothing  # type: ignore[attr-defined] # the stage's own
        asked = [asyncio.create_task(on.desk.place(draft(name), ME)) for name in ("mine-2", "mine-1")]
        for one in asked:
            with pytest.raises(Unavailable):
                await one
        await on.serves()
        assert [one.id for one in await on.desk.place(draft("mine-1"), ME)] == [kept.id]


async def _nothing(account: str, client_order_id: str) -> None:
    return None


async def test_a_gate_that_closes_while_a_command_waits_refuses_it() -> None:
    async with stage() as on:
        (order,) = await on.desk.place(draft(), ME)
        on.works()
        on.journal.fates.append("lost")
        asked = [
            asyncio.create_task(on.desk.cancel(order.id, ME)),
            asyncio.create_task(on.desk.replace(order.id, replace(LIMIT, limit=Decimal(51)), "", ME)),
        ]
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in results)
        await on.serves()
        assert (on.broker.cancels, len(on.broker.sent)) == ([], 1)


async def test_a_client_order_id_is_of_one_order_for_ever() -> None:
    async with stage() as on:
        await on.desk.place(draft(bracket=BracketPrices(Decimal(60), Decimal(40))), ME)
        assert len(await on.desk.place(draft(bracket=BracketPrices(Decimal(60), Decimal(40))), ME)) == 3
        for other in (draft(), draft(bracket=BracketPrices(Decimal(61), Decimal(40)))):
            with pytest.raises(AlreadyExists) as told:
                await on.desk.place(other, ME)
            assert told.value.reason is Reason.ORDER_EXISTS
        assert len(on.broker.sent) == 3


async def test_watchers_miss_nothing_of_a_write_that_was_given_up_for_lost() -> None:
    async with stage() as on:
        watching = on.desk.watch(0)
        await on.desk.place(draft("mine-1"), ME)
        assert await anext(watching) is not None
        on.journal.fates.append("kept")
        with pytest.raises(Unavailable):
            await on.desk.place(draft("mine-2"), ME)
        await on.serves()
        await on.desk.place(draft("mine-3"), ME)
        told = [entry.sequence for entry in [await anext(watching), await anext(watching)] if entry]
        assert told == [2, 3]
        await watching.aclose()


async def test_a_fault_in_what_follows_a_write_leaves_nobody_waiting() -> None:
    async with stage() as on:
        on.broker.place = _faulty  # type: ignore[method-assign] # a broker with a bug
        with pytest.raises(Unavailable):
            await on.desk.place(draft(), ME)


def _faulty(ticket: object) -> None:
    raise ValueError("a fault of ours")
