"""Callers: each asks, asks again until it is answered, and follows what it asked for to its end."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import grpc
from google.protobuf.message import Message

from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1 import optimization_pb2 as pb
from tests.e2e.storm.programs import Service
from tests.e2e.storm.requests import Asked, Kind

Answer = TypeVar("Answer", bound=Message)
DEADLINE_S = 120.0
CALL_S = 10.0
_PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}


class Event(Protocol):
    """A message of either watch."""

    sequence: int


@dataclass(slots=True)
class Followed:
    """What a caller was told of one job. `told`: sequences as they came, over all streams."""

    kind: Kind
    request_id: str
    job_id: str
    told: list[int] = field(default_factory=list)
    trials: list[int] = field(default_factory=list)

    def mistold(self) -> list[str]:
        """What its caller should not have been told."""
        found = [] if self.told == sorted(self.told) else [f"told out of order: {self.told}"]
        if sorted(self.trials) != list(range(1, len(self.trials) + 1)):
            found.append(f"not each trial once: {sorted(self.trials)}")
        return found


@dataclass(slots=True)
class Caller:
    """Talks to whichever service its `chance` picks."""

    services: list[Service]
    chance: random.Random

    async def run(self, kind: Kind, request_id: str) -> Followed:
        """Ask for it and wait for its end. Raises grpc.aio.AioRpcError for a refusal, TimeoutError."""
        async with asyncio.timeout(DEADLINE_S):
            followed = Followed(kind, request_id, await self.ask(kind, request_id))
            await self._follow(followed)
            return followed

    async def ask(self, kind: Kind, request_id: str) -> str:
        """The id of the job. Some of the first answers come too late to be heard, and some are asked for twice."""
        request = copy.deepcopy(kind.request)
        request.request_id = request_id
        draw = self.chance.random()
        if draw < 0.3:
            await self._unheard(request)
        calls = [self._created(request) for _ in range(2 if draw > 0.8 else 1)]
        found = set(await asyncio.gather(*calls))
        assert len(found) == 1, f"one request, several jobs: {found}"
        return found.pop()

    async def call(self, call: Callable[[Service], Awaitable[Answer]]) -> Answer:
        """The answer, however often it takes to ask."""
        while True:
            try:
                return await call(self._pick())
            except grpc.aio.AioRpcError as error:
                if error.code() not in _PASSING:
                    raise
                await asyncio.sleep(0.05)

    def _pick(self) -> Service:
        return self.chance.choice(self.services)

    async def _created(self, request: Asked) -> str:
        if isinstance(request, rpc.CreateBacktestRequest):
            one = await self.call(lambda service: service.stub.CreateBacktest(request, timeout=CALL_S))
            return one.backtest.id
        other = await self.call(lambda service: service.stub.CreateOptimization(request, timeout=CALL_S))
        return other.optimization.id

    async def _unheard(self, request: Asked) -> None:
        patience_s, stub = self.chance.uniform(0.001, 0.05), self._pick().stub
        create: Any = stub.CreateBacktest if isinstance(request, rpc.CreateBacktestRequest) else stub.CreateOptimization
        try:
            await create(request, timeout=patience_s)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _PASSING:
                raise

    async def _follow(self, followed: Followed) -> None:
        while True:
            try:
                async for message in self._stream(followed):
                    followed.told.append(message.sequence)
                    if isinstance(message, pb.WatchOptimizationResponse):
                        followed.trials += message.trials.number
                    if message.WhichOneof("event") == "end":
                        return
            except grpc.aio.AioRpcError as error:
                if error.code() not in _PASSING:
                    raise
            await asyncio.sleep(0.05)

    def _stream(self, followed: Followed) -> AsyncIterator[Any]:
        after, stub = max(followed.told, default=0), self._pick().stub
        if isinstance(followed.kind.request, rpc.CreateBacktestRequest):
            watch = rpc.WatchBacktestRequest(id=followed.job_id, after_sequence=after)
            return aiter(stub.WatchBacktest(watch, timeout=DEADLINE_S))
        search = pb.WatchOptimizationRequest(id=followed.job_id, after_sequence=after)
        return aiter(stub.WatchOptimization(search, timeout=DEADLINE_S))
