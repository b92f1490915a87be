"""One deed for one request id."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from scizor.codec.trading.orders import order_to_proto
from scizor.domain.trading.states import Order
from scizor.services.trading.calls.keyed import Keyed, key_of
from scizor.services.trading.desk.drafts import Answering
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.trading.build import order_of
from tests.unit.trading.calls.desks import Answers

ORDER = order_of()


def encode(orders: Sequence[Order]) -> rpc.CancelAllOrdersResponse:
    return rpc.CancelAllOrdersResponse(orders=map(order_to_proto, orders))


class Deeds:
    """Counts how many were under way at once; keeps the answer, as a desk does."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.done = self.together = self._now = 0

    async def act(self, answering: Answering | None) -> Sequence[Order]:
        self._now += 1
        self.together = max(self.together, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        self.done += 1
        self.answers.keep(answering, [ORDER])
        return [ORDER]


async def test_calls_with_one_id_come_one_after_the_other_and_others_together() -> None:
    answers = Answers()
    keyed, deeds = Keyed(answers), Deeds(answers)

    async def ask(request_id: str) -> rpc.CancelAllOrdersResponse:
        request = rpc.CancelAllOrdersRequest(request_id=request_id)
        return await keyed.do(request, rpc.CancelAllOrdersResponse, deeds.act, encode)

    await asyncio.gather(*(ask("one") for _ in range(5)))
    assert (deeds.done, deeds.together) == (1, 1)
    await asyncio.gather(*(ask(f"id-{n}") for n in range(5)), *(ask("") for _ in range(5)))
    assert (deeds.done, deeds.together) == (11, 10)
    assert keyed.waiting == 0


async def test_a_deed_that_fails_leaves_nothing_behind() -> None:
    keyed = Keyed(Answers())

    async def fail(_: Answering | None) -> Sequence[Order]:
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            await keyed.do(rpc.CancelAllOrdersRequest(request_id="x"), rpc.CancelAllOrdersResponse, fail, encode)
    assert keyed.waiting == 0


def test_what_a_request_asks_is_all_of_it_but_its_id() -> None:
    one, other = (rpc.CancelAllOrdersRequest(symbol="AAPL", request_id=name) for name in "ab")
    assert key_of(one)[2] == key_of(other)[2]
    assert key_of(one)[2] != key_of(rpc.CancelAllOrdersRequest(symbol="IBM"))[2]
    assert key_of(one)[0] == "scizor.trading.v1.CancelAllOrdersRequest"
