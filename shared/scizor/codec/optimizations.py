"""The contract of optimisations to the domain and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from google.rpc.status_pb2 import Status

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.codec.backtests import backtest_to_proto, parameters_to_proto, spec_from_proto
from scizor.codec.results import rounded
from scizor.codec.times import to_duration, to_timestamp
from scizor.codec.trials import defined, list_value
from scizor.domain.backtests import BacktestJob, BacktestState, Progress
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import (
    Constraint,
    FoldOutcome,
    Method,
    Objective,
    Optimization,
    OptimizationProgress,
    OptimizationSpec,
    OptimizationState,
    Scheme,
    Validation,
    Verdict,
)
from scizor.domain.search_spaces import Axis, NumberRange, Space, Value
from scizor.type.v1 import stream_pb2

_TRIALS: Final = 100
_FOLDS: Final = 5
_TEST_FOLDS: Final = 2
_FRACTION_BEFORE_END: Final = 0.999


def spec_from_proto_message(message: pb.Optimization) -> OptimizationSpec:
    """What is asked, symbols and parameters as the caller wrote them. Raises InvalidInput naming the field."""
    try:
        backtest = spec_from_proto(message.backtest)
        method = Method(message.method or Method.GRID)
        return OptimizationSpec(
            backtest=backtest,
            space=Space(tuple(map(_axis, message.space))),
            method=method,
            objectives=tuple(map(_objective, message.objectives)) or (Objective("sharpe"),),
            constraints=tuple(map(_constraint, message.constraints)),
            max_trials=message.max_trials or (0 if method is Method.GRID else _TRIALS),
            seed=message.seed,
            validation=_validation(message.validation),
        )
    except InvalidInput as error:
        raise error.within("optimization") from None


def optimization_to_proto(optimization: Optimization, error: Status | None = None) -> pb.Optimization:
    """One as it stands; `error` is the status of its own error."""
    spec = optimization.spec
    verdict = optimization.verdict
    return pb.Optimization(
        id=optimization.id,
        backtest=_template_to_proto(optimization),
        space=map(_axis_to_proto, spec.space.axes),
        method=pb.OptimizationMethod.ValueType(spec.method),
        objectives=map(_objective_to_proto, spec.objectives),
        constraints=[
            pb.Constraint(metric=one.metric, at_least=one.at_least, at_most=one.at_most) for one in spec.constraints
        ],
        max_trials=spec.max_trials,
        seed=spec.seed,
        validation=_validation_to_proto(spec.validation) if spec.validation.scheme else None,
        state=pb.OptimizationState.ValueType(optimization.progress.state),
        progress=progress_to_proto(optimization.progress),
        error=error,
        create_time=to_timestamp(optimization.create_time),
        start_time=to_timestamp(optimization.start_time) if optimization.start_time else None,
        end_time=to_timestamp(optimization.end_time) if optimization.end_time else None,
        verdict=_verdict_to_proto(verdict) if verdict else None,
    )


def progress_to_proto(progress: OptimizationProgress) -> pb.OptimizationProgress:
    """How far one is."""
    remaining = None if progress.remaining_s is None else to_duration(progress.remaining_s)
    return pb.OptimizationProgress(
        state=pb.OptimizationState.ValueType(progress.state),
        stage=pb.OptimizationStage.ValueType(progress.stage),
        trials_done=progress.done,
        trials_failed=progress.failed,
        left_out=progress.left_out,
        trials_total=progress.total,
        fraction=fraction(progress),
        trials_per_second=rounded(progress.trials_per_second),
        remaining=remaining,
    )


def fraction(progress: OptimizationProgress) -> float:
    """Trials done of trials to do; 1 only when it has succeeded."""
    if progress.state is OptimizationState.SUCCEEDED:
        return 1.0
    return min(progress.done / progress.total, _FRACTION_BEFORE_END) if progress.total else 0.0


def moved_message(progress: OptimizationProgress) -> pb.WatchOptimizationResponse:
    """A watcher's news."""
    return pb.WatchOptimizationResponse(sequence=progress.sequence, progress=progress_to_proto(progress))


def heartbeat_message(sequence: int, time: datetime) -> pb.WatchOptimizationResponse:
    """A sign of life; `sequence` is that of the last message."""
    return pb.WatchOptimizationResponse(sequence=sequence, heartbeat=stream_pb2.Heartbeat(time=to_timestamp(time)))


def end_message(sequence: int, message_count: int) -> pb.WatchOptimizationResponse:
    """The last message of a stream that sent `message_count` others with data."""
    return pb.WatchOptimizationResponse(sequence=sequence, end=stream_pb2.StreamEnd(message_count=message_count))


def state_from_proto(state: pb.OptimizationState.ValueType) -> OptimizationState | None:
    """The state, or None for any."""
    return OptimizationState(state) if state else None


def _axis(message: pb.SearchAxis) -> Axis:
    if not message.HasField("range"):
        return Axis(message.name, tuple(_value(message.name, value) for value in message.values.values))
    try:
        asked = message.range
        return Axis(message.name, span=NumberRange(asked.min, asked.max, asked.step, asked.log))
    except InvalidInput as error:
        raise error.within(f"space.{message.name}") from None


def _value(name: str, value: Any) -> Value:
    kind = value.WhichOneof("kind")
    if kind not in {"number_value", "string_value", "bool_value"}:
        raise InvalidInput.of_field(f"space.{name}", "values must be numbers, texts or truth values")
    found: Value = getattr(value, kind)
    return found


def _objective(message: pb.Objective) -> Objective:
    try:
        if not message.direction:
            return Objective.of(message.metric)
        return Objective(message.metric, message.direction == pb.OBJECTIVE_DIRECTION_MAXIMIZE)
    except InvalidInput as error:
        raise error.within("objectives") from None


def _constraint(message: pb.Constraint) -> Constraint:
    try:
        return Constraint(
            message.metric,
            message.at_least if message.HasField("at_least") else None,
            message.at_most if message.HasField("at_most") else None,
        )
    except InvalidInput as error:
        raise error.within("constraints") from None


def _validation(message: pb.Validation) -> Validation:
    return Validation(
        scheme=Scheme(message.scheme),
        folds=message.folds or _FOLDS,
        train_sessions=message.train_sessions,
        test_sessions=message.test_sessions,
        test_folds=message.test_folds or _TEST_FOLDS,
        purge_sessions=message.purge_sessions,
        embargo_sessions=message.embargo_sessions,
    )


def _validation_to_proto(validation: Validation) -> pb.Validation:
    return pb.Validation(
        scheme=pb.ValidationScheme.ValueType(validation.scheme),
        folds=validation.folds,
        train_sessions=validation.train_sessions,
        test_sessions=validation.test_sessions,
        test_folds=validation.test_folds,
        purge_sessions=validation.purge_sessions,
        embargo_sessions=validation.embargo_sessions,
    )


def _template_to_proto(optimization: Optimization) -> Any:
    """The template as a backtest that was never queued."""
    job = BacktestJob("", optimization.spec.backtest, Progress(0, BacktestState.QUEUED), optimization.create_time)
    message = backtest_to_proto(job)
    for name in ("id", "state", "progress", "create_time"):
        message.ClearField(name)
    return message


def _axis_to_proto(axis: Axis) -> pb.SearchAxis:
    if axis.span is None:
        return pb.SearchAxis(name=axis.name, values=list_value(list(axis.values)))
    span = axis.span
    return pb.SearchAxis(
        name=axis.name, range=pb.NumberRange(min=span.low, max=span.high, step=span.step, log=span.log)
    )


def _objective_to_proto(objective: Objective) -> pb.Objective:
    up, down = pb.OBJECTIVE_DIRECTION_MAXIMIZE, pb.OBJECTIVE_DIRECTION_MINIMIZE
    return pb.Objective(metric=objective.metric, direction=up if objective.maximize else down)


def _verdict_to_proto(verdict: Verdict) -> pb.OptimizationVerdict:
    return pb.OptimizationVerdict(
        trials_overall=verdict.trials_overall,
        deflated_sharpe=_or_none(verdict.deflated_sharpe),
        expected_best_sharpe=_or_none(verdict.expected_best_sharpe),
        overfitting=_or_none(verdict.overfitting),
        plateau=_or_none(verdict.plateau),
        folds=map(_fold_to_proto, verdict.folds),
        out_of_sample=defined(verdict.out_of_sample),
        path_scores=map(rounded, verdict.paths),
        efficiency=_or_none(verdict.efficiency),
        warnings=verdict.warnings,
    )


def _fold_to_proto(fold: FoldOutcome) -> pb.FoldOutcome:
    return pb.FoldOutcome(
        train_start=fold.train_sessions[0],
        train_end=fold.train_sessions[1],
        test_start=fold.test_sessions[0],
        test_end=fold.test_sessions[1],
        trial=pb.Trial(number=fold.trial, parameters=parameters_to_proto(fold.parameters), feasible=True),
        train_score=_or_none(fold.train_score),
        test_score=_or_none(fold.test_score),
    )


def _or_none(value: float | None) -> float | None:
    return None if value is None else rounded(value)
