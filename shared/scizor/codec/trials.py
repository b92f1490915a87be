"""Trials to the contract: as messages, as columns, and as the sides of a surface."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from google.protobuf.struct_pb2 import ListValue

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.codec.backtests import parameters_to_proto
from scizor.codec.results import rounded
from scizor.domain.optimizations import METRICS, Trial
from scizor.domain.search_spaces import Space, Value
from scizor.ports.optimizations import TrialColumns


def trial_to_proto(trial: Trial) -> pb.Trial:
    """One trial; figures that are undefined are left out."""
    return pb.Trial(
        number=trial.number,
        parameters=parameters_to_proto(trial.parameters),
        figures=defined(trial.figures),
        feasible=trial.feasible,
        error=trial.error,
    )


def trials_of(space: Space, columns: TrialColumns) -> list[Trial]:
    """Columns as trials."""
    figures = {metric: columns.figures[metric].tolist() for metric in METRICS}
    return [
        Trial(
            number=number,
            parameters=space.parameters(columns.codes[place]),
            figures={metric: values[place] for metric, values in figures.items()},
            feasible=feasible,
            error=columns.errors.get(number, ""),
        )
        for place, (number, feasible) in enumerate(
            zip(columns.numbers.tolist(), columns.feasible.tolist(), strict=True)
        )
    ]


def columns_to_proto(space: Space, columns: TrialColumns) -> pb.TrialColumns:
    """Columns as they travel."""
    return pb.TrialColumns(
        number=columns.numbers.tolist(),
        parameters=[
            pb.ParameterColumn(name=axis.name, value=columns.codes[:, at].tolist())
            for at, axis in enumerate(space.axes)
        ],
        figures=[pb.FigureColumn(name=metric, value=columns.figures[metric].tolist()) for metric in METRICS],
        feasible=columns.feasible.tolist(),
        errors=columns.errors,
    )


def surface_axis(name: str, values: list[Value]) -> pb.SurfaceAxis:
    """One side of a surface."""
    return pb.SurfaceAxis(name=name, values=list_value(values))


def trials_message(sequence: int, space: Space, columns: TrialColumns) -> pb.WatchOptimizationResponse:
    """A watcher's new trials."""
    return pb.WatchOptimizationResponse(sequence=sequence, trials=columns_to_proto(space, columns))


def list_value(values: list[Value]) -> ListValue:
    """Values of any kinds."""
    listed = ListValue()
    listed.extend(values)
    return listed


def defined(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures, those that are undefined left out."""
    return {name: rounded(value) for name, value in figures.items() if np.isfinite(value)}
