"""Faults of orders on demand, as a real ib_async is told of them; the books stay right."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ib_async
import pytest

from scizor.services.ibsim.broker.books import read_books
from tests.integration.ibsim_stage import AAPL, Stage, stage

FAR = 1.0


def buy(on: Stage, shares: int = 10, limit: float | None = None, **given: Any) -> ib_async.Trade:
    order = (
        ib_async.MarketOrder("BUY", shares, **given)
        if limit is None
        else ib_async.LimitOrder("BUY", shares, limit, **given)
    )
    return on.ib.placeOrder(AAPL, order)


async def filled(on: Stage, count: int = 1) -> None:
    await on.until(lambda: len(on.told("commissionReport")) >= count and len(on.told("execDetails")) >= count)


def kinds(on: Stage) -> Sequence[str]:
    return [name for name, _ in on.heard if name in {"execDetails", "commissionReport"}]


@pytest.mark.parametrize(
    ("demand", "told"),
    [
        ({"do": "repeat_executions", "count": 1}, ["execDetails", "execDetails", "commissionReport"]),
        ({"do": "repeat_commissions", "count": 1}, ["execDetails", "commissionReport", "commissionReport"]),
        ({"do": "commission_first", "count": 1}, ["commissionReport", "execDetails"]),
        ({"do": "late_executions", "count": 1, "seconds": 0.1}, ["commissionReport", "execDetails"]),
        ({"do": "late_commissions", "count": 1, "seconds": 0.1}, ["execDetails", "commissionReport"]),
    ],
    ids=lambda value: value["do"] if isinstance(value, dict) else "",
)
async def test_a_fill_and_its_cost_come_as_demanded(tmp_path: Path, demand: dict[str, Any], told: list[str]) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        assert await on.demand(**demand) == {"ok": True}
        buy(on)
        await on.until(lambda: len(kinds(on)) == len(told))
        assert kinds(on) == told
        assert [float(one.shares) for one in on.gateway.broker.positions()] == [10.0]


async def test_a_correction_takes_the_next_revision_and_the_books_follow(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        buy(on, orderRef="corrected")
        await filled(on)
        (first,) = on.told("execDetails")
        assert await on.demand(do="correct", exec_id="", shares=8, price="100.5") == {"ok": True}
        await filled(on, 2)
        second = on.told("execDetails")[1]
        assert (first.execId[:-2], first.execId[-2:], second.execId[-2:]) == (second.execId[:-2], "01", "02")
        assert (second.shares, second.price, second.cumQty) == (8, 100.5, 8)
        books = await on.books()
        assert [(fill["signed_shares"], fill["price"]) for fill in books["fills"]] == [("8", "100.5")]
        assert float(books["cash"]["USD"]) == 1_000_000 - 8 * 100.5 - 1
        assert await on.demand(do="bust", exec_id=second.execId) == {"ok": True}
        await filled(on, 3)
        assert (on.told("execDetails")[2].execId[-2:], on.told("execDetails")[2].shares) == ("03", 0)
        assert float((await on.books())["cash"]["USD"]) == 1_000_000
        assert on.gateway.broker.positions() == []
        assert not (await on.demand(do="bust", exec_id="nonsense"))["ok"]


async def test_a_false_cancel_leaves_the_order_working(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="false_cancel", code=10349, count=1)
        trade = buy(on, limit=FAR)
        await on.until(lambda: 10349 in on.errors)
        assert trade.orderStatus.status == "Cancelled"  # so the library believes
        assert [order.status.value for order in on.gateway.broker.open_orders()] == ["Submitted"]


async def test_an_error_about_a_live_order_comes_when_it_is_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        trade = buy(on, limit=FAR, orderRef="mine")
        await on.until(lambda: trade.orderStatus.status == "Submitted")
        assert await on.demand(do="order_error", order_ref="mine", code=388) == {"ok": True}
        await on.until(lambda: 388 in on.errors)
        assert [order.status.value for order in on.gateway.broker.open_orders()] == ["Submitted"]
        assert "order_ref" in (await on.demand(do="order_error", order_ref="theirs", code=388))["error"]


@pytest.mark.parametrize(("code", "kept"), [(201, ["Inactive"]), (110, []), (10243, [])])
async def test_a_reject_has_the_demanded_code(tmp_path: Path, code: int, kept: list[str]) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="reject", code=code, count=1)
        buy(on)
        await on.until(lambda: code in on.errors)
        assert [order.status.value for order in on.gateway.broker.orders()] == kept
        buy(on)
        await filled(on)


async def test_a_filled_order_is_told_to_be_submitted_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="regress", count=1)
        buy(on)
        await filled(on)
        assert on.told("orderStatus")[-2:] == [("Filled", 10.0), ("Submitted", 0.0)]


async def test_a_permanent_id_comes_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="zero_perm_id", count=1)
        buy(on)
        await filled(on)
        ids = [order.permId for order in on.told("openOrder")]
        assert ids[0] == 0
        assert min(ids[1:]) > 0


async def test_a_short_sale_is_held_until_there_are_shares_or_refused(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="shortable", symbol="AAPL", how="locate")
        trade = on.ib.placeOrder(AAPL, ib_async.MarketOrder("SELL", 5))
        await on.until(lambda: 404 in on.errors and trade.orderStatus.whyHeld == "locate")
        await on.demand(do="shortable", symbol="AAPL", how="easy")
        await filled(on)
        await on.demand(do="shortable", symbol="AAPL", how="none")
        on.ib.placeOrder(AAPL, ib_async.MarketOrder("SELL", 5))
        await on.until(lambda: 201 in on.errors)


async def test_a_cancel_loses_its_race_with_a_fill(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="race", count=1)
        trade = buy(on, limit=FAR)
        await on.until(lambda: trade.orderStatus.status == "Submitted")
        on.ib.cancelOrder(trade.order)
        await filled(on)
        await on.until(lambda: 10148 in on.errors)
        told = [status for status, _ in on.told("orderStatus")]
        assert told[-2:] == ["PendingCancel", "Filled"]


async def test_a_slow_cancel_is_pending_first(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="slow_cancels", seconds=0.5)
        trade = buy(on, limit=FAR)
        await on.until(lambda: trade.orderStatus.status == "Submitted")
        on.ib.cancelOrder(trade.order)
        await on.until(lambda: 202 in on.errors)
        assert [status for status, _ in on.told("orderStatus")][-2:] == ["PendingCancel", "Cancelled"]


async def test_an_order_whose_answer_is_withheld_is_there_when_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="withhold", count=1)
        buy(on, limit=FAR, orderRef="silent")
        await on.until(on.gateway.broker.open_orders)
        assert on.told("orderStatus") == []
        await on.ib.reqOpenOrdersAsync()
        assert [order.orderRef for order in on.told("openOrder")] == ["silent"]


@pytest.mark.parametrize(("demand", "orders"), [("cut", 1), ("cut_before", 0)])
async def test_the_connection_ends_before_the_answer_or_before_the_order(
    tmp_path: Path, demand: str, orders: int
) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do=demand, count=1)
        buy(on, orderRef="unknown")
        await on.until(lambda: not on.ib.isConnected())
        assert on.told("orderStatus") == []
        assert len((await on.books())["orders"]) == orders
        await on.connect()
        assert [fill.execution.orderRef for fill in await on.ib.reqExecutionsAsync()] == ["unknown"] * orders


async def test_an_order_sent_into_a_lost_link_arrives_late(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="silence", seconds=0.4)
        buy(on, orderRef="late")
        await asyncio.sleep(0.2)  # within the demanded time
        assert (await on.books())["orders"] == []
        on.ib.disconnect()  # the client has given up; what it sent is on its way
        await on.until(on.gateway.broker.orders)
        assert [one["order_ref"] for one in (await on.books())["orders"]] == ["late"]


async def test_order_ids_are_rolled_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        for _ in range(3):
            buy(on)
        await filled(on, 3)
        true_id = on.gateway.broker.next_order_id(7)
        await on.demand(do="roll_back_ids", count=2)
        on.ib.disconnect()
        await on.connect()
        assert on.told("nextValidId")[-1] == true_id - 2


async def test_frozen_orders_fill_when_the_time_is_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="freeze", seconds=0.2)
        buy(on)
        await on.until(lambda: on.told("orderStatus"))
        assert [status for status, _ in on.told("orderStatus")] == ["PreSubmitted"]
        await filled(on)


async def test_an_order_fills_in_slices(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        await on.demand(do="slices", shares=4)
        trade = buy(on)
        await filled(on, 3)
        assert [fill.shares for fill in on.told("execDetails")] == [4, 4, 2]
        assert [fill.cumQty for fill in on.told("execDetails")] == [4, 8, 10]
        assert sum(cost.commission for cost in on.told("commissionReport")) == 1.0
        assert trade.orderStatus.status == "Filled"


async def test_the_books_can_be_read_when_the_gateway_is_gone(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.connect()
        buy(on, orderRef="one")
        buy(on, 5, limit=FAR, orderRef="two", tif="GTC")
        await filled(on)
        await on.until(lambda: len(on.told("orderStatus")) >= 5)
        alive = await on.books()
        price = on.told("execDetails")[0].price
    books = read_books(tmp_path / "state.sqlite")
    assert {name: [one.status.value for one in orders] for name, orders in books.by_reference.items()} == {
        "one": ["Filled"],
        "two": ["Submitted"],
    }
    assert books.shares == {265598: 10}
    assert [(fill.order.terms.order_ref, float(fill.price)) for fill in books.fills] == [("one", price)]
    assert json.loads(json.dumps(alive))["cash"] == {currency: str(cash) for currency, cash in books.cash.items()}


@pytest.mark.parametrize(
    ("demand", "names"),
    [
        ({"do": "shortable", "symbol": "AAPL", "how": "maybe"}, "how"),
        ({"do": "correct", "exec_id": "", "shares": 1, "price": "dear"}, "price"),
        ({"do": "correct", "exec_id": "", "shares": 1, "price": "1"}, "exec_id"),
    ],
)
async def test_a_demand_of_orders_that_breaks_a_rule_names_it(
    tmp_path: Path, demand: dict[str, Any], names: str
) -> None:
    async with stage(tmp_path) as on:
        answer = await on.demand(**demand)
        assert not answer["ok"]
        assert names in answer["error"]
        await asyncio.sleep(0)
