"""The wire's side of optimisations: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Final, TypeVar

from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.codec import optimizations as codec
from scizor.codec import pages, trials
from scizor.domain.backtests import JobError
from scizor.domain.optimizations import Optimization
from scizor.engine.validation import Aggregate
from scizor.ports.optimizations import OptimizationFilter
from scizor.ports.storage import UnitOfWork
from scizor.rpc.errors import to_status
from scizor.services.backtest.calls import Calls
from scizor.services.backtest.failures import as_error
from scizor.services.backtest.optimization.watch import Ended, Moved, Tried, WatchEvent
from scizor.services.callers import Context
from scizor.services.idempotent import once

Answer = TypeVar(
    "Answer",
    pb.CreateOptimizationResponse,
    pb.CancelOptimizationResponse,
    pb.PauseOptimizationResponse,
    pb.ResumeOptimizationResponse,
)

_DEFAULT_PAGE: Final = 100
_MOST_OPTIMIZATIONS: Final = 1_000
_MOST_TRIALS: Final = 10_000
_AGGREGATES: Final = {
    pb.SURFACE_AGGREGATION_UNSPECIFIED: Aggregate.BEST,
    pb.SURFACE_AGGREGATION_BEST: Aggregate.BEST,
    pb.SURFACE_AGGREGATION_MEAN: Aggregate.MEAN,
    pb.SURFACE_AGGREGATION_MEDIAN: Aggregate.MEDIAN,
}


class OptimizationCalls(Calls):
    """What is searched."""

    async def CreateOptimization(
        self, request: pb.CreateOptimizationRequest, context: Context
    ) -> pb.CreateOptimizationResponse:
        """Queues a search."""
        spec = codec.spec_from_proto_message(request.optimization)
        create = self._do.optimizing.optimizations.create
        return await self._turned(request, pb.CreateOptimizationResponse, lambda work: create(work, spec))

    async def CancelOptimization(
        self, request: pb.CancelOptimizationRequest, context: Context
    ) -> pb.CancelOptimizationResponse:
        """Ends one."""
        cancel = self._do.optimizing.optimizations.cancel
        return await self._turned(request, pb.CancelOptimizationResponse, lambda work: cancel(work, request.id))

    async def PauseOptimization(
        self, request: pb.PauseOptimizationRequest, context: Context
    ) -> pb.PauseOptimizationResponse:
        """Lets one rest."""
        pause = self._do.optimizing.optimizations.pause
        return await self._turned(request, pb.PauseOptimizationResponse, lambda work: pause(work, request.id))

    async def ResumeOptimization(
        self, request: pb.ResumeOptimizationRequest, context: Context
    ) -> pb.ResumeOptimizationResponse:
        """Lets one go on."""
        resume = self._do.optimizing.optimizations.resume
        return await self._turned(request, pb.ResumeOptimizationResponse, lambda work: resume(work, request.id))

    async def GetOptimization(self, request: pb.GetOptimizationRequest, context: Context) -> pb.GetOptimizationResponse:
        """One as it stands."""
        optimization, best, front = await self._do.optimizing.optimizations.get(request.id)
        space = optimization.spec.space
        return pb.GetOptimizationResponse(
            optimization=_encoded(optimization),
            best=map(trials.trial_to_proto, trials.trials_of(space, best)),
            front=map(trials.trial_to_proto, trials.trials_of(space, front)) if front is not None else (),
        )

    async def ListOptimizations(
        self, request: pb.ListOptimizationsRequest, context: Context
    ) -> pb.ListOptimizationsResponse:
        """A page of optimisations, newest first."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_OPTIMIZATIONS)
        which = OptimizationFilter(request.strategy_id, codec.state_from_proto(request.state))
        before = str(pages.decode(request.page_token, request)[0]) if request.page_token else None
        found = await self._do.optimizing.optimizations.page(which, before, size + 1)
        token = pages.encode((found[size - 1].id,), request) if len(found) > size else ""
        return pb.ListOptimizationsResponse(optimizations=map(_encoded, found[:size]), next_page_token=token)

    async def ListTrials(self, request: pb.ListTrialsRequest, context: Context) -> pb.ListTrialsResponse:
        """A page of trials."""
        size = pages.size(request.page_size, _DEFAULT_PAGE, _MOST_TRIALS)
        after = int(pages.decode(request.page_token, request)[0]) if request.page_token else 0
        optimization, columns = await self._do.optimizing.optimizations.trials(
            request.id, request.order_by, after, size + 1, feasible_only=request.feasible_only
        )
        found = trials.trials_of(optimization.spec.space, columns)
        token = pages.encode((found[size - 1].number,), request) if len(found) > size else ""
        shown = map(trials.trial_to_proto, found[:size])
        return pb.ListTrialsResponse(trials=shown, next_page_token=token, total_size=optimization.progress.done)

    async def GetSurface(self, request: pb.GetSurfaceRequest, context: Context) -> pb.GetSurfaceResponse:
        """A figure over two parameters."""
        aggregate = _AGGREGATES[request.aggregation]
        _, found = await self._do.optimizing.optimizations.surface(
            request.id, request.x, request.y, request.metric, aggregate
        )
        surface = pb.Surface(
            x=trials.surface_axis(found.x.name, list(found.x_values)),
            y=trials.surface_axis(found.y.name, list(found.y_values)),
            metric=found.metric,
            value=found.surface.values.ravel().tolist(),
            count=found.surface.counts.ravel().tolist(),
        )
        return pb.GetSurfaceResponse(surface=surface)

    async def WatchOptimization(
        self, request: pb.WatchOptimizationRequest, context: Context
    ) -> AsyncIterator[pb.WatchOptimizationResponse]:
        """Trials and progress until the end. A failure on the way is told in band too: a REST reader sees no other."""
        sequence = 0
        async with aclosing(self._do.optimizing.watch.events(request.id, request.after_sequence)) as events:
            try:
                async for event in events:
                    for message in _messages(event):
                        sequence = message.sequence
                        yield message
            except Exception as error:
                if sequence:
                    yield pb.WatchOptimizationResponse(sequence=sequence, status=to_status(error))
                raise

    async def _turned(
        self, request: Message, answer_type: type[Answer], change: Callable[[UnitOfWork], Awaitable[Optimization]]
    ) -> Answer:
        """Do it once for a request id, in one unit of work, and tell of it when that is committed."""
        changed: list[Optimization] = []
        async with self._storage.begin() as work:

            async def act() -> Answer:
                changed.append(await change(work))
                return answer_type(optimization=_encoded(changed[0]))

            answer = await once(work, request, answer_type, act)
        for optimization in changed:
            self._do.optimizing.optimizations.announce(optimization)
        return answer


def _messages(event: WatchEvent) -> Iterator[pb.WatchOptimizationResponse]:
    if isinstance(event, Tried):
        yield trials.trials_message(event.sequence, event.optimization.spec.space, event.trials)
    elif isinstance(event, Moved):
        yield codec.moved_message(event.optimization.progress)
    elif isinstance(event, Ended):
        optimization = event.optimization
        if optimization.error:
            status = _status(optimization.id, optimization.error)
            yield pb.WatchOptimizationResponse(sequence=optimization.progress.sequence, status=status)
        yield codec.end_message(optimization.progress.sequence, event.told)
    else:
        yield codec.heartbeat_message(event.sequence, event.time)


def _encoded(optimization: Optimization) -> pb.Optimization:
    error = _status(optimization.id, optimization.error) if optimization.error else None
    return codec.optimization_to_proto(optimization, error)


def _status(optimization_id: str, stored: JobError) -> Status:
    error = as_error(optimization_id, stored)
    error.metadata = {"optimization": optimization_id}
    return to_status(error)
