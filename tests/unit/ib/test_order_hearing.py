"""What waits before it is reported: terms for their status, and all about an order for its contract."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from scizor.adapters.ib.contracts import IbContracts
from scizor.adapters.ib.errors import disconnected
from scizor.adapters.ib.orders.hearing import Hearing
from scizor.adapters.ib.orders.messages import ToldCommission, ToldContract, ToldExecution, ToldOrder, ToldStatus
from scizor.adapters.ib.orders.names import Names
from scizor.adapters.ib.orders.references import References
from scizor.adapters.ib.settings import IbOrderSettings
from scizor.domain.broker import BrokerContract
from scizor.domain.orders import OrderType, Side
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import (
    BrokerStatus,
    CommissionReport,
    ErrorCategory,
    ErrorReport,
    ExecutionReport,
    Named,
    OrderReport,
    Report,
    StatusReport,
)
from scizor.domain.trading.states import Hold
from tests.unit.ib.order_wire import CONTRACT, ORDER_ID, ticket_of

APPLE = ToldContract(CONTRACT.con_id, "AAPL", "STK", "SMART", "USD", "AAPL")
TERMS = Terms(Decimal(10), OrderType.LIMIT, limit=Decimal(5))
OURS, THEIRS = (18, 3), (19, 3)


@dataclass
class Directory:
    """Contracts by id, told when the test lets it."""

    known: dict[int, BrokerContract] = field(default_factory=dict)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    async def by_id(self, con_id: int) -> BrokerContract | None:
        await self.may_answer.wait()
        if self.fails:
            raise disconnected()
        return self.known.get(con_id)


class Scene:
    def __init__(self, **settings: Any) -> None:
        self.said: list[Report] = []
        self.given_up: list[str] = []
        self.names, self.directory = Names(18), Directory({CONTRACT.con_id: CONTRACT})
        self.references = References(cast("IbContracts", self.directory))
        chosen = IbOrderSettings(reason_s=0.02, **settings)
        self.hearing = Hearing(self.names, self.references, chosen, self.said.append, self.given_up.append)

    def send(self) -> None:
        ticket = ticket_of(TERMS)
        self.names.sent(ticket)
        self.references.sent(ticket)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.said) < count:  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.002)


def order(key: tuple[int, int] = OURS, word: str = "Submitted", ref: str = ORDER_ID, perm_id: int = 77) -> ToldOrder:
    return ToldOrder(key, perm_id, ref, "DU1", APPLE, Side.BUY, TERMS, word)


def status(key: tuple[int, int] = OURS, word: str = "Submitted", why: str = "", perm_id: int = 77) -> ToldStatus:
    return ToldStatus(key, perm_id, word, Decimal(0), why)


def execution(key: tuple[int, int] = OURS, ref: str = ORDER_ID) -> ToldExecution:
    time = datetime(2024, 3, 14, 16, tzinfo=UTC)
    return ToldExecution(key, 77, ref, APPLE, "e.01.01", "DU1", Side.BUY, Decimal(10), Decimal(5), time)


async def test_terms_and_the_status_after_them_are_one_report() -> None:
    scene = Scene()
    scene.send()
    scene.hearing.told(order(word="PreSubmitted"))
    assert scene.said == []
    scene.hearing.told(status(word="PreSubmitted", why="child"))
    [told] = scene.said
    assert isinstance(told, OrderReport)
    assert told.standing == StatusReport(Named(ORDER_ID, "77"), BrokerStatus.HELD, hold=Hold.PARENT)


async def test_terms_without_a_status_are_told_when_nothing_follows() -> None:
    scene = Scene()
    scene.send()
    scene.hearing.told(order())
    scene.hearing.settled()
    scene.hearing.told(order())
    scene.hearing.told(execution())
    assert [type(one) for one in scene.said] == [OrderReport, OrderReport, ExecutionReport]


async def test_all_about_an_unknown_contract_waits_for_it_in_order_and_others_go_on() -> None:
    scene = Scene()
    for message in (order(), execution(), ToldCommission("e.01.01", Decimal(1), "USD"), status(word="Filled")):
        scene.hearing.told(message)
    scene.hearing.told(status((18, 4)))
    assert [one.named for one in scene.said if isinstance(one, StatusReport)] == [Named("", "77")]
    scene.directory.may_answer.set()
    await scene.until(5)
    assert [type(one) for one in scene.said[1:]] == [OrderReport, ExecutionReport, CommissionReport, StatusReport]
    traded = scene.said[2]
    assert isinstance(traded, ExecutionReport)
    assert traded.execution.instrument == "AAPL.NASDAQ.USD"


async def test_a_contract_that_is_not_explained_costs_the_session() -> None:
    scene = Scene()
    scene.directory.fails = True
    scene.directory.may_answer.set()
    scene.hearing.told(execution())
    async with asyncio.timeout(5):
        while not scene.given_up:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.002)
    assert scene.said == []


async def test_too_much_that_waits_costs_the_session() -> None:
    scene = Scene(most_waiting=5)
    for _ in range(6):
        scene.hearing.told(execution())
    assert len(scene.given_up) == 1
    scene.hearing.interrupted()


async def test_the_same_number_of_another_client_is_another_order() -> None:
    scene = Scene()
    scene.send()
    for message in (order(THEIRS, ref=""), status(THEIRS), execution(THEIRS, ref=ORDER_ID), status(OURS)):
        scene.hearing.told(message)
    named = [one.named.order_id for one in scene.said if isinstance(one, (OrderReport, ExecutionReport, StatusReport))]
    assert named == ["", "", ORDER_ID]


async def test_what_our_client_placed_under_a_foreign_reference_is_not_ours() -> None:
    scene = Scene()
    scene.send()
    scene.hearing.told(order(ref="by hand"))
    scene.hearing.settled()
    [told] = scene.said
    assert isinstance(told, OrderReport)
    assert told.named == Named("", "77")


async def test_an_error_is_named_with_the_brokers_id_as_soon_as_it_is_known() -> None:
    scene = Scene()
    scene.names.know({3: ORDER_ID})
    scene.hearing.complained(3, 10147, "not found")
    scene.hearing.told(status())
    scene.hearing.complained(3, 10147, "not found")
    names = [one.named for one in scene.said if isinstance(one, ErrorReport)]
    assert names == [Named(ORDER_ID), Named(ORDER_ID, "77")]


async def test_a_hold_that_an_error_told_is_not_forgotten_by_the_next_status() -> None:
    scene = Scene()
    scene.send()
    scene.hearing.complained(3, 399, "your order will not be placed at the exchange until the next session opens")
    scene.hearing.told(status(word="PreSubmitted"))
    scene.hearing.told(status(word="Submitted"))
    scene.hearing.told(status(word="PreSubmitted"))
    holds = [one.hold for one in scene.said if isinstance(one, StatusReport)]
    assert holds == [Hold.SESSION, Hold.NONE, Hold.TRIGGER]


async def test_what_a_code_means_may_be_set() -> None:
    scene = Scene(categories={4711: ErrorCategory.HELD, 201: ErrorCategory.NOTE})
    scene.hearing.complained(3, 4711, "new")
    scene.hearing.complained(3, 201, "harmless here")
    told = [(one.category, one.hold) for one in scene.said if isinstance(one, ErrorReport)]
    assert told == [(ErrorCategory.HELD, Hold.OTHER), (ErrorCategory.NOTE, Hold.NONE)]


async def test_a_word_nobody_knows_changes_nothing() -> None:
    scene = Scene()
    scene.hearing.told(status(word="ApiUpdate"))
    assert scene.said == [StatusReport(Named("", "77"), BrokerStatus.PENDING)]
