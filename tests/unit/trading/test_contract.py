"""The contract of trading: its numbers are the domain's, its paths its own, its rules those of the domain."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from protovalidate import Validator

from scizor.backtest.v1 import backtest_service_pb2 as backtest
from scizor.domain.orders import OrderType, TimeInForce
from scizor.domain.trading.deployments import CatchUp, DeploymentState, StopMode
from scizor.domain.trading.differences import DifferenceKind
from scizor.domain.trading.events import EventKind, Source
from scizor.domain.trading.limits import Rule, Scope
from scizor.domain.trading.orders import Origin
from scizor.domain.trading.states import Hold, OrderState
from scizor.domain.trading.trading_state import TradingState
from scizor.marketdata.v1 import market_data_service_pb2 as marketdata
from scizor.trading.v1 import deployment_pb2, order_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as trading

SERVICES = (
    trading.DESCRIPTOR.services_by_name["TradingService"],
    backtest.DESCRIPTOR.services_by_name["BacktestService"],
    marketdata.DESCRIPTOR.services_by_name["MarketDataService"],
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (OrderState, order_pb2.OrderState),
        (Hold, order_pb2.OrderHold),
        (Origin, order_pb2.OrderOrigin),
        (OrderType, order_pb2.OrderType),
        (TimeInForce, order_pb2.TimeInForce),
        (EventKind, order_pb2.OrderEventKind),
        (Source, order_pb2.EventSource),
        (Rule, risk_pb2.RiskRule),
        (Scope, risk_pb2.RiskScope),
        (TradingState, risk_pb2.TradingState),
        (DeploymentState, deployment_pb2.DeploymentState),
        (StopMode, deployment_pb2.StopMode),
        (CatchUp, deployment_pb2.CatchUp),
        (DifferenceKind, trading.DifferenceKind),
    ],
)
def test_numbers_and_names_are_the_domains(ours: type[IntEnum], theirs: Any) -> None:
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", theirs.DESCRIPTOR.name).upper() + "_"
    wire = {name.removeprefix(prefix): number for name, number in theirs.items() if number}
    assert wire == {one.name: one.value for one in ours if one.value}


def paths(service: Any) -> list[tuple[str, str]]:
    found = []
    for method in service.methods:
        http = method.GetOptions().Extensions[annotations_pb2.http]
        for rule in (http, *http.additional_bindings):
            verb = rule.WhichOneof("pattern")
            if verb is None:  # a call without a path, such as an upload
                continue
            found.append((verb, re.sub(r"\{[^}]*\}", "{}", getattr(rule, verb))))
    return found


def test_every_call_has_a_path_and_no_two_services_share_one() -> None:
    own, *others = (paths(service) for service in SERVICES)
    assert len(own) >= len(SERVICES[0].methods)
    assert len(own) == len(set(own))
    assert all(path.startswith("/api/") for _, path in own)
    assert {each for other in others for each in other}.isdisjoint(own)


def test_every_answer_is_its_own_and_mutations_can_be_repeated_safely() -> None:
    for method in SERVICES[0].methods:
        assert method.output_type.name == f"{method.name}Response"
        fields = method.input_type.fields_by_name
        read = method.GetOptions().Extensions[annotations_pb2.http].get or method.name.startswith(("Check", "Run"))
        assert ("request_id" in fields) != bool(read), method.name


def terms(**changes: Any) -> order_pb2.OrderTerms:
    fields: dict[str, Any] = {
        "quantity": Decimal(value="100"),
        "type": order_pb2.ORDER_TYPE_LIMIT,
        "limit_price": Decimal(value="101.25"),
    }
    return order_pb2.OrderTerms(**{name: value for name, value in {**fields, **changes}.items() if value is not None})


def broken(message: Any) -> set[str]:
    return {violation.proto.rule_id for violation in Validator().collect_violations(message)}


def test_good_terms_pass() -> None:
    trailing = terms(type=order_pb2.ORDER_TYPE_TRAILING, limit_price=None, trail_fraction=Decimal(value="0.05"))
    market = terms(type=order_pb2.ORDER_TYPE_MARKET, limit_price=None, time_in_force=order_pb2.TIME_IN_FORCE_CLS)
    dated = terms(time_in_force=order_pb2.TIME_IN_FORCE_GTD, good_till_time=Timestamp(seconds=1))
    for good in (terms(), trailing, market, dated):
        assert broken(good) == set()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"quantity": Decimal(value="0.00")}, "quantity.positive"),
        ({"quantity": Decimal(value="1e3")}, "quantity.positive"),
        ({"limit_price": Decimal(value="-1")}, "limit_price.positive"),
        ({"limit_price": None}, "terms.limit_price"),
        ({"stop_price": Decimal(value="1")}, "terms.stop_price"),
        ({"type": order_pb2.ORDER_TYPE_STOP_LIMIT}, "terms.stop_price"),
        ({"trail_amount": Decimal(value="1")}, "terms.trail"),
        ({"type": order_pb2.ORDER_TYPE_TRAILING, "limit_price": None}, "terms.trail"),
        ({"time_in_force": order_pb2.TIME_IN_FORCE_GTD}, "terms.good_till_time"),
        (
            {"type": 3, "limit_price": None, "stop_price": Decimal(value="1"), "time_in_force": 4},
            "terms.time_in_force",
        ),
    ],
)
def test_terms_no_market_takes_are_refused_by_the_contract(changes: dict[str, Any], rule: str) -> None:
    assert rule in broken(terms(**changes))


def test_limits_say_whose_they_are_and_how_much() -> None:
    assert (
        broken(
            risk_pb2.RiskLimit(
                rule=risk_pb2.RISK_RULE_ORDER_QUANTITY, scope=risk_pb2.RISK_SCOPE_ACCOUNT, value=Decimal(value="100")
            )
        )
        == set()
    )
    assert (
        broken(
            risk_pb2.RiskLimit(rule=risk_pb2.RISK_RULE_RESTRICTED, scope=risk_pb2.RISK_SCOPE_SYMBOL, key="GME.NYSE.USD")
        )
        == set()
    )
    assert broken(risk_pb2.RiskLimit(rule=risk_pb2.RISK_RULE_ORDER_QUANTITY, scope=risk_pb2.RISK_SCOPE_STRATEGY)) == {
        "limit.key",
        "limit.value",
    }


def test_the_kill_switch_goes_with_halted_and_says_why() -> None:
    assert (
        broken(trading.SetTradingStateRequest(state=risk_pb2.TRADING_STATE_HALTED, flatten=True, reason="enough"))
        == set()
    )
    assert "state.flatten" in broken(
        trading.SetTradingStateRequest(state=risk_pb2.TRADING_STATE_ACTIVE, flatten=True, reason="go")
    )
    assert broken(trading.StopStrategyRequest()) == {"deployment.named"}
