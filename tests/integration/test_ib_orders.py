"""Orders through the adapter to a gateway: what is placed, changed, traded and refused, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import (
    BrokerStatus,
    CommissionReport,
    ErrorCategory,
    ErrorReport,
    ExecutionReport,
    OrderReport,
)
from scizor.domain.trading.states import Hold
from tests.integration.ib_order_stage import FAR, OrderStage, limit, market, order_stage
from tests.integration.ib_stage import OPEN

LOW, HIGH = Decimal("5.00"), Decimal("9000.50")
PRICES: dict[OrderType, dict[str, Any]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit": LOW},
    OrderType.STOP: {"stop": HIGH},
    OrderType.STOP_LIMIT: {"stop": HIGH, "limit": HIGH + 1},
    OrderType.TRAILING: {"trail_fraction": Decimal("0.125"), "stop": HIGH},
    OrderType.MARKET_IF_TOUCHED: {"stop": LOW},
    OrderType.LIMIT_IF_TOUCHED: {"stop": LOW, "limit": LOW},
}
_PLAIN = (OrderType.MARKET, OrderType.LIMIT)
_ANY_TYPE = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)


def every_combination() -> list[Terms]:
    till = OPEN + timedelta(hours=1)
    return [
        Terms(Decimal(7), kind, tif=tif, good_till=till if tif is TimeInForce.GTD else None, **PRICES[kind])
        for kind, tif in product(OrderType, TimeInForce)
        if kind in _PLAIN or tif in _ANY_TYPE
    ]


def reports_of(on: OrderStage, order_id: str) -> list[OrderReport]:
    return [one for one in on.ear.of(OrderReport) if one.named.order_id == order_id]


def errors_of(on: OrderStage, order_id: str) -> list[tuple[int, ErrorCategory]]:
    return [(one.code, one.category) for one in on.ear.of(ErrorReport) if one.named.order_id == order_id]


async def test_every_type_and_time_in_force_is_taken_and_told_back_as_it_was_asked_for(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        tickets = [on.place(terms) for terms in every_combination()]
        await on.ear.until(
            lambda: {one.named.order_id for one in on.ear.of(OrderReport)} >= {t.request.id for t in tickets}
        )
        books = await on.orders.snapshot(on.account)
        shown = {one.named.order_id: one for one in (*books.open_orders, *books.completed_orders)}
        for ticket in tickets:
            for report in (*reports_of(on, ticket.request.id), shown[ticket.request.id]):
                assert report.terms == ticket.terms
        assert on.ear.of(ErrorReport) == []


async def test_a_refused_change_leaves_the_order_on_its_terms(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = await on.working()
        on.faults.orders.reject(110, 1)
        on.replace(ticket, limit(10, "5.005"))
        await on.ear.until(lambda: errors_of(on, ticket.request.id))
        assert errors_of(on, ticket.request.id) == [(110, ErrorCategory.COMMAND_REFUSED)]
        [shown] = (await on.orders.snapshot(on.account)).open_orders
        assert shown.terms == ticket.terms


@pytest.mark.parametrize("code", [201, 203])
async def test_a_rejected_order_is_told_so_once_with_code_and_name(tmp_path: Path, code: int) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.reject(code, 1)
        ticket = on.place(market(10))
        await on.ear.until(lambda: errors_of(on, ticket.request.id))
        assert errors_of(on, ticket.request.id) == [(code, ErrorCategory.REFUSED)]
        assert on.ear.statuses(ticket.request.id) == [BrokerStatus.PENDING]
        [shown] = (await on.orders.snapshot(on.account)).completed_orders
        assert (shown.standing.status, shown.named.order_id) == (BrokerStatus.REJECTED, ticket.request.id)


async def test_a_refusal_without_an_order_is_told_at_once(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = on.place(limit(10, "5.005"))
        await on.ear.until(lambda: errors_of(on, ticket.request.id))
        assert errors_of(on, ticket.request.id) == [(110, ErrorCategory.COMMAND_REFUSED)]


async def test_a_cancel_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.orders.know({77: "known-before"})
        on.orders.cancel(77)
        await on.ear.until(lambda: on.ear.of(ErrorReport))
        assert errors_of(on, "known-before") == [(10147, ErrorCategory.CANCEL_REFUSED)]


async def test_a_cancel_never_overtakes_its_order(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        tickets = [on.place(limit(10)) for _ in range(30)]
        on.orders.cancel(tickets[-1].number)
        await on.ear.stands(tickets[-1].request.id, BrokerStatus.CANCELED)
        assert on.ear.of(ErrorReport) == []


async def test_a_brackets_exits_wait_for_their_entry_and_end_each_other(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        entry = on.place(market(10), more_follow=True)
        goal = on.place(limit(10, "9000"), Side.SELL, parent=entry, more_follow=True)
        assert on.ear.statuses(entry.request.id) == []
        loss = on.place(Terms(Decimal(10), OrderType.STOP, stop=LOW), Side.SELL, parent=entry)
        await on.ear.stands(entry.request.id, BrokerStatus.FILLED)
        await on.ear.stands(goal.request.id, BrokerStatus.WORKING)
        holds = [one.hold for one in on.ear.standings(loss.request.id)]
        assert holds[0] is Hold.PARENT
        on.replace(goal, limit(10, "6"))
        await on.ear.stands(goal.request.id, BrokerStatus.FILLED)
        await on.ear.stands(loss.request.id, BrokerStatus.CANCELED)


async def test_one_fill_in_a_group_ends_the_others(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        far = on.place(limit(10), group="pair")
        await on.ear.stands(far.request.id, BrokerStatus.WORKING)
        near = on.place(market(10), group="pair")
        await on.ear.stands(near.request.id, BrokerStatus.FILLED)
        ended = await on.ear.stands(far.request.id, BrokerStatus.CANCELED)
        assert "OCA group" in ended.reason
        assert {order["order_ref"]: order["filled"] for order in on.truth()["orders"]} == {
            far.request.id: "0",
            near.request.id: "10",
        }


async def test_an_expired_order_is_told_to_be_so(tmp_path: Path) -> None:
    async with order_stage(tmp_path, speed=60.0) as on:
        ticket = on.place(limit(10, tif=TimeInForce.GTD, good_till=on.market.clock.now() + timedelta(seconds=90)))
        await on.ear.stands(ticket.request.id, BrokerStatus.EXPIRED)


async def test_an_order_without_shares_to_borrow_is_held(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.shortable("AAPL", "locate")
        ticket = on.place(market(10), Side.SELL)
        await on.ear.until(lambda: errors_of(on, ticket.request.id))
        assert errors_of(on, ticket.request.id) == [(404, ErrorCategory.HELD)]
        assert {one.hold for one in on.ear.standings(ticket.request.id)} == {Hold.LOCATE}


async def test_an_execution_is_told_again_when_it_is_corrected_and_undone(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = on.place(market(10))
        await on.ear.until(lambda: on.ear.commission_of(ticket.request.id))
        on.faults.orders.correct("", 8, "100.25")
        on.faults.orders.bust("")
        await on.ear.until(lambda: len(on.ear.of(ExecutionReport)) == 3)
        told = [one.execution for one in on.ear.of(ExecutionReport)]
        assert [one.revision for one in told] == [1, 2, 3]
        assert len({one.root_id for one in told}) == 1
        assert [one.quantity for one in told] == [10, 8, 0]
        assert told[1].price == Decimal("100.25")
        books = await on.orders.snapshot(on.account)
        assert books.positions == ()
        assert [one.execution.revision for one in books.executions] == [1, 2, 3]


@pytest.mark.parametrize(
    ("demand", "kinds"),
    [
        ({"commission_first": (1,)}, [CommissionReport, ExecutionReport]),
        ({"late_commissions": (1, 0.2)}, [ExecutionReport, CommissionReport]),
        ({"late_executions": (1, 0.2)}, [CommissionReport, ExecutionReport]),
        ({"repeat_executions": (1,), "repeat_commissions": (1,)}, [ExecutionReport] * 2 + [CommissionReport] * 2),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
async def test_executions_and_costs_are_told_as_they_come(
    tmp_path: Path, demand: dict[str, tuple[Any, ...]], kinds: list[type]
) -> None:
    async with order_stage(tmp_path) as on:
        for name, given in demand.items():
            getattr(on.faults.orders, name)(*given)
        on.place(market(10))
        told = (ExecutionReport, CommissionReport)
        await on.ear.until(lambda: sum(isinstance(one, told) for one in on.ear.reports) == len(kinds))
        assert [type(one) for one in on.ear.reports if isinstance(one, told)] == kinds


async def test_partial_fills_count_up(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.slices(4)
        ticket = on.place(market(10))
        await on.ear.stands(ticket.request.id, BrokerStatus.FILLED)
        assert sum(one.execution.quantity for one in on.ear.of(ExecutionReport)) == 10
        filled = [one.filled for one in on.ear.standings(ticket.request.id)]
        assert filled == sorted(filled)
        assert filled[-1] == 10


async def test_an_order_is_known_by_our_id_before_the_broker_gives_it_one(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        on.faults.orders.zero_perm_id(1)
        ticket = await on.working()
        names = [one.named for one in on.ear.standings(ticket.request.id)]
        assert names[0].broker_id == ""
        assert names[-1].broker_id == str(on.truth()["orders"][0]["perm_id"])


async def test_an_error_that_is_no_end_is_told_as_what_it_is(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = await on.working()
        for code in (10349, 388, 4711):
            on.faults.orders.order_error(ticket.request.id, code)
        await on.ear.until(lambda: len(errors_of(on, ticket.request.id)) == 3)
        assert [category for _, category in errors_of(on, ticket.request.id)] == [
            ErrorCategory.NOTE,
            ErrorCategory.COMMAND_REFUSED,
            ErrorCategory.UNKNOWN,
        ]
        assert on.ear.statuses(ticket.request.id)[-1] is BrokerStatus.WORKING


async def test_a_number_out_of_range_is_not_sent(tmp_path: Path) -> None:
    async with order_stage(tmp_path) as on:
        ticket = replace(on.tickets.ticket(limit(1, FAR)), number=1_000_000_000)
        with pytest.raises(SourceFailure) as refused:
            on.orders.place(ticket)
        assert refused.value.category is FailureCategory.REFUSED
