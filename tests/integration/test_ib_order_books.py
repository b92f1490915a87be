"""The broker's books, and what stays true of them through outages, restarts and other people's orders."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbOrderBroker, IbOrderSettings
from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.orders import OrderType
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import BrokerStatus, ErrorCategory, ErrorReport, ExecutionReport, Snapshot
from scizor.services.ibsim.broker.books import read_books
from tests.integration.ib_order_stage import Ear, OrderStage, Tickets, contract_of, limit, market, order_stage
from tests.integration.ib_stage import BHP, QUICK, until
from tests.integration.ibsim_gateway import gateway_process


@asynccontextmanager
async def other_program(on: OrderStage, client_id: int) -> AsyncIterator[tuple[IbOrderBroker, Ear]]:
    """Another connection to the same gateway."""
    ear = Ear()
    broker = IbOrderBroker(replace(QUICK, port=on.port), on.market.clock, IbOrderSettings(client_id=client_id))
    broker.listen(ear)
    await broker.start()
    try:
        await ear.until(lambda: ear.openings)
        yield broker, ear
    finally:
        await broker.stop()


def agree(on: OrderStage, books: Snapshot) -> None:
    """The snapshot is what the gateway has on disk."""
    truth = on.truth()
    assert {one.execution.root_id for one in books.executions} == {
        fill["exec_id"].rpartition(".")[0] for fill in truth["fills"]
    }
    assert {one.exec_id for one in books.commissions} == {one.execution.exec_id for one in books.executions}
    shares = {name: Decimal(held["shares"]) for name, held in truth["positions"].items() if Decimal(held["shares"])}
    assert {one.instrument.partition(".")[0]: one.shares for one in books.positions} == shares
    assert books.cash == {
        currency: Decimal(amount).quantize(Decimal("0.01")) for currency, amount in truth["cash"].items()
    }
    shown = {one.named.broker_id: one.standing.filled for one in (*books.open_orders, *books.completed_orders)}
    assert shown == {str(order["perm_id"]): Decimal(order["filled"]) for order in truth["orders"]}


async def test_a_snapshot_is_the_gateways_own_books(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.slices(7)
        tickets = [on.place(market(20)), on.place(limit(5)), on.place(limit(6))]
        on.orders.place(Tickets(on.account, await contract_of(on.orders, BHP), 500).ticket(limit(10, "30.00")))
        await on.ear.stands(tickets[0].request.id, BrokerStatus.FILLED)
        on.orders.cancel(tickets[1].number)
        await on.ear.stands(tickets[1].request.id, BrokerStatus.CANCELED)
        async with other_program(on, 19) as (other, ear):
            theirs = Tickets(on.account, on.tickets.contract).ticket(market(3))
            other.place(theirs)
            await ear.until(lambda: ear.commission_of(theirs.request.id))
            books, again = await asyncio.gather(on.orders.snapshot(on.account), on.orders.snapshot(on.account))
        agree(on, books)
        assert books.executions == again.executions
        assert (await on.orders.snapshot("DU-ANOTHER")).open_orders == ()


@pytest.mark.parametrize("fault", ["repeat", "reorder"])
async def test_messages_that_come_twice_or_out_of_order_cost_no_execution(tmp_path: Path, fault: str) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.slices(3)
        getattr(on.faults, fault)(10_000)
        tickets = [on.place(market(10)) for _ in range(3)]
        for ticket in tickets:
            await on.ear.stands(ticket.request.id, BrokerStatus.FILLED)
        agree(on, await on.orders.snapshot(on.account))
        live = {one.execution.exec_id for one in on.ear.of(ExecutionReport)}
        assert len(live) == 12


async def test_orders_of_another_client_are_foreign_although_their_numbers_are_ours(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on, other_program(on, 19) as (other, ear):
        ours = await on.working()
        theirs = Tickets(on.account, on.tickets.contract, ours.number).ticket(limit(33))
        other.place(theirs)
        await ear.stands(theirs.request.id, BrokerStatus.WORKING)
        books = await on.orders.snapshot(on.account)
        named = {one.terms.quantity: one.named.order_id for one in books.open_orders}
        assert named == {Decimal(10): ours.request.id, Decimal(33): ""}
        assert all(one.named.broker_id for one in books.open_orders)
        assert {one.named.order_id for one in on.ear.of(type(books.open_orders[0]))} == {ours.request.id}


async def test_a_contract_nobody_here_traded_is_named_in_full(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on, other_program(on, 19) as (other, ear):
        bought = Tickets(on.account, await contract_of(other, BHP)).ticket(limit(1, "30.00"))
        other.place(bought)
        await ear.until(lambda: ear.standings(bought.request.id))
        [shown] = (await on.orders.snapshot(on.account)).open_orders
        assert shown.instrument == "BHP.ASX.AUD"


async def test_the_gateways_day_covers_what_a_snapshot_tells(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        books = await on.orders.snapshot(on.account)
        assert books.covered_since.isoformat() == "2026-11-20T05:00:00+00:00"
        sydney = Tickets(on.account, await contract_of(on.orders, BHP), 500)
        on.orders.place(sydney.ticket(limit(10, "30.00")))
        books = await on.orders.snapshot(on.account)
        assert books.covered_since.isoformat() == "2026-11-20T13:00:00+00:00", "a later midnight, in Sydney"


@pytest.mark.parametrize("code", [1101, 1102])
async def test_a_lost_link_interrupts_and_what_it_swallowed_is_in_the_books(tmp_path: Path, code: int) -> None:
    async with order_stage(tmp_path) as on:
        ticket = await on.working()
        on.faults.lose(0.3, code)
        await on.ear.until(lambda: on.ear.interruptions)
        with pytest.raises(SourceFailure) as refused:
            on.orders.cancel(ticket.number)
        assert refused.value.category is FailureCategory.DISCONNECTED
        on.gateway.publish(on.gateway.broker.cancel(18, ticket.number))
        await on.opened(2)
        assert on.ear.statuses(ticket.request.id)[-1] is BrokerStatus.WORKING
        [shown] = (await on.orders.snapshot(on.account)).completed_orders
        assert (shown.named.order_id, shown.standing.status) == (ticket.request.id, BrokerStatus.CANCELED)


async def test_a_link_lost_during_a_snapshot_fails_it_and_the_next_one_is_whole(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = await on.working()
        on.faults.stall(0.3)
        asking = asyncio.create_task(on.orders.snapshot(on.account))
        await asyncio.sleep(0)
        on.gateway.hang_up()
        with pytest.raises(SourceFailure):
            await asking
        await on.opened(2)
        [shown] = (await on.orders.snapshot(on.account)).open_orders
        assert shown.named.order_id == ticket.request.id


async def test_a_question_without_an_answer_fails_in_time_and_costs_the_session(tmp_path: Path) -> None:
    settings = IbOrderSettings(step_s=0.1)
    async with order_stage(tmp_path, orders=settings, silence_s=5.0) as on:
        on.faults.stall(0.5)
        with pytest.raises(SourceFailure) as failed:
            await on.orders.snapshot(on.account)
        assert failed.value.category is FailureCategory.TIMEOUT
        with pytest.raises(SourceFailure):
            await on.orders.snapshot(on.account)
        await on.opened(2)
        assert (await on.orders.snapshot(on.account)).open_orders == ()


async def test_a_message_that_cannot_be_read_costs_the_session(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        session = on.orders.connection.linked
        assert session is not None
        session.client.decoder.interpret(["5", "3", "265598", "AAPL"])
        await on.opened(2)
        assert "message 5 about orders could not be read" in on.ear.interruptions[0]


async def test_a_broken_data_service_interrupts_no_order(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.notice(2105, "HMDS data farm connection is broken:euhmds")
        await until(lambda: on.orders.connection.status.state is ConnectionState.DEGRADED)
        await on.working()
        on.faults.notice(2106, "HMDS data farm connection is OK:euhmds")
        await until(lambda: on.orders.connection.status.state is ConnectionState.READY)
        assert (len(on.ear.openings), on.ear.interruptions) == (1, [])


async def test_numbers_that_were_rolled_back_are_told_and_refused_when_used_again(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = await on.working()
        on.orders.cancel(ticket.number)
        await on.ear.stands(ticket.request.id, BrokerStatus.CANCELED)
        on.faults.orders.roll_back_ids(1)
        on.gateway.hang_up()
        await on.opened(2)
        assert on.ear.openings[1][1] == ticket.number
        again = replace(on.tickets.ticket(limit(1)), number=ticket.number)
        on.orders.place(again)
        await on.ear.until(lambda: on.ear.of(ErrorReport))
        [told] = on.ear.of(ErrorReport)
        assert (told.code, told.category) == (103, ErrorCategory.COMMAND_REFUSED)
        assert told.named.order_id == again.request.id


async def test_a_hang_up_before_the_acknowledgement_is_told_by_the_books_alone(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.cut(1)
        arrived = on.place(limit(10))
        await on.opened(2)
        on.faults.orders.cut_before(1)
        lost = on.place(limit(11))
        await on.opened(3)
        books = await on.orders.snapshot(on.account)
        assert [one.named.order_id for one in books.open_orders] == [arrived.request.id]
        assert on.ear.standings(lost.request.id) == []


async def test_accounts_are_followed_from_session_to_session(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        first = await on.orders.account(on.account)
        assert first.equity == 1_000_000
        assert first.cash == {"USD": Decimal(1_000_000)}
        assert first.rates == {"USD": Decimal(1)}
        on.gateway.hang_up()
        await on.opened(2)
        told = len(on.ear.accounts)
        on.place(market(10))
        await on.ear.until(lambda: len(on.ear.accounts) > told and on.ear.accounts[-1].cash != first.cash)
        assert on.ear.accounts[-1].maintenance_margin
        with pytest.raises(SourceFailure, match="account code"):
            await on.orders.account("DU-ANOTHER")


@asynccontextmanager
async def program(folder: Path, numbers: dict[int, str]) -> AsyncIterator[tuple[IbOrderBroker, Ear]]:
    """A gateway's process and an adapter, both new; the gateway is killed in the end."""
    with gateway_process(folder, clock="2024-03-14T10:30:00-04:00@1") as gateway:
        ear, broker = Ear(), IbOrderBroker(replace(QUICK, port=gateway.port), SystemClock())
        broker.listen(ear)
        broker.know(numbers)
        await broker.start()
        try:
            await ear.until(lambda: ear.openings)
            yield broker, ear
        finally:
            await broker.stop()


async def test_orders_outlive_the_gateways_process_and_ours(tmp_path: Path) -> None:
    """A fresh adapter knows them by their reference, and the broker's errors about them by their number."""
    trail = Terms(Decimal(3), OrderType.TRAILING, trail_fraction=Decimal("0.5"))
    async with program(tmp_path, {}) as (broker, ear):
        tickets = Tickets(ear.openings[0][0][0], await contract_of(broker), ear.openings[0][1])
        sent = [tickets.ticket(terms) for terms in (limit(10), trail)]
        for ticket in sent:
            broker.place(ticket)
        await ear.until(lambda: all(ear.standings(ticket.request.id) for ticket in sent))
    names = {ticket.number: ticket.request.id for ticket in sent}
    async with program(tmp_path, names) as (broker, ear):
        assert ear.openings[0][1] > sent[-1].number
        books = await broker.snapshot(tickets.account)
        assert [one.named.order_id for one in books.open_orders] == list(names.values())
        assert [one.terms for one in books.open_orders] == [limit(10), trail]
        broker.cancel(sent[0].number)
        await ear.stands(sent[0].request.id, BrokerStatus.CANCELED)
    kept = {order.terms.order_ref: order.status.value for order in read_books(tmp_path / "state.sqlite").orders}
    assert kept[sent[0].request.id] == "Cancelled"
