"""The calls of trading over real gRPC, on a desk that journals in memory and fakes that say what they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import grpc

from scizor.domain.instruments import Instrument
from scizor.domain.trading.positions import Position
from scizor.domain.trading.views import PositionView
from scizor.rpc.server import Server, Service
from scizor.rpc.settings import ServerSettings
from scizor.services.trading.servicer import TradingServicer
from scizor.services.trading.use_cases import UseCases
from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceStub, add_TradingServiceServicer_to_server
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW
from tests.unit.trading.calls.desks import Answers, Desks, FakeDesk, Storage
from tests.unit.trading.calls.rooms import FakeDeployments, FakeParity, FakePerformance, FakeRisk, FakeValues

if TYPE_CHECKING:
    from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceAsyncStub

NAME = "scizor.trading.v1.TradingService"


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Stage:
    """A running server; a second account is opened with `open`."""

    storage: Storage = field(default_factory=Storage)
    answers: Answers = field(default_factory=Answers)
    values: FakeValues = field(default_factory=FakeValues)
    risk: FakeRisk = field(default_factory=FakeRisk)
    deployments: FakeDeployments = field(default_factory=FakeDeployments)
    desks: Desks = field(default_factory=lambda: Desks({}))
    channel: grpc.aio.Channel | None = None
    drain: Any = None

    def open(self, account: str) -> FakeDesk:
        self.desks.desks[account] = FakeDesk(account, self.storage, self.answers)
        return self.desks.desks[account]

    @property
    def desk(self) -> FakeDesk:
        return self.desks.desks[ACCOUNT]

    @property
    def stub(self) -> TradingServiceAsyncStub:
        assert self.channel is not None
        return TradingServiceStub(self.channel)


def position(instrument: str = INSTRUMENT, strategy_id: str = "", account: str = ACCOUNT) -> PositionView:
    return PositionView(account, Position(instrument), "USD", NOW, strategy_id)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    stage = Stage()
    stage.open(ACCOUNT)
    async with stage.storage.begin() as work:
        await work.symbols.add_missing([Instrument("AAPL", "NASDAQ", "USD"), Instrument("BHP", "ASX", "AUD")])
    use_cases = UseCases(
        stage.storage,
        stage.answers,
        StillClock(),
        stage.desks,
        stage.values,
        stage.risk,
        stage.deployments,
        FakePerformance(),
        FakeParity(),
    )
    servicer = TradingServicer(use_cases)
    service = Service(NAME, add_TradingServiceServicer_to_server, servicer, servicer.drain)
    server = Server([service], ServerSettings(port=0, grace_s=0.2, drain_delay_s=0.0))
    port = await server.start()
    stage.drain = servicer.drain
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as stage.channel:
            yield stage
    finally:
        await server.stop()
