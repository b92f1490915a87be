"""The wire's side of backtests: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Final, TypeVar

from google.protobuf.message import Message

from scizor.backtest.v1 import backtest_pb2 as pb
from scizor.backtest.v1 import backtest_service_pb2 as rpc
from scizor.backtest.v1.backtest_service_pb2_grpc import BacktestServiceServicer
from scizor.codec import backtests as codec
from scizor.codec import pages
from scizor.codec.results import curve_to_proto, results_to_proto, trade_to_proto
from scizor.domain.backtests import BacktestJob
from scizor.ports.backtests import BacktestFilter
from scizor.ports.storage import UnitOfWork
from scizor.rpc.errors import to_status
from scizor.services.backtest.app import Wish
from scizor.services.backtest.calls import Calls
from scizor.services.backtest.failures import as_error
from scizor.services.backtest.optimization.calls import OptimizationCalls
from scizor.services.backtest.review.calls import ReviewCalls
from scizor.services.backtest.strategies.calls import StrategyCalls
from scizor.services.backtest.watch import Ended, Moved, WatchEvent
from scizor.services.callers import Context, caller_of
from scizor.services.idempotent import once

Answer = TypeVar("Answer", rpc.CreateBacktestResponse, rpc.CancelBacktestResponse)

_DEFAULT_PAGE: Final = 100
_MOST_BACKTESTS: Final = 1_000
_MOST_TRADES: Final = 10_000


class BacktestCalls(Calls):
    """What is run."""

    async def CreateBacktest(self, request: rpc.CreateBacktestRequest, context: Context) -> rpc.CreateBacktestResponse:
        """Queues a backtest, or finds one that came to the same."""
        spec, caller = codec.spec_from_proto(request.backtest), caller_of(context)
        if request.allow_cached and (known := await self._do.recall.find(spec)):
            return await self._once(request, rpc.CreateBacktestResponse, lambda _: _known(known))
        wish = Wish(codec.priority_from_proto(request.backtest), caller)
        create = self._do.backtests.create
        return await self._changed(request, rpc.CreateBacktestResponse, lambda work: create(work, spec, wish))

    async def CancelBacktest(self, request: rpc.CancelBacktestRequest, context: Context) -> rpc.CancelBacktestResponse:
        """Ends a backtest."""
        cancel = self._do.backtests.cancel
        return await self._changed(request, rpc.CancelBacktestResponse, lambda work: cancel(work, request.id))

    async def DeleteBacktest(self, request: rpc.DeleteBacktestRequest, context: Context) -> rpc.DeleteBacktestResponse:
        """Removes a backtest that has ended."""

        async def act(work: UnitOfWork) -> rpc.DeleteBacktestResponse:
            await self._do.backtests.delete(work, request.id)
            return rpc.DeleteBacktestResponse()

        return await self._once(request, rpc.DeleteBacktestResponse, act)

    async def GetBacktest(self, request: rpc.GetBacktestRequest, context: Context) -> rpc.GetBacktestResponse:
        """A backtest as it stands."""
        return rpc.GetBacktestResponse(backtest=_encoded(await self._do.backtests.get(request.id)))

    async def ListBacktests(self, request: rpc.ListBacktestsRequest, context: Context) -> rpc.ListBacktestsResponse:
        """A page of backtests, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_BACKTESTS)
        which = BacktestFilter(request.strategy_id, codec.state_from_proto(request.state))
        before = str(pages.decode(request.page_token, request)[0]) if request.page_token else None
        jobs = await self._do.backtests.page(which, before, size + 1)
        token = pages.encode((jobs[size - 1].id,), request) if len(jobs) > size else ""
        return rpc.ListBacktestsResponse(backtests=map(_encoded, jobs[:size]), next_page_token=token)

    async def GetBacktestResults(
        self, request: rpc.GetBacktestResultsRequest, context: Context
    ) -> rpc.GetBacktestResultsResponse:
        """The figures."""
        results = await self._do.backtests.results(request.id)
        return rpc.GetBacktestResultsResponse(results=results_to_proto(request.id, results))

    async def ListBacktestTrades(
        self, request: rpc.ListBacktestTradesRequest, context: Context
    ) -> rpc.ListBacktestTradesResponse:
        """A page of round trips, in order of exit."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_TRADES)
        after = int(pages.decode(request.page_token, request)[0]) if request.page_token else 0
        trades, total = await self._do.backtests.trades(request.id, after, size + 1)
        token = pages.encode((trades[size - 1].number,), request) if len(trades) > size else ""
        shown = map(trade_to_proto, trades[:size])
        return rpc.ListBacktestTradesResponse(trades=shown, next_page_token=token, total_size=total)

    async def GetEquityCurve(self, request: rpc.GetEquityCurveRequest, context: Context) -> rpc.GetEquityCurveResponse:
        """The account value by session."""
        curve, currency = await self._do.backtests.equity(request.id, request.max_points)
        return rpc.GetEquityCurveResponse(curve=curve_to_proto(curve), currency=currency)

    async def WatchBacktest(
        self, request: rpc.WatchBacktestRequest, context: Context
    ) -> AsyncIterator[rpc.WatchBacktestResponse]:
        """Progress until the end. A failure on the way is told in band too: a REST reader sees no other."""
        sequence = 0
        async with aclosing(self._do.watch.events(request.id, request.after_sequence)) as events:
            try:
                async for event in events:
                    for message in _messages(event):
                        sequence = message.sequence
                        yield message
            except Exception as error:
                if sequence:
                    yield rpc.WatchBacktestResponse(sequence=sequence, status=to_status(error))
                raise

    async def _changed(
        self, request: Message, answer_type: type[Answer], change: Callable[[UnitOfWork], Awaitable[BacktestJob]]
    ) -> Answer:
        """Do it once for a request id, in one unit of work, and tell of it when that is committed."""
        changed: list[BacktestJob] = []
        async with self._storage.begin() as work:

            async def act() -> Answer:
                changed.append(await change(work))
                return answer_type(backtest=_encoded(changed[0]))

            answer = await once(work, request, answer_type, act)
        for job in changed:
            self._do.backtests.announce(job)
        return answer


class BacktestServicer(StrategyCalls, BacktestCalls, OptimizationCalls, ReviewCalls, BacktestServiceServicer):
    """All calls of the contract."""


def _messages(event: WatchEvent) -> Iterator[rpc.WatchBacktestResponse]:
    if isinstance(event, Moved):
        yield codec.moved_message(event.job.progress)
    elif isinstance(event, Ended):
        if event.job.error:
            status = to_status(as_error(event.job.id, event.job.error))
            yield rpc.WatchBacktestResponse(sequence=event.job.progress.sequence, status=status)
        yield codec.end_message(event.job.progress.sequence, event.moves)
    else:
        yield codec.heartbeat_message(event.sequence, event.time)


async def _known(job: BacktestJob) -> rpc.CreateBacktestResponse:
    return rpc.CreateBacktestResponse(backtest=_encoded(job), cached=True)


def _encoded(job: BacktestJob) -> pb.Backtest:
    return codec.backtest_to_proto(job, to_status(as_error(job.id, job.error)) if job.error else None)
