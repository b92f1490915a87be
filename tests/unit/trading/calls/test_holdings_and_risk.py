"""Calls about what is held, what is at risk, and how trading stands."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from google.protobuf.json_format import ParseDict
from google.type.decimal_pb2 import Decimal as DecimalMessage
from grpc import StatusCode as Code

from scizor.domain.errors import InvalidInput
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.journal import BookedExecution
from scizor.ports.trading import BreachAction, RiskEvent, RiskEventKind, StoredLimit, Trade, TradeFilter
from scizor.services.trading.desk.drafts import Checked
from scizor.services.trading.use_cases import LimitFilter, LimitWish, StateWish
from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.integration.backtest_server import fields_of, reason_of
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW, execution
from tests.unit.trading.calls.stage import Stage, position
from tests.unit.trading.calls.test_orders import place, refused


async def test_positions_come_in_pages_by_symbol(stage: Stage) -> None:
    stage.values.held = [position(name) for name in ("C.NYSE.USD", "A.NYSE.USD", "B.NYSE.USD")]
    first = await stage.stub.ListPositions(rpc.ListPositionsRequest(page_size=2, by_strategy=True), timeout=5)
    rest = rpc.ListPositionsRequest(page_size=2, by_strategy=True, page_token=first.next_page_token)
    second = await stage.stub.ListPositions(rest, timeout=5)
    shown = [held.symbol for held in (*first.positions, *second.positions)]
    assert (shown, second.next_page_token) == (["A.NYSE.USD", "B.NYSE.USD", "C.NYSE.USD"], "")
    assert stage.values.asked[0] == (ACCOUNT, "", "", True, False)


async def test_positions_of_all_accounts_are_shown_where_none_is_named(stage: Stage) -> None:
    stage.open("DU2")
    stage.values.held = [position(account="DU2"), position()]
    answer = await stage.stub.ListPositions(rpc.ListPositionsRequest(symbol="AAPL"), timeout=5)
    assert [held.account for held in answer.positions] == [ACCOUNT, "DU2"]
    assert {asked[2] for asked in stage.values.asked if isinstance(asked, tuple)} == {INSTRUMENT}


async def test_a_position_or_a_part_is_closed(stage: Stage) -> None:
    await stage.stub.PlaceOrder(place(), timeout=5)
    part = rpc.ClosePositionRequest(symbol="AAPL", quantity=DecimalMessage(value="0.5"))
    assert (await stage.stub.ClosePosition(part, timeout=5)).order.client_order_id == "mine-1"
    await stage.stub.ClosePosition(rpc.ClosePositionRequest(symbol="AAPL", strategy_id="rsi"), timeout=5)
    await stage.stub.CloseAllPositions(rpc.CloseAllPositionsRequest(strategy_id="rsi"), timeout=5)
    assert stage.desk.asked == [("AAPL", "", Decimal("0.5")), ("AAPL", "rsi", None), "rsi"]
    stage.desk.refuse = InvalidInput.of_field("terms.quantity", "must be a multiple of 1")
    assert fields_of(await refused(stage.stub.ClosePosition(part, timeout=5))) == ["quantity"]


async def test_trades_come_in_pages_newest_first(stage: Stage) -> None:
    stage.storage.orders.executed = [
        Trade(BookedExecution(execution(f"e{n}.01", n + 1, at=timedelta(seconds=n)), "order-1", "", "", {}))
        for n in range(3)
    ]
    first = await stage.stub.ListTrades(rpc.ListTradesRequest(page_size=2), timeout=5)
    rest = rpc.ListTradesRequest(page_size=2, page_token=first.next_page_token)
    second = await stage.stub.ListTrades(rest, timeout=5)
    assert [trade.id for trade in (*first.trades, *second.trades)] == ["e2", "e1", "e0"]


async def test_a_filter_of_trades_is_understood(stage: Stage) -> None:
    request = rpc.ListTradesRequest(account=ACCOUNT, symbol="AAPL")
    request.start_time.FromDatetime(NOW)
    await stage.stub.ListTrades(request, timeout=5)
    assert stage.storage.orders.asked == [TradeFilter(ACCOUNT, instrument=INSTRUMENT, start=NOW)]


async def test_the_account_and_its_exposure_are_told(stage: Stage) -> None:
    answer = await stage.stub.GetAccount(rpc.GetAccountRequest(), timeout=5)
    assert (answer.account.id, answer.account.equity.units, answer.account.paper) == (ACCOUNT, 1000, True)
    exposure = await stage.stub.GetExposure(rpc.GetExposureRequest(), timeout=5)
    assert exposure.exposure.gross.currency_code == "USD"
    assert (await stage.stub.CheckRisk(rpc.CheckRiskRequest(), timeout=5)).passed


async def test_an_order_is_checked_and_not_placed(stage: Stage) -> None:
    limit = Limit("id", Rule.ORDER_NOTIONAL, Scope.ACCOUNT, ACCOUNT, Decimal(10))
    stage.desk.checked = Checked((Violation(limit, Decimal(11), "too much"),), Decimal("1012.5"), None)
    answer = await stage.stub.CheckOrder(rpc.CheckOrderRequest(order=place().order), timeout=5)
    assert (answer.passed, answer.violations[0].message, answer.value.units) == (False, "too much", 1012)
    assert not answer.HasField("commission")
    assert stage.storage.orders.entries == []


async def test_a_limit_is_set_for_whom_its_key_names(stage: Stage) -> None:
    async def wished(scope: str, key: str) -> object:
        limit = {"rule": "RISK_RULE_ORDER_QUANTITY", "scope": scope, "key": key, "value": {"value": "5"}}
        await stage.stub.SetRiskLimit(ParseDict({"limit": limit}, rpc.SetRiskLimitRequest()), timeout=5)
        return stage.risk.wishes[-1]

    quantity = Rule.ORDER_QUANTITY
    assert await wished("RISK_SCOPE_ACCOUNT", "") == LimitWish(quantity, Scope.ACCOUNT, ACCOUNT, Decimal(5))
    assert await wished("RISK_SCOPE_SYMBOL", "AAPL") == LimitWish(quantity, Scope.SYMBOL, INSTRUMENT, Decimal(5))
    strategy = LimitWish(quantity, Scope.STRATEGY, "sma_cross", Decimal(5))
    assert await wished("RISK_SCOPE_STRATEGY", "sma_cross") == strategy
    assert stage.risk.committed_for == ["", "", ""]


@pytest.mark.parametrize(
    ("scope", "key", "reason"),
    [
        ("RISK_SCOPE_ACCOUNT", "DU9", "ACCOUNT_NOT_FOUND"),
        ("RISK_SCOPE_SYMBOL", "NONE", "SYMBOL_NOT_FOUND"),
        ("RISK_SCOPE_STRATEGY", "none", "STRATEGY_NOT_FOUND"),
        ("RISK_SCOPE_SYMBOL", "", "FIELD_INVALID"),
    ],
)
async def test_a_limit_for_nobody_is_refused(stage: Stage, scope: str, key: str, reason: str) -> None:
    limit = {"rule": "RISK_RULE_ORDER_QUANTITY", "scope": scope, "key": key, "value": {"value": "5"}}
    request = ParseDict({"limit": limit}, rpc.SetRiskLimitRequest())
    assert reason_of(await refused(stage.stub.SetRiskLimit(request, timeout=5))) == reason


async def test_a_limit_is_set_once_for_a_request_id(stage: Stage) -> None:
    limit = {"rule": "RISK_RULE_RESTRICTED", "scope": "RISK_SCOPE_SYMBOL", "key": "AAPL"}
    request = ParseDict({"limit": limit, "requestId": "once"}, rpc.SetRiskLimitRequest())
    answers = [await stage.stub.SetRiskLimit(request, timeout=5) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(stage.risk.wishes) == 1


async def test_limits_come_in_pages_and_go(stage: Stage) -> None:
    for number, rule in enumerate((Rule.LEVERAGE, Rule.DRAWDOWN, Rule.DAILY_LOSS)):
        limit = Limit(f"{number:08d}-0000-4000-8000-000000000000", rule, Scope.ACCOUNT, ACCOUNT, Decimal(1))
        stage.risk.stored[limit.id] = StoredLimit(limit, BreachAction.TELL, NOW)
    first = await stage.stub.ListRiskLimits(rpc.ListRiskLimitsRequest(page_size=2), timeout=5)
    rest = rpc.ListRiskLimitsRequest(page_size=2, page_token=first.next_page_token)
    second = await stage.stub.ListRiskLimits(rest, timeout=5)
    assert [one.rule for one in (*first.limits, *second.limits)] == [8, 10, 11]
    named = rpc.ListRiskLimitsRequest(scope=risk_pb2.RISK_SCOPE_SYMBOL, key="AAPL")
    await stage.stub.ListRiskLimits(named, timeout=5)
    assert stage.risk.wishes[-1] == LimitFilter(None, Scope.SYMBOL, INSTRUMENT)
    gone = first.limits[0]
    await stage.stub.DeleteRiskLimit(rpc.DeleteRiskLimitRequest(id=gone.id, etag=gone.etag), timeout=5)
    error = await refused(stage.stub.GetRiskLimit(rpc.GetRiskLimitRequest(id=gone.id), timeout=5))
    assert reason_of(error) == "RISK_LIMIT_NOT_FOUND"


async def test_risk_events_come_in_pages_newest_first(stage: Stage) -> None:
    stage.risk.told = [RiskEvent(NOW, RiskEventKind.BREACH, ACCOUNT, "x", sequence=n) for n in (1, 2, 3)]
    first = await stage.stub.ListRiskEvents(rpc.ListRiskEventsRequest(page_size=2), timeout=5)
    rest = rpc.ListRiskEventsRequest(page_size=2, page_token=first.next_page_token)
    second = await stage.stub.ListRiskEvents(rest, timeout=5)
    assert [event.sequence for event in (*first.events, *second.events)] == [3, 2, 1]


async def test_a_stress_test_knows_symbols_by_their_references(stage: Stage) -> None:
    scenario = {"name": "crash", "shock": -0.1, "symbolShocks": {"AAPL": -0.5}}
    request = ParseDict({"scenarios": [scenario]}, rpc.RunStressTestRequest())
    answer = await stage.stub.RunStressTest(request, timeout=5)
    assert [(line.symbol, line.shock) for line in answer.results[0].lines] == [(INSTRUMENT, -0.5)]
    unknown = ParseDict({"scenarios": [scenario | {"symbolShocks": {"NONE": 1}}]}, rpc.RunStressTestRequest())
    assert reason_of(await refused(stage.stub.RunStressTest(unknown, timeout=5))) == "SYMBOL_NOT_FOUND"


async def test_a_halt_is_latched_and_begun(stage: Stage) -> None:
    await stage.stub.PlaceOrder(place(), timeout=5)
    halted = risk_pb2.TRADING_STATE_HALTED
    request = rpc.SetTradingStateRequest(state=halted, flatten=True, reason="enough", request_id="kill")
    status = (await stage.stub.SetTradingState(request, timeout=5)).status
    assert (status.state, status.flattening, status.state_reason, status.open_orders) == (halted, True, "enough", 1)
    assert stage.risk.wishes == [StateWish(ACCOUNT, TradingState.HALTED, "enough", True)]
    assert stage.risk.committed_for == [ACCOUNT]
    told = (await stage.stub.GetTradingStatus(rpc.GetTradingStatusRequest(), timeout=5)).status
    assert (told.state, told.gate, list(told.accounts)) == (halted, rpc.GATE_STATE_OPEN, [ACCOUNT])


async def test_flattening_goes_with_a_halt(stage: Stage) -> None:
    request = rpc.SetTradingStateRequest(state=risk_pb2.TRADING_STATE_ACTIVE, flatten=True, reason="x")
    error = await refused(stage.stub.SetTradingState(request, timeout=5))
    assert error.code() is Code.INVALID_ARGUMENT


async def test_a_comparison_is_told_with_what_it_left(stage: Stage) -> None:
    request = rpc.ReconcileRequest(request_id="once")
    first = await stage.stub.Reconcile(request, timeout=5)
    assert (first.corrections, first.status.differences, first.differences[0].subject) == (1, 1, "USD")
    stage.answers.kept.clear()
    assert (await stage.stub.Reconcile(request, timeout=5)).corrections == 1
    assert (await stage.stub.Reconcile(rpc.ReconcileRequest(), timeout=5)).corrections == 3
