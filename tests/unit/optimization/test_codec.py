"""The contract to the domain and back."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
from google.type.money_pb2 import Money

from scizor.backtest.v1 import backtest_pb2 as bt
from scizor.backtest.v1 import optimization_pb2 as pb
from scizor.client import Constraint, Method, NumberRange, Objective, Scheme, Validation
from scizor.client.optimizations import create_optimization
from scizor.codec import optimizations as codec
from scizor.codec import trials
from scizor.domain.errors import InvalidInput
from scizor.domain.optimizations import (
    METRICS,
    Optimization,
    OptimizationProgress,
    OptimizationStage,
    OptimizationState,
    Trial,
)
from scizor.domain.search_spaces import Axis, Space
from scizor.ports.optimizations import TrialColumns
from tests.fakes.samples import NOW


def message(**fields: object) -> pb.Optimization:
    template = bt.Backtest(strategy_id="s", symbols=["A"], initial_capital=Money(currency_code="USD", units=1))
    return pb.Optimization(backtest=template, **fields)  # type: ignore[arg-type] # by name


def test_what_the_client_asks_comes_back_as_it_was_asked() -> None:
    request = create_optimization(
        "sma_cross",
        ["AAPL"],
        {"fast": NumberRange(2, 9, 1), "direction": ["a", "b"], "stop": NumberRange(0.1, 1.0, log=True)},
        method=Method.TPE,
        objectives=["sharpe", "volatility", Objective("n_trades", maximize=False)],
        constraints=[Constraint("n_trades", at_least=30.0), Constraint("max_drawdown", -0.2, 0.0)],
        max_trials=40,
        seed=7,
        validation=Validation(Scheme.COMBINATORIAL_PURGED, 6, test_folds=3, purge_sessions=5, embargo_sessions=2),
        capital=1_000,
    ).request
    asked = codec.spec_from_proto_message(getattr(request, "optimization"))  # noqa: B009 - by name
    assert [one.maximize for one in asked.objectives] == [True, False, False]
    assert asked.space.axes == (
        Axis("fast", span=NumberRange(2, 9, 1)),
        Axis("direction", ("a", "b")),
        Axis("stop", span=NumberRange(0.1, 1.0, log=True)),
    )
    optimization = Optimization("o", asked, OptimizationProgress(1, OptimizationState.QUEUED), NOW)
    assert codec.spec_from_proto_message(codec.optimization_to_proto(optimization)) == asked


def test_what_is_left_out_has_its_default() -> None:
    asked = codec.spec_from_proto_message(message(space=[pb.SearchAxis(name="x", range=pb.NumberRange(min=1, max=2))]))
    assert (asked.method, asked.max_trials, asked.objectives) == (Method.GRID, 0, (Objective("sharpe"),))
    method = pb.OPTIMIZATION_METHOD_RANDOM
    chance = message(space=[pb.SearchAxis(name="x", range=pb.NumberRange(min=1, max=2))], method=method)
    assert codec.spec_from_proto_message(chance).max_trials == 100


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"space": [pb.SearchAxis(name="x", range=pb.NumberRange(min=2, max=1))]}, "optimization.space.x.min"),
        ({"objectives": [pb.Objective(metric="beauty")]}, "optimization.objectives.metric"),
        ({"constraints": [pb.Constraint(metric="beauty", at_least=1)]}, "optimization.constraints.metric"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(wrong: dict[str, object], field: str) -> None:
    axis = pb.SearchAxis(name="y", range=pb.NumberRange(min=1, max=2))
    asked = message(**{"space": [axis], **wrong})
    with pytest.raises(InvalidInput) as caught:
        codec.spec_from_proto_message(asked)
    assert [one.field for one in caught.value.violations] == [field]


def test_trials_travel_as_columns_and_as_trials() -> None:
    space = Space((Axis("x", span=NumberRange(0, 9)), Axis("word", ("a", "b"))))
    figures = {metric: np.array([0.5, math.nan]) for metric in METRICS}
    columns = TrialColumns(
        np.array([3, 4]),
        np.array([[1.5, 1.0], [2.5, 0.0]]),
        figures,
        np.array([True, False]),
        np.array([False, True]),
        np.zeros(2, np.int64),
        {4: "broke"},
    )
    sent = trials.columns_to_proto(space, columns)
    assert list(sent.number) == [3, 4]
    assert [list(one.value) for one in sent.parameters] == [[1.5, 2.5], [1.0, 0.0]]
    assert list(sent.feasible) == [True, False]
    assert dict(sent.errors) == {4: "broke"}
    first, second = trials.trials_of(space, columns)
    assert first == Trial(3, {"x": 1.5, "word": "b"}, dict.fromkeys(METRICS, 0.5), feasible=True)
    told = trials.trial_to_proto(second)
    assert not told.figures, "what is not defined is left out"
    assert told.error == "broke"


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (pb.OptimizationState, OptimizationState),
        (pb.OptimizationStage, OptimizationStage),
        (pb.OptimizationMethod, Method),
        (pb.ValidationScheme, Scheme),
    ],
)
def test_the_contracts_words_are_the_domains(words: Any, ours: type[IntEnum]) -> None:
    prefix = words.Name(0).removesuffix("UNSPECIFIED")
    assert {name.removeprefix(prefix): number for name, number in words.items() if number} == {
        one.name: one.value for one in ours if one.value
    }
