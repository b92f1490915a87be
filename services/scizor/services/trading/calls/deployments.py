"""Calls about strategies at work, and how they fare."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from google.protobuf.message import Message

from scizor.backtest.v1 import backtest_pb2
from scizor.codec import pages
from scizor.codec.results import metric_to_proto, rounded
from scizor.codec.trading import deployments as codec
from scizor.codec.trading.performance import parity_to_proto
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.ports.storage import UnitOfWork
from scizor.ports.trading import StoredDeployment
from scizor.rpc.errors import to_status
from scizor.services.callers import Context
from scizor.services.trading.account.performance import LivePerformance
from scizor.services.trading.calls.base import Calls, actor_of
from scizor.services.trading.deployments.app import DeploymentFilter
from scizor.trading.v1 import deployment_pb2, performance_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc

_Answer = TypeVar(
    "_Answer",
    rpc.StartStrategyResponse,
    rpc.StopStrategyResponse,
    rpc.PauseStrategyResponse,
    rpc.ResumeStrategyResponse,
)
_DEFAULT_PAGE: Final = 100
_MOST: Final = 1_000


class DeploymentCalls(Calls):
    """A change is committed, and then looked after."""

    async def StartStrategy(self, request: rpc.StartStrategyRequest, context: Context) -> rpc.StartStrategyResponse:
        """Puts a strategy to work."""
        asked, actor = codec.spec_from_proto(request.deployment), actor_of(context)
        spec = replace(asked, account=self._desk(asked.account, "deployment.account").account)
        start, interval = self._do.deployments.start, codec.interval_from_proto(request.deployment)
        return await self._changed(request, rpc.StartStrategyResponse, lambda work: start(work, spec, interval, actor))

    async def StopStrategy(self, request: rpc.StopStrategyRequest, context: Context) -> rpc.StopStrategyResponse:
        """Ends a deployment."""
        stop, actor = self._do.deployments.stop, actor_of(context)
        named, mode = (request.strategy_id, request.deployment_id), codec.mode_from_proto(request.mode)
        return await self._changed(request, rpc.StopStrategyResponse, lambda work: stop(work, *named, mode, actor))

    async def PauseStrategy(self, request: rpc.PauseStrategyRequest, context: Context) -> rpc.PauseStrategyResponse:
        """Lets it watch without orders."""
        pause, actor = self._do.deployments.pause, actor_of(context)
        named = (request.strategy_id, request.deployment_id)
        return await self._changed(request, rpc.PauseStrategyResponse, lambda work: pause(work, *named, actor))

    async def ResumeStrategy(self, request: rpc.ResumeStrategyRequest, context: Context) -> rpc.ResumeStrategyResponse:
        """Lets it trade again."""
        resume, actor = self._do.deployments.resume, actor_of(context)
        named = (request.strategy_id, request.deployment_id)
        return await self._changed(request, rpc.ResumeStrategyResponse, lambda work: resume(work, *named, actor))

    async def GetDeployment(self, request: rpc.GetDeploymentRequest, context: Context) -> rpc.GetDeploymentResponse:
        """A deployment as it stands."""
        return rpc.GetDeploymentResponse(deployment=_encoded(await self._do.deployments.get(request.id)))

    async def ListDeployments(
        self, request: rpc.ListDeploymentsRequest, context: Context
    ) -> rpc.ListDeploymentsResponse:
        """A page of deployments, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST)
        which = DeploymentFilter(request.strategy_id, request.account, codec.state_from_proto(request.state))
        before = str(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._do.deployments.page(which, before, size + 1)
        token = pages.encode((found[size - 1].deployment.id,), request) if len(found) > size else ""
        return rpc.ListDeploymentsResponse(deployments=map(_encoded, found[:size]), next_page_token=token)

    async def GetLivePerformance(
        self, request: rpc.GetLivePerformanceRequest, context: Context
    ) -> rpc.GetLivePerformanceResponse:
        """The figures of a backtest, of what was live."""
        account = request.account
        if request.deployment_id and not account:
            account = (await self._do.deployments.get(request.deployment_id)).deployment.spec.account
        fared = await self._do.performance.of(self._desk(account).account, request.deployment_id)
        answer = _performance(fared)
        if request.deployment_id and request.parity_sessions:
            reports = await self._do.parity.reports(request.deployment_id, request.parity_sessions)
            answer.parity.extend(parity_to_proto(report, fared.currency) for report in reports)
        return rpc.GetLivePerformanceResponse(performance=answer)

    async def _changed(
        self,
        request: Message,
        answer_type: type[_Answer],
        change: Callable[[UnitOfWork], Awaitable[StoredDeployment]],
    ) -> _Answer:
        async def act(work: UnitOfWork) -> _Answer:
            return answer_type(deployment=_encoded(await change(work)))

        answer = await self._once(request, answer_type, act)
        self._do.deployments.wake()
        return answer


def _encoded(stored: StoredDeployment) -> deployment_pb2.Deployment:
    if not stored.deployment.error:
        return codec.deployment_to_proto(stored)
    reason = Reason.__members__.get(stored.error_reason, Reason.STRATEGY_FAILED)
    told = {"deployment": stored.deployment.id}
    error = FailedPrecondition(stored.deployment.error, reason, metadata=told)
    return codec.deployment_to_proto(stored, to_status(error))


def _performance(fared: LivePerformance) -> performance_pb2.LivePerformance:
    return performance_pb2.LivePerformance(
        account=fared.account,
        deployment_id=fared.deployment_id,
        metrics=map(metric_to_proto, fared.metrics),
        equity=backtest_pb2.EquityColumns(
            session_date=[int(f"{one.session:%Y%m%d}") for one in fared.sessions],
            equity=[rounded(float(one.equity)) for one in fared.sessions],
            drawdown=[rounded(float(one)) for one in fared.drawdown],
            time_ns=[int(one.time.timestamp() * 1_000_000) * 1_000 for one in fared.sessions],
        ),
        currency=fared.currency,
        warnings=fared.warnings,
    )
