"""What every broker of orders promises its listener."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import BrokerStatus, ExecutionReport, OrderReport
from scizor.ports.order_broker import Ticket
from tests.contracts.order_brokers import Scene, fake_scene, ib_scene
from tests.integration.ib_order_stage import every_terms, limit
from tests.integration.ibsim_gateway import GatewayProcess, gateway_process


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """In the middle of a session that ended long ago."""
    with gateway_process(tmp_path_factory.mktemp("ibsim"), clock="2024-03-14T10:30:00-04:00@1") as process:
        yield process


@pytest.fixture(params=["fake", "ib"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    made = fake_scene() if request.param == "fake" else ib_scene(request.getfixturevalue("gateway"))
    async with made as opened:
        yield opened


def place(scene: Scene, terms: Terms) -> Ticket:
    ticket = scene.tickets.ticket(terms)
    scene.broker.place(ticket)
    return ticket


async def working(scene: Scene) -> Ticket:
    ticket = place(scene, limit(10))
    await scene.ear.stands(ticket.request.id, BrokerStatus.WORKING)
    return ticket


def reports_of(scene: Scene, ticket: Ticket) -> list[OrderReport]:
    return [one for one in scene.ear.of(OrderReport) if one.named.order_id == ticket.request.id]


async def test_the_accounts_and_the_lowest_number_are_told_at_the_opening(scene: Scene) -> None:
    [(accounts, lowest)] = scene.ear.openings
    assert accounts == (scene.tickets.account,)
    assert lowest > 0


async def test_an_order_is_told_back_on_its_own_terms(scene: Scene) -> None:
    tickets = [place(scene, terms) for terms in every_terms(datetime.now(UTC))]
    await scene.ear.until(lambda: all(reports_of(scene, ticket) for ticket in tickets))
    for ticket in tickets:
        for report in reports_of(scene, ticket):
            assert report.terms == ticket.terms
            assert (report.account, report.side) == (ticket.request.account, ticket.request.side)
            assert report.instrument == "AAPL.NASDAQ.USD"
            assert report.named.broker_id


async def test_other_terms_of_an_order_are_told_back(scene: Scene) -> None:
    ticket = await working(scene)
    wanted = limit(15, "5.25")
    scene.broker.place(replace(ticket, terms=wanted))
    await scene.ear.until(lambda: reports_of(scene, ticket)[-1].terms == wanted)
    assert {one.named.broker_id for one in reports_of(scene, ticket)} == {reports_of(scene, ticket)[0].named.broker_id}


async def test_a_cancelled_order_is_told_to_have_ended_once(scene: Scene) -> None:
    ticket = await working(scene)
    scene.broker.cancel(ticket.number)
    await scene.ear.stands(ticket.request.id, BrokerStatus.CANCELED)
    ended = [one for one in scene.ear.standings(ticket.request.id) if one.status is BrokerStatus.CANCELED]
    assert len(ended) == 1


async def test_a_trade_is_told_with_its_status_and_its_cost_and_is_in_the_books(scene: Scene) -> None:
    before = await scene.broker.snapshot(scene.tickets.account)
    ticket = await scene.trade()
    [told] = [one for one in scene.ear.of(ExecutionReport) if one.named.order_id == ticket.request.id]
    assert told.execution.quantity == 10
    assert told.execution.time.utcoffset() == timedelta()
    [cost] = scene.ear.commission_of(ticket.request.id)
    after = await scene.broker.snapshot(scene.tickets.account)
    assert told in after.executions
    assert cost.commission in after.commissions
    [ended] = [one for one in after.completed_orders if one.named.order_id == ticket.request.id]
    assert (ended.standing.status, ended.terms) == (BrokerStatus.FILLED, ticket.terms)
    assert ended.standing.filled == 10
    held_before = sum((one.shares for one in before.positions), Decimal(0))
    [held] = after.positions
    assert held.instrument == "AAPL.NASDAQ.USD"
    assert held.shares - held_before == 10
    paid = before.cash.get("USD", Decimal(0)) - after.cash["USD"]
    assert paid == told.execution.price * 10 + cost.commission.amount


async def test_a_snapshot_shows_what_is_open_and_when_it_was_asked(scene: Scene) -> None:
    ticket = await working(scene)
    earliest = datetime.now(UTC)
    books = await scene.broker.snapshot(scene.tickets.account)
    assert earliest <= books.asked_time <= datetime.now(UTC)
    assert books.covered_since <= books.asked_time
    [shown] = [one for one in books.open_orders if one.named.order_id == ticket.request.id]
    assert (shown.terms, shown.standing.status) == (ticket.terms, BrokerStatus.WORKING)
    assert shown.named.broker_id == reports_of(scene, ticket)[0].named.broker_id


async def test_nothing_is_sent_or_asked_while_interrupted(scene: Scene) -> None:
    ticket = await working(scene)
    await scene.lose()
    for sent in (scene.tickets.ticket(limit(1)), replace(ticket, terms=limit(20))):
        with pytest.raises(SourceFailure) as refused:
            scene.broker.place(sent)
        assert refused.value.category is FailureCategory.DISCONNECTED
    with pytest.raises(SourceFailure) as refused:
        scene.broker.cancel(ticket.number)
    assert refused.value.category is FailureCategory.DISCONNECTED
    with pytest.raises(SourceFailure):
        await scene.broker.snapshot(scene.tickets.account)
    with pytest.raises(SourceFailure):
        await scene.broker.account(scene.tickets.account)
    await scene.restore()


async def test_after_an_interruption_the_opening_is_told_again_and_orders_live_on(scene: Scene) -> None:
    ticket = await working(scene)
    await scene.lose()
    await scene.restore()
    assert len(scene.ear.openings) == 2
    books = await scene.broker.snapshot(scene.tickets.account)
    assert ticket.request.id in {one.named.order_id for one in books.open_orders}
    scene.broker.cancel(ticket.number)
    await scene.ear.stands(ticket.request.id, BrokerStatus.CANCELED)


async def test_an_accounts_figures_are_told_and_followed(scene: Scene) -> None:
    figures = await scene.broker.account(scene.tickets.account)
    assert (figures.account, figures.base_currency) == (scene.tickets.account, "USD")
    assert figures.equity is not None
    told = len(scene.ear.accounts)
    await scene.move_account()
    await scene.ear.until(lambda: len(scene.ear.accounts) > told)
    assert scene.ear.accounts[-1].equity != figures.equity
