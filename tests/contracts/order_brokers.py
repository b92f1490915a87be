"""Every broker of orders there is: the fake that does as it is told, and the adapter before a gateway's process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbOrderBroker
from scizor.domain.trading.reports import BrokerStatus
from scizor.ports.order_broker import OrderBroker, Ticket
from tests.fakes.order_broker import FakeOrderBroker
from tests.integration.ib_order_stage import Ear, Tickets, contract_of, market
from tests.integration.ib_stage import QUICK
from tests.integration.ibsim_gateway import GatewayProcess

_OUTAGE_S = 0.3


class Scene(Protocol):
    """A connected broker with its listener, and what a test may do to it."""

    broker: OrderBroker
    ear: Ear
    tickets: Tickets

    async def trade(self) -> Ticket:
        """A market order that has filled, its commission told."""

    async def lose(self) -> None:
        """The connection is interrupted."""

    async def restore(self) -> None:
        """It is back, and orders may be sent."""

    async def move_account(self) -> None:
        """Its figures change."""


class FakeScene:
    def __init__(self, fake: FakeOrderBroker, ear: Ear, tickets: Tickets) -> None:
        self.fake, self.ear, self.tickets = fake, ear, tickets
        self.broker: OrderBroker = fake

    async def trade(self) -> Ticket:
        ticket = self.tickets.ticket(market(10))
        self.fake.place(ticket)
        self.fake.fill(ticket.number, 10, "50.25")
        return ticket

    async def lose(self) -> None:
        self.fake.interrupt()

    async def restore(self) -> None:
        self.fake.open()

    async def move_account(self) -> None:
        before = self.fake.figures[self.tickets.account]
        self.fake.set_account(replace(before, equity=Decimal(999_999)))


class IbScene:
    def __init__(self, gateway: GatewayProcess, broker: IbOrderBroker, ear: Ear, tickets: Tickets) -> None:
        self._gateway, self.ear, self.tickets = gateway, ear, tickets
        self.broker: OrderBroker = broker

    async def trade(self) -> Ticket:
        ticket = self.tickets.ticket(market(10))
        self.broker.place(ticket)
        await self.ear.stands(ticket.request.id, BrokerStatus.FILLED)
        await self.ear.until(lambda: self.ear.commission_of(ticket.request.id))
        return ticket

    async def lose(self) -> None:
        before = len(self.ear.interruptions)
        self._gateway.demand(do="lose", seconds=_OUTAGE_S, code=1102)
        await self.ear.until(lambda: len(self.ear.interruptions) > before)

    async def restore(self) -> None:
        """It comes back by itself."""
        await self.ear.until(lambda: len(self.ear.openings) > len(self.ear.interruptions))

    async def move_account(self) -> None:
        await self.trade()


@asynccontextmanager
async def fake_scene() -> AsyncIterator[Scene]:
    fake, ear = FakeOrderBroker("DU1", obedient=True), Ear()
    fake.listen(ear)
    await fake.start()
    yield FakeScene(fake, ear, Tickets("DU1", await contract_of(fake), fake.lowest_number))
    await fake.stop()


@asynccontextmanager
async def ib_scene(gateway: GatewayProcess) -> AsyncIterator[Scene]:
    """Each with a connection of its own to one gateway, whose books go on from test to test."""
    ear = Ear()
    broker = IbOrderBroker(replace(QUICK, port=gateway.port), SystemClock())
    broker.listen(ear)
    await broker.start()
    try:
        await ear.until(lambda: ear.openings)
        accounts, lowest = ear.openings[0]
        yield IbScene(gateway, broker, ear, Tickets(accounts[0], await contract_of(broker), lowest))
    finally:
        await broker.stop()
