"""What `scizor optimize` and `scizor optimization` do through the Backtest service."""

from __future__ import annotations

import math

from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.client.cli.backtest_options import Asked
from scizor.client.cli.common import as_document, connect, print_json
from scizor.client.cli.optimization_request import Search, search_arguments
from scizor.client.cli.optimization_tables import (
    described,
    figure,
    folds_table,
    optimization_facts,
    optimizations_table,
    surface_map,
    trials_table,
)
from scizor.client.cli.parse import one_of
from scizor.client.cli.progress import progress_bar
from scizor.client.cli.tables import show, word
from scizor.client.cli.usage import EXIT_INTERRUPTED, CommandFailed
from scizor.client.errors import CallError
from scizor.client.sync import Client
from scizor.domain.optimizations import OptimizationState


def run(asked: Asked, search: Search, *, wait: bool, as_json: bool) -> None:
    """Queue a search and, to `wait`, show what it came to."""
    arguments = search_arguments(asked, search)
    with connect() as client:
        optimization = client.optimizations.create(**arguments)
        if wait:
            _follow_and_show(client, optimization, as_json=as_json)
            return
    if as_json:
        print_json(pb.CreateOptimizationResponse(optimization=optimization))
    else:
        show(f"queued as {optimization.id}; `scizor optimization watch {optimization.id}` shows how far it is")


def watch(optimization_id: str, *, as_json: bool) -> None:
    """Follow one to its end."""
    with connect() as client:
        _follow_and_show(client, client.optimizations.get(optimization_id).optimization, as_json=as_json)


def show_one(optimization_id: str, x: str, y: str, *, as_json: bool) -> None:
    """One as it stands."""
    with connect() as client:
        _show(client, optimization_id, x, y, as_json=as_json)


def show_trials(optimization_id: str, by: str, limit: int, *, as_json: bool) -> None:
    """Some trials."""
    with connect() as client:
        found = client.optimizations.trials(optimization_id, order_by=by, limit=limit)
    if as_json:
        print_json(pb.ListTrialsResponse(trials=found))
    else:
        show(trials_table(f"{len(found):,} trials", found, [by] if by else []))


def show_list(strategy: str, state: str, limit: int, *, as_json: bool) -> None:
    """Optimisations, newest first."""
    wanted = one_of(OptimizationState, state, "--state")
    with connect() as client:
        found = client.optimizations.list(strategy_id=strategy, state=wanted, limit=limit)
    if as_json:
        print_json(pb.ListOptimizationsResponse(optimizations=found))
    else:
        show(optimizations_table(found))


def turn(what: str, optimization_id: str, *, as_json: bool) -> None:
    """Pause, resume or cancel one."""
    with connect() as client:
        calls = client.optimizations
        turned = {"pause": calls.pause, "resume": calls.resume, "cancel": calls.cancel}[what](optimization_id)
    if as_json:
        print_json({"optimization": as_document(turned)})
    else:
        show(f"{turned.id} is {word(pb.OptimizationState, turned.state)}")


def _follow_and_show(client: Client, optimization: pb.Optimization, *, as_json: bool) -> None:
    try:
        state = _follow(client, optimization)
    except KeyboardInterrupt:
        going_on = f"it goes on without you; `scizor optimization watch {optimization.id}` shows it again"
        raise CommandFailed(going_on, EXIT_INTERRUPTED) from None
    if state != pb.OPTIMIZATION_STATE_SUCCEEDED:
        ended = word(pb.OptimizationState, state)
        raise CommandFailed(f"optimization {optimization.id} ended {ended}; its trials are kept")
    _show(client, optimization.id, "", "", as_json=as_json)


def _follow(client: Client, optimization: pb.Optimization) -> pb.OptimizationState.ValueType:
    """Watch one to its end with a line that tells of the best trial so far; returns how it ended."""
    state = optimization.state
    objective, best = optimization.objectives[0], ""
    sign = -1.0 if objective.direction == pb.OBJECTIVE_DIRECTION_MINIMIZE else 1.0
    highest = -math.inf
    with progress_bar("trials", 1.0) as advance:
        for told in client.optimizations.watch(optimization.id):
            if isinstance(told, pb.TrialColumns):
                value, row = _best_of(told, objective.metric, sign)
                if sign * value > highest:
                    highest = sign * value
                    where = described(_parameters(optimization, told, row))
                    best = f", best {objective.metric} {figure(objective.metric, value)} at {where}"
            else:
                state = told.state
                speed = f"{told.trials_done:,} trials, {told.trials_per_second:,.0f} a second"
                advance(told.fraction, note=f"{speed}{best}")
    return state


def _best_of(columns: pb.TrialColumns, metric: str, sign: float) -> tuple[float, int]:
    """The best feasible value among these trials, and its row; infinitely bad where there is none."""
    values = next((column.value for column in columns.figures if column.name == metric), ())
    rows = [
        (sign * value, -row)
        for row, (value, feasible) in enumerate(zip(values, columns.feasible, strict=True))
        if feasible and not math.isnan(value)
    ]
    best, row = max(rows, default=(-math.inf, 0))
    return sign * best, -row


def _parameters(optimization: pb.Optimization, columns: pb.TrialColumns, row: int) -> dict[str, object]:
    """Those of one trial; a value that is no number travels as its place."""
    values: dict[str, object] = {}
    for axis, column in zip(optimization.space, columns.parameters, strict=True):
        listed = list(axis.values)
        numbers = not listed or isinstance(listed[0], float)
        values[axis.name] = column.value[row] if numbers else listed[int(column.value[row])]
    return values


def _show(client: Client, optimization_id: str, x: str, y: str, *, as_json: bool) -> None:
    got = client.optimizations.get(optimization_id)
    optimization = got.optimization
    surface = _surface(client, optimization, x, y)
    if as_json:
        drawn = {"surface": as_document(surface)} if surface else {}
        print_json(as_document(got) | drawn)
        return
    metrics = [objective.metric for objective in optimization.objectives]
    show(optimization_facts(optimization))
    if optimization.verdict.folds:
        show(folds_table(optimization.verdict, metrics[0]))
    if got.front:
        show(trials_table(f"The front: {len(got.front):,} trials that none is better than", got.front, metrics))
    if got.best:
        show(trials_table(f"Best by {metrics[0]}", got.best, metrics))
    if surface:
        show(surface_map(surface))


def _surface(client: Client, optimization: pb.Optimization, x: str, y: str) -> pb.Surface | None:
    """The map of two parameters; None where fewer are searched and none was asked for."""
    if len(optimization.space) < 2 and not (x or y):
        return None
    try:
        surface = client.optimizations.surface(optimization.id, x=x, y=y)
    except CallError:
        if x or y:
            raise
        return None
    return surface if surface.value else None
