"""The broker's order side before a gateway in this process: what it is told, and what a test may do to both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from scizor.adapters.ib import IbOrderBroker, IbOrderSettings
from scizor.domain.broker import BrokerContract
from scizor.domain.instruments import Instrument
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.reports import (
    BrokerStatus,
    CommissionReport,
    ErrorReport,
    ExecutionReport,
    OrderReport,
    Report,
    StatusReport,
)
from scizor.ports.order_broker import BrokerAccount, OrderBroker, Ticket
from scizor.services.ibsim.broker.words import ACCOUNT
from scizor.services.ibsim.limits import Limits
from tests.integration.ib_stage import AAPL, QUICK, Stage

FAR = Decimal("5.00")
"""A price that nothing trades at."""

R = TypeVar("R", StatusReport, OrderReport, ExecutionReport, CommissionReport, ErrorReport)


class Ear:
    """An order listener that writes down what it is told."""

    def __init__(self) -> None:
        self.openings: list[tuple[Sequence[str], int]] = []
        self.interruptions: list[str] = []
        self.reports: list[Report] = []
        self.accounts: list[BrokerAccount] = []
        self._news = asyncio.Event()

    def opened(self, accounts: Sequence[str], lowest_number: int) -> None:
        self.openings.append((tuple(accounts), lowest_number))
        self._news.set()

    def interrupted(self, reason: str) -> None:
        self.interruptions.append(reason)
        self._news.set()

    def reported(self, report: Report) -> None:
        self.reports.append(report)
        self._news.set()

    def account_told(self, account: BrokerAccount) -> None:
        self.accounts.append(account)
        self._news.set()

    def of(self, kind: type[R]) -> list[R]:
        """What was reported of this kind."""
        return [one for one in self.reports if isinstance(one, kind)]

    def standings(self, order_id: str) -> list[StatusReport]:
        """Where an order was said to stand, by either kind of report."""
        told = [one.standing if isinstance(one, OrderReport) else one for one in self.reports]
        return [one for one in told if isinstance(one, StatusReport) and one.named.order_id == order_id]

    def statuses(self, order_id: str) -> list[BrokerStatus]:
        """The same, in short and without repetitions."""
        found: list[BrokerStatus] = []
        for one in self.standings(order_id):
            if not found or found[-1] is not one.status:
                found.append(one.status)
        return found

    def commission_of(self, order_id: str) -> list[CommissionReport]:
        """What the order's executions were said to cost."""
        ids = {one.execution.exec_id for one in self.of(ExecutionReport) if one.named.order_id == order_id}
        return [one for one in self.of(CommissionReport) if one.commission.exec_id in ids]

    async def until(self, condition: Callable[[], object], within_s: float = 10.0) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def stands(self, order_id: str, status: BrokerStatus) -> StatusReport:
        """Wait until an order is said to stand there."""
        await self.until(lambda: any(one.status is status for one in self.standings(order_id)))
        return next(one for one in self.standings(order_id) if one.status is status)


class Tickets:
    """Orders of one account, numbered one after the other."""

    def __init__(self, account: str, contract: BrokerContract, first: int = 1) -> None:
        self.account, self.contract = account, contract
        self._numbers = count(first)

    def ticket(
        self,
        terms: Terms,
        side: Side = Side.BUY,
        *,
        parent: Ticket | None = None,
        more_follow: bool = False,
        group: str = "",
    ) -> Ticket:
        """The next one."""
        contract = self.contract
        reference = f"{contract.symbol}.{contract.primary_exchange}.{contract.currency}"
        order_id = str(uuid4())
        request = OrderRequest(
            order_id,
            order_id,
            self.account,
            reference,
            side,
            terms,
            group=group,
            parent_id=parent.request.id if parent else "",
        )
        number = next(self._numbers)
        return Ticket(request, terms, contract, number, parent.number if parent else 0, more_follow=more_follow)


def every_terms(now: datetime) -> list[Terms]:
    """One of each order type, and one of each time in force; none of them trades, but for those that must at once."""
    low, high = Decimal("5.00"), Decimal("9000.50")
    kinds = [
        limit(11),
        Terms(Decimal(12), OrderType.STOP, stop=high),
        Terms(Decimal(13), OrderType.STOP_LIMIT, limit=Decimal("9001.25"), stop=high),
        Terms(Decimal(14), OrderType.TRAILING, trail_amount=Decimal("800.00")),
        Terms(Decimal(15), OrderType.TRAILING, trail_fraction=Decimal("0.625"), tif=TimeInForce.GTC),
        Terms(Decimal(16), OrderType.TRAILING, trail_amount=Decimal("700.50"), stop=high),
        Terms(Decimal(17), OrderType.TRAILING, trail_fraction=Decimal("0.55"), stop=high),
        Terms(Decimal(18), OrderType.MARKET_IF_TOUCHED, stop=low),
        Terms(Decimal(19), OrderType.LIMIT_IF_TOUCHED, limit=Decimal("5.25"), stop=low),
    ]
    till = now + timedelta(days=1, seconds=1, microseconds=250)
    times = [
        limit(20, tif=TimeInForce.GTC, outside_rth=True),
        limit(21, tif=TimeInForce.GTD, good_till=till),
        limit(22, tif=TimeInForce.GTD, good_till=till.astimezone(ZoneInfo("Australia/Sydney"))),
        limit(23, tif=TimeInForce.IOC),
        limit(24, tif=TimeInForce.FOK),
        limit(25, tif=TimeInForce.OPG),
        market(26, tif=TimeInForce.OPG),
        limit(27, tif=TimeInForce.CLS),
        market(28, tif=TimeInForce.CLS),
    ]
    return kinds + times


def limit(quantity: int, price: Decimal | str = FAR, **more: Any) -> Terms:
    return Terms(Decimal(quantity), OrderType.LIMIT, limit=Decimal(price), **more)


def market(quantity: int, **more: Any) -> Terms:
    return Terms(Decimal(quantity), OrderType.MARKET, **more)


class OrderStage(Stage):
    """`orders`: the adapter; `ear`: its listener; `tickets`: of Apple."""

    orders: IbOrderBroker
    ear: Ear
    tickets: Tickets

    @property
    def account(self) -> str:
        return ACCOUNT

    def place(self, terms: Terms, side: Side = Side.BUY, **more: Any) -> Ticket:
        """The next order, sent."""
        ticket = self.tickets.ticket(terms, side, **more)
        self.orders.place(ticket)
        return ticket

    async def working(self, terms: Terms | None = None) -> Ticket:
        """An order that works."""
        ticket = self.place(terms or limit(10))
        await self.ear.stands(ticket.request.id, BrokerStatus.WORKING)
        return ticket

    def replace(self, ticket: Ticket, terms: Terms) -> Ticket:
        """Other terms, sent."""
        changed = replace(ticket, terms=terms)
        self.orders.place(changed)
        return changed

    async def opened(self, times: int = 1) -> None:
        """Wait until orders may be sent for the so-manieth time."""
        await self.ear.until(lambda: len(self.ear.openings) >= times)

    def truth(self) -> dict[str, Any]:
        """The gateway's own books."""
        return self.faults.orders.books()


async def contract_of(broker: OrderBroker, instrument: Instrument = AAPL) -> BrokerContract:
    [contract] = await broker.contracts.find(instrument)
    return contract


@asynccontextmanager
async def order_stage(
    folder: Path,
    *,
    speed: float = 1.0,
    limits: Limits | None = None,
    start: datetime | None = None,
    orders: IbOrderSettings | None = None,
    **settings: Any,
) -> AsyncIterator[OrderStage]:
    """A gateway in the middle of a session and the adapter's order side, connected to it."""
    on = OrderStage(folder, speed, 0.0, limits or Limits(), {})
    await asyncio.to_thread(on.market.warm)
    await on.start_gateway()
    on.ear = Ear()
    on.orders = IbOrderBroker(replace(QUICK, port=on.port, **settings), on.market.clock, orders)
    on.orders.listen(on.ear)
    await on.orders.start()
    try:
        await on.opened()
        on.tickets = Tickets(on.account, await contract_of(on.orders), on.ear.openings[0][1])
        yield on
    finally:
        await on.orders.stop()
        await on.stop_gateway()
        await on.faults.close()
        on.journal.close()
