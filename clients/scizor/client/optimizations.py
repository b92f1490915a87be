"""Every call about optimisations as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.client.backtest import create_backtest
from scizor.client.calls import WATCH_DEADLINE_S, Call, Pages, Stream
from scizor.domain.optimizations import Constraint, Method, Objective, OptimizationState, Validation
from scizor.domain.search_spaces import NumberRange, Value

_LARGEST_PAGE = 1_000
_LARGEST_TRIAL_PAGE = 10_000

Searched = Mapping[str, NumberRange | Iterable[Value]]


def create_optimization(
    strategy_id: str,
    symbols: Iterable[str],
    space: Searched,
    *,
    method: Method = Method.GRID,
    objectives: Iterable[Objective | str] = ("sharpe",),
    constraints: Iterable[Constraint] = (),
    max_trials: int = 0,
    seed: int = 0,
    validation: Validation | None = None,
    request_id: str = "",
    **backtest: Any,
) -> Call[pb.CreateOptimizationResponse, pb.Optimization]:
    """Queue a search for a strategy's parameters; returns it as queued.

    `space`: by parameter the values it may be, or a NumberRange. `objectives`: metrics, the first being what surfaces
    and folds go by. `max_trials`: 0 for the whole grid, or 100. `backtest`: what `backtests.create` takes beside; its
    parameters are those that are not searched. The same seed gives the same trials in the same order.
    """
    template = create_backtest(strategy_id, symbols, **backtest).request
    optimization = pb.Optimization(
        backtest=getattr(template, "backtest"),  # noqa: B009 - the type of a call's request is not known by itself
        space=[_axis(name, values) for name, values in space.items()],
        method=pb.OptimizationMethod.ValueType(method),
        objectives=map(_objective, objectives),
        constraints=[
            pb.Constraint(metric=one.metric, at_least=one.at_least, at_most=one.at_most) for one in constraints
        ],
        max_trials=max_trials,
        seed=seed,
        validation=_validation(validation) if validation else None,
    )
    request = pb.CreateOptimizationRequest(optimization=optimization, request_id=request_id)
    return Call(request, pb.CreateOptimizationResponse, lambda answer: answer.optimization)


def get_optimization(optimization_id: str) -> Call[pb.GetOptimizationResponse, pb.GetOptimizationResponse]:
    """An optimisation as it stands: itself, its `best` trials and, of several objectives, their `front`."""
    request = pb.GetOptimizationRequest(id=optimization_id)
    return Call(request, pb.GetOptimizationResponse, lambda answer: answer)


def list_optimizations(
    *, strategy_id: str = "", state: OptimizationState | None = None, limit: int | None = None
) -> Pages[pb.ListOptimizationsResponse, list[pb.Optimization]]:
    """Optimisations, newest first, over all pages."""
    request = pb.ListOptimizationsRequest(
        page_size=_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE),
        strategy_id=strategy_id,
        state=pb.OptimizationState.ValueType(state or 0),
    )
    return Pages(
        request,
        pb.ListOptimizationsResponse,
        count=lambda page: len(page.optimizations),
        decode=lambda found: [one for page in found for one in page.optimizations][:limit],
        limit=limit,
    )


def cancel_optimization(
    optimization_id: str, *, request_id: str = ""
) -> Call[pb.CancelOptimizationResponse, pb.Optimization]:
    """End an optimisation; its trials are kept."""
    request = pb.CancelOptimizationRequest(id=optimization_id, request_id=request_id)
    return Call(request, pb.CancelOptimizationResponse, lambda answer: answer.optimization)


def pause_optimization(
    optimization_id: str, *, request_id: str = ""
) -> Call[pb.PauseOptimizationResponse, pb.Optimization]:
    """Let an optimisation rest until it is resumed."""
    request = pb.PauseOptimizationRequest(id=optimization_id, request_id=request_id)
    return Call(request, pb.PauseOptimizationResponse, lambda answer: answer.optimization)


def resume_optimization(
    optimization_id: str, *, request_id: str = ""
) -> Call[pb.ResumeOptimizationResponse, pb.Optimization]:
    """Let a resting optimisation go on from its stored trials."""
    request = pb.ResumeOptimizationRequest(id=optimization_id, request_id=request_id)
    return Call(request, pb.ResumeOptimizationResponse, lambda answer: answer.optimization)


def watch_optimization(
    optimization_id: str, *, after_sequence: int = 0
) -> Stream[pb.WatchOptimizationResponse, pb.TrialColumns | pb.OptimizationProgress]:
    """Every trial once, as columns, and progress, to the end, across lost connections. Raises CallError on failure."""

    def go_on(request: pb.WatchOptimizationRequest, last: pb.WatchOptimizationResponse) -> None:
        request.after_sequence = last.sequence

    request = pb.WatchOptimizationRequest(id=optimization_id, after_sequence=after_sequence)
    return Stream(
        request,
        pb.WatchOptimizationResponse,
        ("trials", "progress"),
        lambda told: told,
        resume=go_on,
        deadline_s=WATCH_DEADLINE_S,
    )


def list_trials(
    optimization_id: str, *, order_by: str = "", feasible_only: bool = False, limit: int | None = None
) -> Pages[pb.ListTrialsResponse, list[pb.Trial]]:
    """Trials by number, or by a metric, the best first, over all pages."""
    page_size = _LARGEST_TRIAL_PAGE if limit is None else min(limit, _LARGEST_TRIAL_PAGE)
    return Pages(
        pb.ListTrialsRequest(id=optimization_id, page_size=page_size, order_by=order_by, feasible_only=feasible_only),
        pb.ListTrialsResponse,
        count=lambda page: len(page.trials),
        decode=lambda found: [trial for page in found for trial in page.trials][:limit],
        limit=limit,
    )


def get_surface(
    optimization_id: str,
    *,
    x: str = "",
    y: str = "",
    metric: str = "",
    aggregation: pb.SurfaceAggregation.ValueType = pb.SURFACE_AGGREGATION_BEST,
) -> Call[pb.GetSurfaceResponse, pb.Surface]:
    """A figure over two of the searched parameters; the last, the first and the first objective when not said."""
    request = pb.GetSurfaceRequest(id=optimization_id, x=x, y=y, metric=metric, aggregation=aggregation)
    return Call(request, pb.GetSurfaceResponse, lambda answer: answer.surface)


def _axis(name: str, values: NumberRange | Iterable[Value]) -> pb.SearchAxis:
    if isinstance(values, NumberRange):
        asked = pb.NumberRange(min=values.low, max=values.high, step=values.step, log=values.log)
        return pb.SearchAxis(name=name, range=asked)
    listed = ListValue()
    listed.extend(values)
    return pb.SearchAxis(name=name, values=listed)


def _objective(asked: Objective | str) -> pb.Objective:
    objective = Objective.of(asked) if isinstance(asked, str) else asked
    up, down = pb.OBJECTIVE_DIRECTION_MAXIMIZE, pb.OBJECTIVE_DIRECTION_MINIMIZE
    return pb.Objective(metric=objective.metric, direction=up if objective.maximize else down)


def _validation(validation: Validation) -> pb.Validation:
    return pb.Validation(
        scheme=pb.ValidationScheme.ValueType(validation.scheme),
        folds=validation.folds,
        train_sessions=validation.train_sessions,
        test_sessions=validation.test_sessions,
        test_folds=validation.test_folds,
        purge_sessions=validation.purge_sessions,
        embargo_sessions=validation.embargo_sessions,
    )
