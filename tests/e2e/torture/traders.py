"""Callers: each asks, and asks again with the same ids until it is told yes or no."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.e2e.torture.site import Site
from tests.e2e.torture.wishes import Wishes

CALL_S: Final = 8.0
ANSWERED_WITHIN_S: Final = 120.0
_PAUSE_S: Final = 0.06
_PASSING: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
}
_NO: Final = {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}


@dataclass(slots=True)
class Told:
    """What a caller asked for and was told in the end. `refused`: the code, empty where it was done."""

    request: Any
    answer: Any = None
    refused: str = ""
    tries: int = 0


@dataclass
class Trader:
    """Sends wishes one after the other. `leaves`, `answered`: called when an order goes out, and when one is placed."""

    site: Site
    chance: random.Random
    name: str
    leaves: Callable[[], None]
    answered: Callable[[], None]
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wishes = Wishes(self.chance, self.name)
        self._mine: list[pb.Order] = []
        self._asked = 0

    async def run(self, over: asyncio.Event) -> None:
        """Until it is over; what was begun by then is seen through."""
        while not over.is_set():
            await self._one(self.chance.random())
            await asyncio.sleep(self.chance.choice((0.0, 0.0, 0.02, 0.1)))

    async def _one(self, draw: float) -> None:
        if draw < 0.55 or not self._mine:
            await self._place()
        elif draw < 0.78:
            order = self.chance.choice(self._mine)
            await self._ask(rpc.ReplaceOrderRequest(id=order.id, terms=self._wishes.other_terms(order)))
        elif draw < 0.96:
            order = self._mine.pop(self.chance.randrange(len(self._mine)))
            await self._ask(rpc.CancelOrderRequest(id=order.id))
        elif draw < 0.98:
            await self._ask(rpc.ClosePositionRequest(symbol=self._wishes.order().symbol))
        elif draw < 0.99:
            await self._ask(rpc.CancelAllOrdersRequest(symbol=self._wishes.order().symbol))
        else:
            await self._ask(rpc.ReconcileRequest())

    async def _place(self) -> None:
        told = await self._ask(rpc.PlaceOrderRequest(order=self._wishes.order()))
        if told.answer is not None:
            self._mine += [told.answer.order, *told.answer.exits]
            del self._mine[:-20]

    async def _ask(self, request: Any) -> Told:
        self._asked += 1
        request.request_id = f"{self.name}-{self._asked}"
        told = Told(request)
        self.told.append(told)
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while told.answer is None and not told.refused:
                if told.tries:
                    await asyncio.sleep(_PAUSE_S)
                await self._try(told)
        return told

    async def _try(self, told: Told) -> None:
        """Some of the first answers come too late to be heard, and some requests are sent twice at once."""
        told.tries += 1
        draw = self.chance.random() if told.tries == 1 else 0.5
        patience_s = self.chance.uniform(0.001, 0.03) if draw < 0.15 else CALL_S
        stubs = self.chance.sample(self.site.services, k=len(self.site.services))
        if isinstance(told.request, rpc.PlaceOrderRequest):
            self.leaves()
        calls = [_call(stubs[0].stub, told.request, patience_s)]
        if draw > 0.9:
            calls.append(_call(stubs[0].stub, told.request, patience_s))
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, grpc.aio.AioRpcError):
                self._failed(told, outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                told.answer = outcome
                if isinstance(outcome, rpc.PlaceOrderResponse):
                    self.site.active = stubs[0]
                    self.answered()

    @staticmethod
    def _failed(told: Told, error: grpc.aio.AioRpcError) -> None:
        if error.code() in _NO:
            told.refused = f"{error.code().name}: {error.details()}"
        elif error.code() not in _PASSING:
            told.refused = f"fault {error.code().name}: {error.details()}"


async def _call(stub: Any, request: Any, timeout_s: float) -> Any:
    name = request.DESCRIPTOR.name.removesuffix("Request")
    call: Callable[..., Awaitable[Any]] = getattr(stub, name)
    return await call(request, timeout=timeout_s)
