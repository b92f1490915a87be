"""What the calls of Trading send, before any wire: exact numbers, ids that outlive retries, cursors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import grpc
import protovalidate
import pytest
from google.protobuf.message_factory import GetMessageClass

import scizor.client
from scizor.client import (
    BreachAction,
    CatchUp,
    OrderState,
    OrderType,
    Rule,
    Scenario,
    Scope,
    Side,
    StopMode,
    TimeInForce,
    TradingState,
    as_decimal,
    deployments,
    orders,
    positions,
    risk,
    trading,
)
from scizor.client.calls import Call, path_of
from scizor.client.channel import IDEMPOTENT, NUMBERED, service_config
from scizor.client.errors import CallError
from scizor.domain.errors import InvalidInput
from scizor.trading.v1 import deployment_pb2, order_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.client.scripted_trading import ORDER_ID, SERVICE, WORKING, decimal, usd

GONE = CallError(grpc.StatusCode.UNAVAILABLE, "gone")
CHANGES: dict[str, Callable[[], Call[Any, Any]]] = {
    "StartStrategy": lambda: deployments.start_strategy("sma_cross", ["AAPL"], capital="10000"),
    "StopStrategy": lambda: deployments.stop_strategy("sma_cross", mode=StopMode.FLATTEN),
    "PauseStrategy": lambda: deployments.pause_strategy("sma_cross"),
    "ResumeStrategy": lambda: deployments.resume_strategy(deployment_id=ORDER_ID),
    "PlaceOrder": lambda: orders.place_order("AAPL", Side.BUY, 100),
    "ReplaceOrder": lambda: orders.replace_order(WORKING, quantity=50),
    "CancelOrder": lambda: orders.cancel_order(ORDER_ID),
    "CancelAllOrders": lambda: orders.cancel_all_orders(symbol="AAPL"),
    "ClosePosition": lambda: positions.close_position("AAPL", "0.5"),
    "CloseAllPositions": positions.close_all_positions,
    "SetRiskLimit": lambda: risk.set_limit(Rule.DAILY_LOSS, 1000),
    "DeleteRiskLimit": lambda: risk.delete_limit(ORDER_ID),
    "SetTradingState": lambda: trading.set_state(TradingState.HALTED, "drill", flatten=True),
    "Reconcile": trading.reconcile,
}
PRICES = (
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_fraction",
    "take_profit_price",
    "stop_loss_price",
    "stop_loss_limit_price",
)


def order_of(call: Call[Any, Any]) -> order_pb2.Order:
    request = call.request
    assert isinstance(request, rpc.PlaceOrderRequest)
    protovalidate.validate(request)
    return request.order


def buy(quantity: Any = 100, **terms: Any) -> order_pb2.OrderTerms:
    return order_of(orders.place_order("AAPL", Side.BUY, quantity, **terms)).terms


@pytest.mark.parametrize("method", list(SERVICE.methods), ids=lambda method: method.name)
def test_a_request_type_names_its_method(method: Any) -> None:
    assert path_of(GetMessageClass(method.input_type)) == f"/scizor.trading.v1.TradingService/{method.name}"


def test_what_is_retried_only_reads_or_bears_an_id() -> None:
    name = SERVICE.full_name
    assert set(IDEMPOTENT[name]) <= {one for one in SERVICE.methods_by_name if one.startswith(("Get", "List", "Watch"))}
    assert set(NUMBERED[name]) == {
        method.name for method in SERVICE.methods if "request_id" in method.input_type.fields_by_name
    }
    retried = json.loads(service_config())["methodConfig"][0]["name"]
    assert {"service": name, "method": "PlaceOrder"} in retried


@pytest.mark.parametrize("method", sorted(NUMBERED[SERVICE.full_name]))
def test_every_change_bears_a_request_id_of_its_own_and_keeps_the_contracts_rules(method: str) -> None:
    one, other = CHANGES[method]().request, CHANGES[method]().request
    assert isinstance(one, GetMessageClass(SERVICE.methods_by_name[method].input_type))
    protovalidate.validate(one)
    ids = [getattr(request, "request_id") for request in (one, other)]  # noqa: B009 - Message has no such field
    assert all(ids)
    assert ids[0] != ids[1]


def test_the_callers_ids_are_kept() -> None:
    request = orders.place_order("AAPL", Side.SELL, 1, client_order_id="mine-1", request_id="r").request
    assert isinstance(request, rpc.PlaceOrderRequest)
    assert (request.order.client_order_id, request.request_id) == ("mine-1", "r")
    assert request.order.side == order_pb2.ORDER_SIDE_SELL


def test_an_order_without_a_name_is_given_one_nobody_else_has() -> None:
    names = {order_of(orders.place_order("AAPL", Side.BUY, 1)).client_order_id for _ in range(3)}
    assert {len(name) for name in names} == {32}
    assert len(names) == 3


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("value", [101.25, True, "much", "nan", Decimal("inf"), "1e"])
def test_a_price_that_is_not_exact_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        orders.place_order("AAPL", Side.BUY, 1, **{name: value})
    assert [broken.field for broken in caught.value.violations] == [name]


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("quantity", lambda: orders.place_order("AAPL", Side.BUY, 0.5)),  # type: ignore[arg-type]
        ("quantity", lambda: orders.replace_order(WORKING, quantity=1.0)),  # type: ignore[arg-type]
        ("limit_price", lambda: orders.replace_order(WORKING, limit_price=1.5)),  # type: ignore[arg-type]
        ("trail_fraction", lambda: orders.replace_order(WORKING, trail_fraction=0.05)),  # type: ignore[arg-type]
        ("quantity", lambda: positions.close_position("AAPL", 10.0)),  # type: ignore[arg-type]
        ("value", lambda: risk.set_limit(Rule.LEVERAGE, 1.5)),  # type: ignore[arg-type]
        ("capital", lambda: deployments.start_strategy("s", ["A"], capital=1e4)),  # type: ignore[arg-type]
        ("quantity", lambda: risk.check_order("AAPL", Side.BUY, 0.1)),  # type: ignore[arg-type]
    ],
)
def test_a_float_is_refused_wherever_money_or_shares_are_asked_for(field: str, call: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput, match="must be exact") as caught:
        call()
    assert caught.value.violations[0].field == field


def test_numbers_travel_with_all_their_digits_and_none_beside() -> None:
    terms = buy(Decimal("1E+2"), limit_price=Decimal("101.2500"))
    assert (terms.quantity.value, terms.limit_price.value) == ("100", "101.25")
    assert buy("0.12345678").quantity.value == "0.12345678"


def test_capital_is_money_to_the_ninth_decimal_and_no_further() -> None:
    request = deployments.start_strategy("s", ["A"], capital="10000.000000001", currency="EUR").request
    assert isinstance(request, rpc.StartStrategyRequest)
    capital = request.deployment.capital
    assert (capital.units, capital.nanos, capital.currency_code) == (10_000, 1, "EUR")
    for much in ("0.0000000001", "1e30"):
        with pytest.raises(InvalidInput, match="capital"):
            deployments.start_strategy("s", ["A"], capital=much)


def test_answers_are_read_as_exact_numbers() -> None:
    assert as_decimal(usd(-1, -500_000_000)) == Decimal("-1.5")
    assert as_decimal(decimal("0.1")) == Decimal("0.1")
    assert as_decimal(order_pb2.Order().average_price) == 0


@pytest.mark.parametrize(
    ("terms", "type_", "tif"),
    [
        ({}, order_pb2.ORDER_TYPE_MARKET, order_pb2.TIME_IN_FORCE_DAY),
        ({"time_in_force": TimeInForce.OPG}, order_pb2.ORDER_TYPE_MARKET, order_pb2.TIME_IN_FORCE_OPG),
        ({"limit_price": "1"}, order_pb2.ORDER_TYPE_LIMIT, order_pb2.TIME_IN_FORCE_DAY),
        ({"stop_price": 2}, order_pb2.ORDER_TYPE_STOP, order_pb2.TIME_IN_FORCE_DAY),
        ({"limit_price": "1", "stop_price": 2}, order_pb2.ORDER_TYPE_STOP_LIMIT, order_pb2.TIME_IN_FORCE_DAY),
        ({"trail_fraction": "0.05"}, order_pb2.ORDER_TYPE_TRAILING, order_pb2.TIME_IN_FORCE_DAY),
        ({"trail_amount": 1, "stop_price": 9}, order_pb2.ORDER_TYPE_TRAILING, order_pb2.TIME_IN_FORCE_DAY),
        (
            {"stop_price": 2, "type": OrderType.MARKET_IF_TOUCHED},
            order_pb2.ORDER_TYPE_MARKET_IF_TOUCHED,
            order_pb2.TIME_IN_FORCE_DAY,
        ),
        ({"good_till_time": "2026-12-31T21:00Z"}, order_pb2.ORDER_TYPE_MARKET, order_pb2.TIME_IN_FORCE_GTD),
    ],
)
def test_type_and_time_in_force_follow_from_what_is_given(terms: dict[str, Any], type_: int, tif: int) -> None:
    made = buy(**terms)
    assert (made.type, made.time_in_force) == (type_, tif)


def test_an_instant_must_say_its_zone() -> None:
    aware = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert buy(good_till_time=aware).good_till_time.ToDatetime(tzinfo=UTC) == aware
    for naive in (datetime(2026, 12, 31), "2026-12-31T21:00", "soon"):  # noqa: DTZ001 - what is refused
        with pytest.raises(InvalidInput, match="good_till_time"):
            buy(good_till_time=naive)


@pytest.mark.parametrize(
    "call",
    [
        lambda: orders.place_order("AAPL", 1, 1),  # type: ignore[arg-type]  # what an untyped caller may give
        lambda: buy(type="limit"),
        lambda: buy(time_in_force="gtc"),
        lambda: orders.list_orders(state="open"),  # type: ignore[arg-type]  # as above
        lambda: risk.set_limit("daily_loss", 1),  # type: ignore[arg-type]  # as above
        lambda: trading.set_state("HALTED", "why"),  # type: ignore[arg-type]  # as above
    ],
)
def test_a_word_where_an_enum_is_asked_for_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        call()


def test_exits_are_a_bracket() -> None:
    made = order_of(orders.place_order("AAPL", Side.BUY, 1, take_profit_price="110", stop_loss_price=90))
    assert (made.bracket.take_profit_price.value, made.bracket.stop_loss_price.value) == ("110", "90")
    assert not order_of(orders.place_order("AAPL", Side.BUY, 1)).HasField("bracket")


def test_a_replacement_says_all_terms_and_changes_what_was_given() -> None:
    request = orders.replace_order(WORKING, limit_price="271", etag="v3").request
    assert isinstance(request, rpc.ReplaceOrderRequest)
    protovalidate.validate(request)
    wanted = order_pb2.OrderTerms()
    wanted.CopyFrom(WORKING.terms)
    wanted.limit_price.value = "271"
    assert (request.id, request.terms, request.etag) == (ORDER_ID, wanted, "v3")


def test_a_replacement_goes_on_from_the_terms_asked_for_last() -> None:
    asked = order_pb2.Order()
    asked.CopyFrom(WORKING)
    asked.pending_terms.CopyFrom(WORKING.terms)
    asked.pending_terms.quantity.value = "500"
    request = orders.replace_order(asked, limit_price="271").request
    assert isinstance(request, rpc.ReplaceOrderRequest)
    assert request.terms.quantity.value == "500"


def test_a_replacement_changes_how_long_an_order_lives() -> None:
    until = orders.replace_order(WORKING, good_till_time="2026-12-31T21:00Z", outside_regular_hours=True).request
    assert isinstance(until, rpc.ReplaceOrderRequest)
    assert until.terms.time_in_force == order_pb2.TIME_IN_FORCE_GTD
    assert until.terms.outside_regular_hours
    again = order_pb2.Order(id=ORDER_ID, terms=until.terms)
    day = orders.replace_order(again, time_in_force=TimeInForce.DAY).request
    protovalidate.validate(day)
    assert isinstance(day, rpc.ReplaceOrderRequest)
    assert not day.terms.HasField("good_till_time")


def test_a_trail_in_per_cent_takes_the_place_of_one_in_money() -> None:
    trailing = order_pb2.Order(id=ORDER_ID, terms=buy(trail_amount=1))
    request = orders.replace_order(trailing, trail_fraction="0.05").request
    protovalidate.validate(request)
    back = orders.replace_order(
        order_pb2.Order(id=ORDER_ID, terms=buy(trail_fraction="0.05")), trail_amount="1.5"
    ).request
    protovalidate.validate(back)


def test_filters_are_the_contracts_numbers() -> None:
    request = orders.list_orders(state=OrderState.CANCELED, open_only=True, limit=5).request
    assert request == rpc.ListOrdersRequest(page_size=5, state=order_pb2.ORDER_STATE_CANCELED, open=True)
    wanted = risk.list_limits(rule=Rule.SHORT_SALE, scope=Scope.SYMBOL, key="AAPL").request
    assert wanted == rpc.ListRiskLimitsRequest(
        page_size=1_000, rule=risk_pb2.RISK_RULE_SHORT_SALE, scope=risk_pb2.RISK_SCOPE_SYMBOL, key="AAPL"
    )


def test_a_limit_says_what_its_breach_does() -> None:
    request = risk.set_limit(Rule.RESTRICTED, scope=Scope.SYMBOL, key="AAPL", on_breach=BreachAction.HALT).request
    protovalidate.validate(request)
    assert isinstance(request, rpc.SetRiskLimitRequest)
    assert not request.limit.HasField("value")
    assert request.limit.on_breach == risk_pb2.BREACH_ACTION_HALT


def test_a_deployment_pins_what_was_asked_for() -> None:
    call = deployments.start_strategy(
        "sma_cross", ["AAPL"], capital=10_000, parameters={"fast": 20}, live=True, catch_up=CatchUp.ACT_ON_NEWEST
    )
    request = call.request
    assert isinstance(request, rpc.StartStrategyRequest)
    asked = request.deployment
    assert (asked.parameters["fast"], asked.live) == (20, True)
    assert asked.catch_up == deployment_pb2.CATCH_UP_ACT_ON_NEWEST


def test_scenarios_travel_as_fractions() -> None:
    crash = Scenario("crash", Decimal("-0.2"), {"AAPL": Decimal("-0.35")})
    request = risk.run_stress_test([crash], worst_days=5).request
    protovalidate.validate(request)
    assert isinstance(request, rpc.RunStressTestRequest)
    assert request.scenarios[0].shock == -0.2
    assert request.scenarios[0].symbol_shocks == {"AAPL": -0.35}


def test_the_words_of_trading_are_the_clients_own() -> None:
    words = {"Side", "OrderType", "TimeInForce", "OrderState", "Origin", "TradingState", "Rule", "Scope"}
    words |= {"BreachAction", "RiskEventKind", "DeploymentState", "StopMode", "CatchUp", "Scenario", "as_decimal"}
    assert words <= set(scizor.client.__all__)
    assert all(getattr(scizor.client, name) for name in scizor.client.__all__)
