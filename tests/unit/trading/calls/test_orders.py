"""Calls about orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from grpc import StatusCode as Code
from grpc_status import rpc_status

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side
from scizor.domain.trading import events as e
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.orders import Origin, Terms
from scizor.domain.trading.refusal import RiskRefused
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.states import OrderState
from scizor.ports.trading import OrderFilter
from scizor.services.trading.desk.drafts import BracketPrices
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.integration.backtest_server import fields_of, reason_of
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, fill
from tests.unit.trading.calls.stage import Stage

LIMIT = {
    "quantity": {"value": "100"},
    "type": "ORDER_TYPE_LIMIT",
    "limitPrice": {"value": "101.25"},
}


def place(name: str = "mine-1", request_id: str = "", **fields: Any) -> rpc.PlaceOrderRequest:
    order = {"clientOrderId": name, "symbol": "AAPL", "side": "ORDER_SIDE_BUY", "terms": LIMIT} | fields
    return ParseDict({"order": order, "requestId": request_id}, rpc.PlaceOrderRequest())


async def refused(call: Awaitable[Any]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


async def placed(stage: Stage, **fields: Any) -> pb.Order:
    return (await stage.stub.PlaceOrder(place(**fields), timeout=5)).order


async def test_an_order_is_placed_as_it_was_asked_for(stage: Stage) -> None:
    order = await placed(stage, ocoGroup="g-1", bracket={"stopLossPrice": {"value": "95.5"}})
    draft = stage.desk.drafts[0]
    assert (draft.symbol, draft.side, draft.group) == ("AAPL", Side.BUY, "g-1")
    assert draft.terms == Terms(Decimal(100), OrderType.LIMIT, limit=Decimal("101.25"))
    assert draft.bracket == BracketPrices(stop_loss=Decimal("95.5"))
    assert (order.state, order.symbol, order.account) == (pb.ORDER_STATE_PENDING_SUBMIT, INSTRUMENT, ACCOUNT)


async def test_the_audit_is_told_who_asked_and_from_where(stage: Stage) -> None:
    await stage.stub.PlaceOrder(place(), timeout=5, metadata=(("x-scizor-caller", "desk 7"),))
    actor = stage.desk.actors[0]
    assert actor.name == "desk 7"
    assert "127.0.0.1" in actor.source
    assert "grpc" in actor.source


async def test_what_the_server_says_of_an_order_cannot_be_asked_for(stage: Stage) -> None:
    await stage.stub.PlaceOrder(place(strategyId="rsi", state="ORDER_STATE_FILLED", etag="v9"), timeout=5)
    assert stage.desk.drafts[0].strategy_id == ""


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"side": "ORDER_SIDE_UNSPECIFIED"}, "order.side"),
        ({"terms": LIMIT | {"quantity": {"value": "-1"}}}, "order.terms.quantity"),
        ({"terms": LIMIT | {"limitPrice": {"value": "1e3"}}}, "order.terms.limit_price"),
        ({"symbol": "aapl"}, "order.symbol"),
        ({"name": "not a name"}, "order.client_order_id"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named(stage: Stage, fields: dict[str, Any], named: str) -> None:
    error = await refused(stage.stub.PlaceOrder(place(**fields), timeout=5))
    assert (error.code(), fields_of(error)) == (Code.INVALID_ARGUMENT, [named])
    assert stage.desk.drafts == []


async def test_what_the_desk_refuses_is_spelled_as_the_caller_spells_it(stage: Stage) -> None:
    stage.desk.refuse = InvalidInput.of_field("terms.limit", "must be a multiple of 0.01")
    error = await refused(stage.stub.PlaceOrder(place(), timeout=5))
    assert fields_of(error) == ["order.terms.limit_price"]


async def test_a_refusal_by_limits_tells_all_of_them(stage: Stage) -> None:
    limits = [Limit(f"id-{n}", Rule.ORDER_QUANTITY, Scope.ACCOUNT, ACCOUNT, Decimal(n)) for n in range(30)]
    stage.desk.refuse = RiskRefused([Violation(one, Decimal(100), "too much") for one in limits], account=ACCOUNT)
    error = await refused(stage.stub.PlaceOrder(place(), timeout=5))
    assert (error.code(), reason_of(error)) == (Code.FAILED_PRECONDITION, "RISK_REFUSED")
    status, refusal = rpc_status.from_call(error), rpc.CheckOrderResponse()
    assert status is not None
    assert any(detail.Unpack(refusal) for detail in status.details)
    assert [one.limit.value.value for one in refusal.violations] == [str(n) for n in range(30)]
    assert {one.value.value for one in refusal.violations} == {"100"}


async def test_an_account_may_be_left_out_where_there_is_one(stage: Stage) -> None:
    stage.open("DU2")
    error = await refused(stage.stub.PlaceOrder(place(), timeout=5))
    assert (error.code(), fields_of(error)) == (Code.INVALID_ARGUMENT, ["order.account"])
    assert "DU1, DU2" in str(error.details())
    assert (await placed(stage, account="DU2")).account == "DU2"
    missing = await refused(stage.stub.PlaceOrder(place(account="DU3"), timeout=5))
    assert reason_of(missing) == "ACCOUNT_NOT_FOUND"


async def test_a_request_id_is_done_once_however_often_it_is_sent(stage: Stage) -> None:
    calls = [stage.stub.PlaceOrder(place(request_id="once"), timeout=5) for _ in range(5)]
    answers = await asyncio.gather(*calls)
    assert len({answer.order.id for answer in answers}) == len(stage.desk.drafts) == 1
    other = await refused(stage.stub.PlaceOrder(place("mine-2", "once"), timeout=5))
    assert reason_of(other) == "REQUEST_ID_REUSED"


async def test_an_id_whose_request_failed_is_free_again(stage: Stage) -> None:
    stage.desk.refuse = InvalidInput.of_field("symbol", "is odd")
    await refused(stage.stub.PlaceOrder(place(request_id="again"), timeout=5))
    stage.desk.refuse = None
    answer = await stage.stub.PlaceOrder(place(request_id="again"), timeout=5)
    assert answer.order.client_order_id == "mine-1"


async def test_an_order_is_replaced_and_cancelled(stage: Stage) -> None:
    order = await placed(stage)
    terms = ParseDict(LIMIT | {"limitPrice": {"value": "99"}}, pb.OrderTerms())
    stale = rpc.ReplaceOrderRequest(id=order.id, terms=terms, etag="v9")
    assert reason_of(await refused(stage.stub.ReplaceOrder(stale, timeout=5))) == "ETAG_STALE"
    changed = rpc.ReplaceOrderRequest(id=order.id, terms=terms, etag=order.etag, request_id="r")
    replaced = await stage.stub.ReplaceOrder(changed, timeout=5)
    assert replaced.order.pending_terms.limit_price.value == "99"
    assert await stage.stub.ReplaceOrder(changed, timeout=5) == replaced
    cancelled = await stage.stub.CancelOrder(rpc.CancelOrderRequest(id=order.id), timeout=5)
    assert cancelled.order.state == pb.ORDER_STATE_PENDING_CANCEL


@pytest.mark.parametrize("accounts", [1, 2])
async def test_an_order_nobody_has_is_not_found(stage: Stage, accounts: int) -> None:
    if accounts == 2:
        stage.open("DU2")
    nobody = "01234567-89ab-4def-8123-456789abcdef"
    for call in (
        stage.stub.CancelOrder(rpc.CancelOrderRequest(id=nobody), timeout=5),
        stage.stub.GetOrder(rpc.GetOrderRequest(id=nobody), timeout=5),
        stage.stub.GetOrder(rpc.GetOrderRequest(client_order_id="none", account=ACCOUNT), timeout=5),
    ):
        assert reason_of(await refused(call)) == "ORDER_NOT_FOUND"


async def test_an_order_is_found_by_its_id_in_whatever_account_it_is(stage: Stage) -> None:
    stage.open("DU2")
    order = await placed(stage, account="DU2")
    answer = await stage.stub.CancelOrder(rpc.CancelOrderRequest(id=order.id), timeout=5)
    assert (answer.order.account, len(stage.desks.desks["DU2"].actors)) == ("DU2", 2)


async def test_all_open_orders_are_cancelled_at_once(stage: Stage) -> None:
    for name in ("a", "b"):
        await placed(stage, name=name)
    request = rpc.CancelAllOrdersRequest(symbol="AAPL", strategy_id="rsi")
    answer = await stage.stub.CancelAllOrders(request, timeout=5)
    assert [order.client_order_id for order in answer.orders] == ["a", "b"]
    assert stage.desk.asked == [("rsi", "AAPL")]


async def test_an_order_is_told_with_its_journal(stage: Stage) -> None:
    order = await placed(stage)
    for said in (e.Working(), fill(40)):
        stage.desk.say(order.id, said)
    for request in (rpc.GetOrderRequest(id=order.id), rpc.GetOrderRequest(client_order_id="mine-1")):
        answer = await stage.stub.GetOrder(request, timeout=5)
        assert [event.kind for event in answer.events] == [1, 3, 4]
        assert [event.state for event in answer.events] == [1, 3, 4]
        assert answer.order.filled_quantity.value == "40"


async def test_orders_come_in_pages_newest_first(stage: Stage) -> None:
    for number in range(5):
        await placed(stage, name=f"mine-{number}")
    names, token = [], ""
    while True:
        answer = await stage.stub.ListOrders(rpc.ListOrdersRequest(page_size=2, page_token=token), timeout=5)
        names += [order.client_order_id for order in answer.orders]
        token = answer.next_page_token
        if not token:
            break
    assert names == [f"mine-{number}" for number in reversed(range(5))]
    stranger = rpc.ListOrdersRequest(page_size=2, page_token="bogus")
    assert reason_of(await refused(stage.stub.ListOrders(stranger, timeout=5))) == "PAGE_TOKEN_INVALID"


async def test_a_filter_is_understood(stage: Stage) -> None:
    request = rpc.ListOrdersRequest(
        account="DU9",
        strategy_id="rsi",
        symbol="BHP.ASX",
        state=pb.ORDER_STATE_WORKING,
        origin=pb.ORDER_ORIGIN_EXTERNAL,
        open=True,
    )
    await stage.stub.ListOrders(request, timeout=5)
    asked = OrderFilter("DU9", "rsi", "BHP.ASX.AUD", OrderState.WORKING, Origin.EXTERNAL, True)
    stage.open("DU2")
    await stage.stub.ListOrders(rpc.ListOrdersRequest(symbol="XYZ.NYSE.USD"), timeout=5)
    all_of = [OrderFilter(account, instrument="XYZ.NYSE.USD") for account in (ACCOUNT, "DU2")]
    assert stage.storage.orders.asked == [asked, *all_of]
