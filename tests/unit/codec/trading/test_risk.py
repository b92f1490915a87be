"""Limits, holdings, states and deployments as messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from scizor.codec.trading import deployments, holdings, risk, status
from scizor.codec.trading.exact import money_from_proto
from scizor.codec.trading.refusals import refusal_to_proto
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.trading.deployments import CatchUp, Deployment, DeploymentSpec, DeploymentState, StopMode
from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.exposure import Holding
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.positions import Lot, Position
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.stress import Scenario, StressLine, StressResult
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.valuation import Mark
from scizor.domain.trading.views import AccountView, ExposureLine, ExposureView, PositionView, StressView
from scizor.ports.trading import (
    AccountState,
    BreachAction,
    RiskEvent,
    RiskEventKind,
    StoredDeployment,
    StoredLimit,
)
from scizor.services.trading.desk.gate import GateState
from scizor.trading.v1 import deployment_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
LIMIT = Limit("id-1", Rule.ORDER_NOTIONAL, Scope.ACCOUNT, "DU1", Decimal("1000.50"))
BROKEN = Violation(LIMIT, Decimal("2000.25"), "order value 2000.25 is above 1000.5")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Rule, risk_pb2.RiskRule),
        (Scope, risk_pb2.RiskScope),
        (BreachAction, risk_pb2.BreachAction),
        (RiskEventKind, risk_pb2.RiskEventKind),
        (TradingState, risk_pb2.TradingState),
        (DifferenceKind, rpc.DifferenceKind),
        (GateState, rpc.GateState),
        (DeploymentState, deployment_pb2.DeploymentState),
        (StopMode, deployment_pb2.StopMode),
        (CatchUp, deployment_pb2.CatchUp),
    ],
)
def test_the_contract_has_our_numbers(ours: Any, theirs: Any) -> None:
    assert {int(one) for one in ours} == {number for number in theirs.values() if number}
    assert all(theirs.Name(one).endswith(one.name) for one in ours)


@given(st.decimals(min_value=0, max_value=10**15, places=8), st.sampled_from([r for r in Rule if not r.is_fraction]))
def test_a_limits_value_comes_back_as_it_was(value: Decimal, rule: Rule) -> None:
    limit = replace(LIMIT, rule=rule, value=value if rule.has_value else Decimal(0))
    message = risk.limit_to_proto(StoredLimit(limit, BreachAction.HALT, NOW, 3))
    assert risk.value_from_proto(message) == limit.value
    assert message.HasField("value") == rule.has_value
    assert (risk.rule_from_proto(message.rule), risk.scope_from_proto(message.scope)) == (rule, Scope.ACCOUNT)
    assert (risk.action_from_proto(message), message.etag) == (BreachAction.HALT, "v3")


def test_a_breach_is_told_when_nothing_else_is_said() -> None:
    assert risk.action_from_proto(risk_pb2.RiskLimit()) is BreachAction.TELL
    assert risk.kind_from_proto(risk_pb2.RISK_EVENT_KIND_UNSPECIFIED) is None


def test_a_violation_has_the_limit_and_what_it_came_to() -> None:
    message = risk.violation_to_proto(BROKEN)
    assert (message.limit.value.value, message.value.value) == ("1000.5", "2000.25")
    assert not risk.violation_to_proto(replace(BROKEN, value=None)).HasField("value")


def test_a_risk_event_becomes_a_message() -> None:
    event = RiskEvent(NOW, RiskEventKind.STATE_CHANGED, "DU1", "halted", state=TradingState.HALTED, sequence=9)
    message = risk.event_to_proto(event)
    assert (message.sequence, message.trading_state) == (9, risk_pb2.TRADING_STATE_HALTED)
    refused = risk.event_to_proto(replace(event, kind=RiskEventKind.ORDER_REFUSED, violations=(BROKEN,), state=None))
    assert (len(refused.violations), refused.trading_state) == (1, 0)


def test_a_refusal_holds_all_violations_in_the_room_there_is() -> None:
    many = [replace(BROKEN, limit=replace(LIMIT, id="0" * 36, key=f"SYMBOL{n}.NASDAQ.USD")) for n in range(57)]
    roomy, tight, tiny = (refusal_to_proto(many, room) for room in (100_000, 4_000, 300))
    assert [one.message for one in roomy.violations] == [BROKEN.message] * 57
    assert [one.limit.key for one in tight.violations] == [one.limit.key for one in many]
    assert tight.ByteSize() <= 4_000
    assert 0 < len(tiny.violations) < 57
    assert tiny.ByteSize() <= 300


@pytest.mark.parametrize("shock", ["nan", "inf"])
def test_a_shock_is_a_number(shock: str) -> None:
    message = risk_pb2.StressScenario(name="odd", shock=float(shock))
    with pytest.raises(InvalidInput, match=r"^scenarios\[0\]\.shock: must be a number"):
        risk.scenario_from_proto(message, "scenarios[0]")


def test_a_scenario_is_as_it_is_written() -> None:
    message = risk_pb2.StressScenario(name="crash", shock=-0.1, symbol_shocks={"AAPL": -0.3})
    assert risk.scenario_from_proto(message, "x") == Scenario("crash", Decimal("-0.1"), {"AAPL": Decimal("-0.3")})


def test_exposure_and_stress_are_told_in_base_currency() -> None:
    line = ExposureLine("AAPL.NASDAQ.USD", Holding(Decimal(10), Decimal(5)), Decimal(500), Decimal(750), 0.075)
    zero = Decimal(0)
    view = ExposureView("EUR", Decimal(500), Decimal(500), Decimal(500), zero, Decimal(750), 0.05, lines=(line,))
    message = risk.exposure_to_proto(view)
    assert (message.worst_gross.units, message.worst_gross.currency_code, message.leverage) == (750, "EUR", 0.05)
    assert (message.lines[0].quantity.value, message.lines[0].buying.value) == ("10", "5")
    assert not message.HasField("value_at_risk")
    lines = (StressLine("AAPL.NASDAQ.USD", Decimal("-0.2"), Decimal(-100)),)
    stressed = risk.stress_to_proto(StressView("EUR", StressResult("x", Decimal(-100), lines), -0.01, (BROKEN,)))
    assert (stressed.pnl.units, stressed.lines[0].shock, len(stressed.violations)) == (-100, -0.2, 1)


def test_a_position_is_told_in_its_own_currency_and_its_sum_in_the_accounts() -> None:
    lots = (Lot(Decimal(3), Decimal("30.30"), NOW, "root.01"), Lot(Decimal(1), Decimal("11.20"), NOW, "opening"))
    held = Position("BHP.ASX.AUD", lots, Decimal("5.5"), fees={"AUD": Decimal(1)})
    view = PositionView("DU1", held, "USD", NOW, mark=Mark(Decimal("12.5"), NOW - timedelta(seconds=2)), net=Decimal(7))
    message = holdings.position_to_proto(view)
    assert (message.quantity.value, message.average_cost.value) == ("4", "10.375")
    assert (message.market_value.currency_code, money_from_proto(message.market_value)) == ("AUD", Decimal(50))
    assert money_from_proto(message.unrealized_pnl) == Decimal("8.5")
    assert (message.net_pnl.currency_code, message.mark.age_seconds) == ("USD", 2.0)
    assert [lot.trade_id for lot in message.lots] == ["root", "opening"]


def test_a_position_without_a_price_has_no_value() -> None:
    message = holdings.position_to_proto(PositionView("DU1", Position("BHP.ASX.AUD"), "USD", NOW))
    absent = ("average_cost", "unrealized_pnl", "market_value", "net_pnl", "mark")
    assert not any(message.HasField(name) for name in absent)  # type: ignore[arg-type]  # the stub wants literals
    assert message.quantity.value == "0"


def test_what_is_not_known_of_an_account_is_absent() -> None:
    view = AccountView("DU1", True, "USD", NOW, equity=Decimal("1000000.01"), cash={"USD": Decimal(5)})
    message = holdings.account_to_proto(view)
    assert (message.paper, message.equity.units, message.equity.nanos) == (True, 1_000_000, 10_000_000)
    assert not message.HasField("buying_power")


def test_the_status_of_trading_joins_state_and_gate() -> None:
    state = AccountState("DU1", TradingState.REDUCING, NOW, "drawdown", "limit id-1", flattening=True)
    standing = status.Standing(True, GateState.RECONCILING, 1, 2, 3, 4, None, ("DU1", "DU2"))
    message = status.status_to_proto(state, standing)
    assert (message.state, message.gate) == (risk_pb2.TRADING_STATE_REDUCING, rpc.GATE_STATE_RECONCILING)
    assert (message.unknown_orders, message.open_orders, message.deployments, message.differences) == (1, 2, 3, 4)
    assert (message.flattening, list(message.accounts), message.HasField("reconcile_time")) == (
        True,
        ["DU1", "DU2"],
        False,
    )


def test_a_difference_tells_whether_it_is_settled() -> None:
    assert status.difference_to_proto(Difference(DifferenceKind.GONE, "order-1", "WORKING", "")).corrected
    assert not status.difference_to_proto(Difference(DifferenceKind.CASH, "USD", "1", "2")).corrected


def test_a_deployment_comes_back_as_it_was_asked_for() -> None:
    asked = {
        "strategyId": "rsi_reversion",
        "parameters": {"window_bars": 14, "name": "x", "on": True},
        "symbols": ["AAPL", "BHP.ASX"],
        "capital": {"currencyCode": "USD", "units": "1000", "nanos": 500000000},
        "live": True,
        "catchUp": "CATCH_UP_ACT_ON_NEWEST",
    }
    spec = deployments.spec_from_proto(ParseDict(asked, deployment_pb2.Deployment()))
    assert spec == DeploymentSpec(
        "rsi_reversion",
        0,
        {"window_bars": 14, "name": "x", "on": True},
        ("AAPL", "BHP.ASX"),
        "",
        Decimal("1000.5"),
        "USD",
        True,
        CatchUp.ACT_ON_NEWEST,
    )
    stored = StoredDeployment(Deployment("d-1", spec), Interval.DAY_1, "", NOW, NOW)
    message = deployments.deployment_to_proto(stored)
    assert deployments.spec_from_proto(message) == spec
    assert deployments.interval_from_proto(message) is Interval.DAY_1
    assert (message.etag, message.state) == ("v1", deployment_pb2.DEPLOYMENT_STATE_STARTING)


def test_what_is_not_said_of_a_deployment_has_a_meaning() -> None:
    assert deployments.interval_from_proto(deployment_pb2.Deployment()) is Interval.DAY_1
    assert deployments.mode_from_proto(deployment_pb2.STOP_MODE_UNSPECIFIED) is StopMode.CANCEL_ORDERS
    assert deployments.state_from_proto(deployment_pb2.DEPLOYMENT_STATE_UNSPECIFIED) is None
    with pytest.raises(InvalidInput, match=r"deployment\.parameters\.n"):
        deployments.spec_from_proto(ParseDict({"parameters": {"n": [1]}}, deployment_pb2.Deployment()))
