"""`scizor trade buy`, `sell`, `orders`, `order`, `replace` and `cancel`: what each asks, tells, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from scizor.trading.v1 import order_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.client.scripted_trading import (
    EVENTS,
    FILLED,
    ORDER_ID,
    TRADE,
    VIOLATION,
    WORKING,
    Trading,
    failure,
    order,
    serving,
    trade,
    usd,
)

Capture = pytest.CaptureFixture[str]
BUY, SELL = order_pb2.ORDER_SIDE_BUY, order_pb2.ORDER_SIDE_SELL


@pytest.fixture
def trading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trading]:
    scripted = Trading()
    with serving(scripted) as address:
        monkeypatch.setenv("SCIZOR_ADDRESS", address)
        yield scripted


def asked_order(trading: Trading) -> order_pb2.Order:
    request = trading.asked[-1]
    assert isinstance(request, rpc.PlaceOrderRequest | rpc.CheckOrderRequest)
    return request.order


@pytest.mark.parametrize(
    ("options", "terms"),
    [
        ([], {"type": "ORDER_TYPE_MARKET", "timeInForce": "TIME_IN_FORCE_DAY"}),
        (["--limit", "270.250"], {"type": "ORDER_TYPE_LIMIT", "limitPrice": {"value": "270.25"}}),
        (["--stop", "260"], {"type": "ORDER_TYPE_STOP", "stopPrice": {"value": "260"}}),
        (["--stop", "260", "--limit", "259"], {"type": "ORDER_TYPE_STOP_LIMIT"}),
        (["--touch", "260"], {"type": "ORDER_TYPE_MARKET_IF_TOUCHED", "stopPrice": {"value": "260"}}),
        (["--touch", "260", "--limit", "261"], {"type": "ORDER_TYPE_LIMIT_IF_TOUCHED"}),
        (["--trail", "1.5"], {"type": "ORDER_TYPE_TRAILING", "trailAmount": {"value": "1.5"}}),
        (["--trail-percent", "2.5%"], {"type": "ORDER_TYPE_TRAILING", "trailFraction": {"value": "0.025"}}),
        (["--tif", "opg"], {"timeInForce": "TIME_IN_FORCE_OPG"}),
        (["--good-till", "2026-12-31T16:00-05:00"], {"goodTillTime": "2026-12-31T21:00:00Z"}),
        (["--outside-hours"], {"outsideRegularHours": True}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_orders_terms_are_what_its_options_say(options: list[str], terms: dict[str, Any], trading: Trading) -> None:
    assert trade("buy", "aapl", "100", *options) == 0
    asked = asked_order(trading)
    assert (asked.symbol, asked.side, asked.terms.quantity.value) == ("AAPL", BUY, "100")
    assert MessageToDict(asked.terms).items() >= terms.items()


def test_an_order_takes_its_exits_its_group_and_its_name_along(trading: Trading) -> None:
    exits = ["--take-profit", "280", "--stop-loss", "262"]
    assert trade("sell", "AAPL", "0.5", *exits, "--oco", "g", "--account", "DU1", "--client-id", "mine-1") == 0
    asked = asked_order(trading)
    assert (asked.side, asked.oco_group, asked.account, asked.client_order_id) == (SELL, "g", "DU1", "mine-1")
    assert (asked.bracket.take_profit_price.value, asked.bracket.stop_loss_price.value) == ("280", "262")


def test_a_placed_order_says_how_to_go_on(trading: Trading, capsys: Capture) -> None:
    trading.answers["PlaceOrder"] = rpc.PlaceOrderResponse(order=WORKING, exits=[WORKING])
    assert trade("buy", "AAPL", "1000", "--limit", "270.25", "--tif", "gtc") == 0
    said = capsys.readouterr().out
    assert said.startswith("buy 1,000 AAPL.NASDAQ.USD, limit 270.25, gtc: working as")
    assert f"scizor trade order {ORDER_ID}" in said
    assert "1 exit" in said


def test_an_order_whose_fate_is_not_known_can_be_asked_for_again(trading: Trading, capsys: Capture) -> None:
    away = failure(grpc.StatusCode.UNAVAILABLE, "TRADING_NOT_READY", "account DU1 takes no orders now")
    trading.failures["PlaceOrder"] = [away] * 4
    assert trade("buy", "AAPL", "100") == 3
    said = capsys.readouterr().err
    assert f"--client-id {asked_order(trading).client_order_id}" in said
    assert "scizor trade status" in said
    assert len(said.splitlines()) == 1
    assert len({request.SerializeToString(deterministic=True) for request in trading.asked}) == 1


def test_a_refused_order_tells_every_limit(trading: Trading, capsys: Capture) -> None:
    refused = failure(grpc.StatusCode.FAILED_PRECONDITION, "RISK_REFUSED", "it would break 2 limits: one; other")
    trading.failures["PlaceOrder"] = [refused]
    assert trade("buy", "AAPL", "100") == 1
    assert "one; other" in capsys.readouterr().err


def test_an_order_is_followed_until_it_is_filled(trading: Trading, capsys: Capture) -> None:
    trading.answers["PlaceOrder"] = rpc.PlaceOrderResponse(order=WORKING)
    trading.answers["GetOrder"] = rpc.GetOrderResponse(order=FILLED, events=EVENTS, trades=[TRADE])
    assert trade("buy", "AAPL", "1000", "--wait") == 0
    said = capsys.readouterr().out
    assert "executed 1,000 at 270.245, commission 1.35 USD | filled" in said
    assert "average price  270.2451" in said
    assert trade("buy", "AAPL", "1000", "--wait", "--json") == 0
    placed, first, second, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert placed["order"]["state"] == "ORDER_STATE_WORKING"
    assert [first["event"]["sequence"], second["event"]["sequence"]] == ["1", "2"]
    assert last["order"]["state"] == "ORDER_STATE_FILLED"


def test_an_order_that_ends_unfilled_is_status_1(trading: Trading, capsys: Capture) -> None:
    rejected = order(order_pb2.ORDER_STATE_REJECTED, reason="no shares to borrow")
    trading.answers["PlaceOrder"] = rpc.PlaceOrderResponse(order=WORKING)
    trading.answers["GetOrder"] = rpc.GetOrderResponse(order=rejected, events=EVENTS[:1])
    assert trade("sell", "AAPL", "1000", "--wait") == 1
    assert "ended rejected: no shares to borrow" in capsys.readouterr().err


def test_an_order_can_be_checked_without_being_placed(trading: Trading, capsys: Capture) -> None:
    trading.answers["CheckOrder"] = rpc.CheckOrderResponse(violations=[VIOLATION], value=usd(27_025))
    assert trade("buy", "AAPL", "100", "--limit", "270.25", "--check") == 1
    said = capsys.readouterr().out
    assert "it would be refused" in said
    assert "27,025.00 USD" in said
    assert "1,250.5" in said
    trading.answers["CheckOrder"] = rpc.CheckOrderResponse(passed=True)
    assert trade("buy", "AAPL", "100", "--check", "--json") == 0
    assert json.loads(capsys.readouterr().out)["passed"]


def test_orders_are_listed_as_they_were_asked_for(trading: Trading, capsys: Capture) -> None:
    trading.answers["ListOrders"] = rpc.ListOrdersResponse(orders=[WORKING, FILLED])
    words = ["--open", "--symbol", "aapl", "--state", "partially_filled", "--strategy", "mine", "--limit", "5"]
    assert trade("orders", *words) == 0
    assert trading.asked == [
        rpc.ListOrdersRequest(
            page_size=5,
            symbol="AAPL",
            strategy_id="mine",
            state=order_pb2.ORDER_STATE_PARTIALLY_FILLED,
            open=True,
        )
    ]
    said = capsys.readouterr().out
    assert said.count(ORDER_ID) == 2
    assert "\x1b" not in said
    assert trade("orders", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["orders"]) == 2


def test_one_order_comes_with_its_journal_and_trades(trading: Trading, capsys: Capture) -> None:
    trading.answers["GetOrder"] = rpc.GetOrderResponse(order=FILLED, events=EVENTS, trades=[TRADE])
    assert trade("order", "mine-1") == 0
    said = capsys.readouterr().out
    assert "2 events" in said
    assert "1 trade" in said
    assert trade("order", ORDER_ID, "--json") == 0
    assert trading.asked == [rpc.GetOrderRequest(client_order_id="mine-1"), rpc.GetOrderRequest(id=ORDER_ID)]


def test_an_order_is_replaced_with_what_is_given(trading: Trading, capsys: Capture) -> None:
    trading.answers["GetOrder"] = rpc.GetOrderResponse(order=WORKING)
    trading.answers["ReplaceOrder"] = rpc.ReplaceOrderResponse(order=WORKING)
    assert trade("replace", "mine-1", "--limit", "271", "--quantity", "500", "--tif", "day", "--etag", "v3") == 0
    request = trading.asked[-1]
    terms = request.terms
    assert (request.id, request.etag, terms.limit_price.value, terms.quantity.value) == (ORDER_ID, "v3", "271", "500")
    assert terms.time_in_force == order_pb2.TIME_IN_FORCE_DAY
    assert "working" in capsys.readouterr().out


def test_an_order_is_cancelled_by_its_id_or_by_its_name(trading: Trading, capsys: Capture) -> None:
    trading.answers["GetOrder"] = rpc.GetOrderResponse(order=WORKING)
    cancelling = order(order_pb2.ORDER_STATE_PENDING_CANCEL)
    trading.answers["CancelOrder"] = rpc.CancelOrderResponse(order=cancelling)
    assert trade("cancel", "mine-1") == 0
    assert trade("cancel", ORDER_ID) == 0
    assert [request.id for request in trading.asked if isinstance(request, rpc.CancelOrderRequest)] == [ORDER_ID] * 2
    assert "is pending_cancel" in capsys.readouterr().out
    trading.answers["CancelAllOrders"] = rpc.CancelAllOrdersResponse(orders=[cancelling])
    assert trade("cancel-all", "--symbol", "aapl") == 0
    assert trading.asked[-1].symbol == "AAPL"
    assert "1 order asked to end" in capsys.readouterr().out
