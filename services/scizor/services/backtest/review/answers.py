"""Comparisons and performances as the contract has them."""

from __future__ import annotations

from scizor.backtest.v1 import backtest_pb2
from scizor.backtest.v1 import report_pb2 as pb
from scizor.codec.backtests import backtest_to_proto
from scizor.codec.results import metric_to_proto, rounded
from scizor.codec.times import to_timestamp
from scizor.domain.backtests import BacktestState
from scizor.domain.metrics import Metric
from scizor.ports.backtests import RunFigures
from scizor.services.backtest.review.comparison import Comparison, Correlation, difference
from scizor.services.backtest.review.performance import MAIN, Performance, Spread


def comparison_to_proto(found: Comparison) -> pb.CompareBacktestsResponse:
    """Backtests side by side."""
    ids = [one.job.id for one in found.backtests]
    days = found.common
    return pb.CompareBacktestsResponse(
        backtests=[backtest_to_proto(one.job) for one in found.backtests],
        settings=[pb.ComparedSetting(name=name, values=values) for name, values in found.settings.items()],
        metrics=[_compared(name, values) for name, values in found.metrics.items()],
        correlations=[_correlation(one, ids) for one in found.correlations],
        common_sessions=len(days),
        first_common_session=str(days[0]) if len(days) else "",
        last_common_session=str(days[-1]) if len(days) else "",
    )


def performance_to_proto(found: Performance) -> pb.GetStrategyPerformanceResponse:
    """A strategy over its runs."""
    states = {state.name.lower(): found.states.get(state, 0) for state in BacktestState}
    return pb.GetStrategyPerformanceResponse(
        strategy_id=found.strategy_id,
        states=pb.RunStates(**states),
        runs=found.runs,
        spreads=map(_spread, found.spreads),
        ranked_by=found.ranked_by,
        best=_run(found.best) if found.best else None,
        worst=_run(found.worst) if found.worst else None,
        latest=_run(found.latest) if found.latest else None,
    )


def _compared(name: str, metrics: tuple[Metric | None, ...]) -> pb.ComparedMetric:
    return pb.ComparedMetric(name=name, values=[_value(name, metric, metrics[0]) for metric in metrics])


def _value(name: str, metric: Metric | None, first: Metric | None) -> pb.ComparedValue:
    more = difference(metric, first)
    missing = backtest_pb2.Metric(name=name, undefined_reason="the backtest has no such figure")
    return pb.ComparedValue(
        metric=metric_to_proto(metric) if metric else missing, difference=None if more is None else rounded(more)
    )


def _correlation(found: Correlation, ids: list[str]) -> pb.ReturnCorrelation:
    return pb.ReturnCorrelation(
        first_id=ids[found.first],
        second_id=ids[found.second],
        value=None if found.value is None else rounded(found.value),
        n=found.n,
        undefined_reason=found.undefined_reason,
    )


def _spread(spread: Spread) -> pb.MetricSpread:
    return pb.MetricSpread(
        name=spread.name,
        unit=metric_to_proto(Metric(spread.name, None, "", 0, spread.unit)).unit,
        n=spread.n,
        minimum=rounded(spread.minimum),
        lower_quartile=rounded(spread.lower_quartile),
        median=rounded(spread.median),
        mean=rounded(spread.mean),
        upper_quartile=rounded(spread.upper_quartile),
        maximum=rounded(spread.maximum),
    )


def _run(run: RunFigures) -> pb.RunFigures:
    return pb.RunFigures(
        backtest_id=run.backtest_id,
        create_time=to_timestamp(run.create_time),
        strategy_version=run.strategy_version,
        metrics=[metric_to_proto(run.metrics[name]) for name in MAIN if name in run.metrics],
    )
