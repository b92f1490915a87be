"""Every broker there is, with the same few contracts: the fake, and the real adapter before a gateway simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Protocol

from scizor.domain.broker import BrokerContract, ConnectionState
from scizor.domain.live import Quote
from scizor.ports.broker import BrokerConnection, ContractDirectory, HistorySource, QuoteSource
from tests.fakes.broker import FakeBroker, HandClock
from tests.integration.ib_stage import OPEN, Stage, stage

BROKERS = ("fake", "ib")
RDDT_LISTED = date(2024, 3, 21)


class Ports(Protocol):
    @property
    def connection(self) -> BrokerConnection: ...
    @property
    def contracts(self) -> ContractDirectory: ...
    @property
    def history(self) -> HistorySource: ...
    @property
    def quotes(self) -> QuoteSource: ...


class Scene(Protocol):
    """A broker, and what a test may do to it."""

    broker: Ports

    async def lose(self) -> None:
        """The connection is gone, and stays away."""

    async def restore(self) -> None:
        """It comes back."""

    def trade(self, contract: BrokerContract) -> None:
        """The market of the contract moves; some do by themselves."""


class FakeScene:
    def __init__(self) -> None:
        fake = FakeBroker(HandClock(OPEN), deadline_s=0.5)
        fake.list("AAPL")
        fake.list("BHP", "ASX", "AUD")
        fake.list("BHP", "NYSE")
        fake.list("DUAL", "NYSE")
        fake.list("DUAL", "NASDAQ")
        fake.list("RDDT", "NYSE", first_session=RDDT_LISTED)
        self.fake = fake
        self.broker: Ports = fake

    async def lose(self) -> None:
        self.fake.set_state(ConnectionState.DOWN, "cut")

    async def restore(self) -> None:
        self.fake.set_state(ConnectionState.READY)

    def trade(self, contract: BrokerContract) -> None:
        self.fake.push_quote(contract, Quote(OPEN, bid=99.0, ask=101.0, last=100.0))


class IbScene:
    def __init__(self, on: Stage) -> None:
        self._on = on
        self.broker: Ports = on.broker

    async def lose(self) -> None:
        await self._on.stop_gateway()
        await self._on.becomes(ConnectionState.DOWN)

    async def restore(self) -> None:
        await self._on.start_gateway()

    def trade(self, contract: BrokerContract) -> None:
        """The simulated market is open and moves."""


@asynccontextmanager
async def scene_of(kind: str, folder: Path) -> AsyncIterator[Scene]:
    """A connected broker of this kind."""
    if kind == "fake":
        yield FakeScene()
    else:
        async with stage(folder, ready_s=0.5) as on:
            yield IbScene(on)
