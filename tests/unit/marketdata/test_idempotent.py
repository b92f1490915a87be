"""A request that carries an id is done once."""

from __future__ import annotations

import asyncio

import pytest

from scizor.domain.errors import AlreadyExists, Reason
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.services.idempotent import once
from tests.fakes.storage import FakeStorage


class Acting:
    """Counts how often it is done."""

    def __init__(self, storage: FakeStorage) -> None:
        self._storage = storage
        self.done = 0

    async def delete(self, symbol: str, request_id: str, *, failing: bool = False) -> int:
        async def act() -> pb.DeleteSymbolResponse:
            await asyncio.sleep(0)
            self.done += 1
            if failing:
                raise RuntimeError("no")
            return pb.DeleteSymbolResponse(bars_deleted=self.done)

        request = pb.DeleteSymbolRequest(symbol=symbol, request_id=request_id)
        async with self._storage.begin() as work:
            return (await once(work, request, pb.DeleteSymbolResponse, act)).bars_deleted


@pytest.fixture
def acting(storage: FakeStorage) -> Acting:
    return Acting(storage)


async def test_the_same_request_gets_the_first_answer(acting: Acting) -> None:
    assert [await acting.delete("A", "one") for _ in range(3)] == [1, 1, 1]


async def test_two_at_once_are_done_once(acting: Acting) -> None:
    assert await asyncio.gather(*(acting.delete("A", "one") for _ in range(5))) == [1] * 5


async def test_another_body_under_the_same_id_is_refused(acting: Acting) -> None:
    await acting.delete("A", "one")
    with pytest.raises(AlreadyExists) as refusal:
        await acting.delete("B", "one")
    assert refusal.value.reason is Reason.REQUEST_ID_REUSED
    assert acting.done == 1


async def test_without_an_id_each_request_is_done(acting: Acting) -> None:
    assert [await acting.delete("A", "") for _ in range(3)] == [1, 2, 3]


async def test_a_request_that_failed_may_be_tried_again(acting: Acting) -> None:
    with pytest.raises(RuntimeError):
        await acting.delete("A", "one", failing=True)
    assert await acting.delete("A", "one") == 2
