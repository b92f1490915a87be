"""Calls about strategies at work."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from google.protobuf.json_format import ParseDict
from grpc import StatusCode as Code

from scizor.domain.trading.deployments import DeploymentState, StopMode
from scizor.services.trading.deployments.app import DeploymentFilter
from scizor.trading.v1 import deployment_pb2 as pb
from scizor.trading.v1 import performance_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.integration.backtest_server import info_of, reason_of
from tests.unit.trading.build import ACCOUNT
from tests.unit.trading.calls.stage import Stage
from tests.unit.trading.calls.test_orders import refused

ASKED = {
    "strategyId": "sma_cross",
    "symbols": ["AAPL"],
    "capital": {"currencyCode": "USD", "units": 1000},
    "parameters": {"fast": 3},
}


async def started(stage: Stage, request_id: str = "") -> pb.Deployment:
    request = ParseDict({"deployment": ASKED, "requestId": request_id}, rpc.StartStrategyRequest())
    return (await stage.stub.StartStrategy(request, timeout=5)).deployment


async def test_a_strategy_is_put_to_work_on_the_only_account(stage: Stage) -> None:
    deployment = await started(stage, "once")
    assert (deployment.account, deployment.state) == (ACCOUNT, pb.DEPLOYMENT_STATE_STARTING)
    assert (deployment.capital.units, deployment.symbols[0]) == (1000, "AAPL")
    assert await started(stage, "once") == deployment
    assert stage.deployments.stored is not None
    assert stage.deployments.stored.deployment.spec.capital == Decimal(1000)


async def test_it_is_paused_resumed_and_stopped_by_either_name(stage: Stage) -> None:
    made = await started(stage)
    paused = await stage.stub.PauseStrategy(rpc.PauseStrategyRequest(strategy_id="sma_cross"), timeout=5)
    resumed = await stage.stub.ResumeStrategy(rpc.ResumeStrategyRequest(deployment_id=made.id), timeout=5)
    request = rpc.StopStrategyRequest(deployment_id=made.id, mode=pb.STOP_MODE_FLATTEN)
    stopped = await stage.stub.StopStrategy(request, timeout=5)
    assert [one.deployment.state for one in (paused, resumed, stopped)] == [3, 1, 4]
    named = ("", made.id)
    assert stage.deployments.asked == [("sma_cross", ""), named, StopMode.FLATTEN, named]
    assert stage.deployments.woken == 4


async def test_a_step_that_does_not_follow_is_refused(stage: Stage) -> None:
    made = await started(stage)
    error = await refused(stage.stub.ResumeStrategy(rpc.ResumeStrategyRequest(deployment_id=made.id), timeout=5))
    assert (error.code(), reason_of(error)) == (Code.FAILED_PRECONDITION, "DEPLOYMENT_STATE")
    nameless = await refused(stage.stub.ResumeStrategy(rpc.ResumeStrategyRequest(), timeout=5))
    assert nameless.code() is Code.INVALID_ARGUMENT


async def test_a_failed_one_tells_why(stage: Stage) -> None:
    made = await started(stage)
    stored = stage.deployments.stored
    assert stored is not None
    failed = replace(stored.deployment, state=DeploymentState.ERROR, error="line 3: boom")
    stage.deployments.stored = replace(stored, deployment=failed, error_reason="STRATEGY_FAILED")
    told = (await stage.stub.GetDeployment(rpc.GetDeploymentRequest(id=made.id), timeout=5)).deployment
    assert (told.error.message, info_of(told.error).reason) == ("line 3: boom", "STRATEGY_FAILED")


async def test_they_are_listed_by_what_is_asked(stage: Stage) -> None:
    await started(stage)
    request = rpc.ListDeploymentsRequest(strategy_id="sma_cross", state=pb.DEPLOYMENT_STATE_RUNNING)
    answer = await stage.stub.ListDeployments(request, timeout=5)
    assert (len(answer.deployments), answer.next_page_token) == (1, "")
    assert stage.deployments.asked == [DeploymentFilter("sma_cross", "", DeploymentState.RUNNING)]


async def test_performance_has_figures_equity_and_parity(stage: Stage) -> None:
    made = await started(stage)
    request = rpc.GetLivePerformanceRequest(deployment_id=made.id, parity_sessions=2)
    told = (await stage.stub.GetLivePerformance(request, timeout=5)).performance
    assert (told.account, told.metrics[0].name, told.equity.equity[0]) == (ACCOUNT, "sharpe", 1000.5)
    assert (told.equity.session_date[0], told.equity.drawdown[0]) == (20261120, -0.1)
    assert (len(told.parity), told.parity[0].pnl.units) == (2, -3)
    difference = told.parity[0].differences[0]
    assert (difference.cause, difference.live_price.value) == (performance_pb2.PARITY_CAUSE_DATA, "10")
    assert not difference.HasField("backtest_price")
    whole = (await stage.stub.GetLivePerformance(rpc.GetLivePerformanceRequest(), timeout=5)).performance
    assert (whole.deployment_id, len(whole.parity)) == ("", 0)
