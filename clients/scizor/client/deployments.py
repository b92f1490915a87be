"""Every call about strategies at work on an account as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import uuid4

from google.protobuf.struct_pb2 import Struct

from scizor.client.calls import Call, Pages
from scizor.client.exact import Exact, member, money
from scizor.client.values import interval_value
from scizor.domain.backtests import ParameterValue
from scizor.domain.intervals import Interval
from scizor.domain.trading.deployments import CatchUp, DeploymentState, StopMode
from scizor.trading.v1 import deployment_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc

_LARGEST_PAGE = 1_000


def start_strategy(
    strategy_id: str,
    symbols: Iterable[str],
    *,
    capital: Exact,
    currency: str = "USD",
    parameters: Mapping[str, ParameterValue] | None = None,
    strategy_version: int = 0,
    interval: Interval = Interval.DAY_1,
    live: bool = False,
    catch_up: CatchUp = CatchUp.SHOW,
    account: str = "",
    request_id: str = "",
) -> Call[rpc.StartStrategyResponse, pb.Deployment]:
    """Put a strategy to work; returns its deployment, which warms up on stored history before it trades.

    `capital`: the cash it counts as its own. `live`: whether it may move real money. `catch_up`: what it does about
    bars it missed. `strategy_version`: 0 for the newest.
    """
    values = Struct()
    values.update(dict(parameters or {}))
    deployment = pb.Deployment(
        strategy_id=strategy_id,
        strategy_version=strategy_version,
        parameters=values,
        symbols=symbols,
        interval=interval_value(interval),
        account=account,
        capital=money(capital, currency, "capital"),
        live=live,
        catch_up=pb.CatchUp.ValueType(member(catch_up, CatchUp, "catch_up")),
    )
    request = rpc.StartStrategyRequest(deployment=deployment, request_id=request_id or str(uuid4()))
    return Call(request, rpc.StartStrategyResponse, lambda answer: answer.deployment)


def stop_strategy(
    strategy_id: str = "",
    *,
    deployment_id: str = "",
    mode: StopMode = StopMode.CANCEL_ORDERS,
    request_id: str = "",
) -> Call[rpc.StopStrategyResponse, pb.Deployment]:
    """End a strategy's deployment, or the one named; `mode`: what becomes of its orders and positions."""
    request = rpc.StopStrategyRequest(
        strategy_id=strategy_id,
        deployment_id=deployment_id,
        mode=pb.StopMode.ValueType(member(mode, StopMode, "mode")),
        request_id=request_id or str(uuid4()),
    )
    return Call(request, rpc.StopStrategyResponse, lambda answer: answer.deployment)


def pause_strategy(
    strategy_id: str = "", *, deployment_id: str = "", request_id: str = ""
) -> Call[rpc.PauseStrategyResponse, pb.Deployment]:
    """Let a strategy's deployment, or the one named, watch without sending orders; its open orders stay."""
    request = rpc.PauseStrategyRequest(
        strategy_id=strategy_id, deployment_id=deployment_id, request_id=request_id or str(uuid4())
    )
    return Call(request, rpc.PauseStrategyResponse, lambda answer: answer.deployment)


def resume_strategy(
    strategy_id: str = "", *, deployment_id: str = "", request_id: str = ""
) -> Call[rpc.ResumeStrategyResponse, pb.Deployment]:
    """Let a paused or failed deployment of a strategy, or the one named, trade again; it warms up first."""
    request = rpc.ResumeStrategyRequest(
        strategy_id=strategy_id, deployment_id=deployment_id, request_id=request_id or str(uuid4())
    )
    return Call(request, rpc.ResumeStrategyResponse, lambda answer: answer.deployment)


def list_deployments(
    *, strategy_id: str = "", state: DeploymentState | None = None, account: str = "", limit: int | None = None
) -> Pages[rpc.ListDeploymentsResponse, list[pb.Deployment]]:
    """Deployments, newest first, over all pages."""
    request = rpc.ListDeploymentsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        strategy_id=strategy_id,
        account=account,
        state=pb.DeploymentState.ValueType(member(state, DeploymentState, "state")),
    )
    return Pages(
        request,
        rpc.ListDeploymentsResponse,
        count=lambda page: len(page.deployments),
        decode=lambda pages: [one for page in pages for one in page.deployments][:limit],
        limit=limit,
    )


def get_deployment(deployment_id: str) -> Call[rpc.GetDeploymentResponse, pb.Deployment]:
    """A deployment as it stands."""
    request = rpc.GetDeploymentRequest(id=deployment_id)
    return Call(request, rpc.GetDeploymentResponse, lambda answer: answer.deployment)
