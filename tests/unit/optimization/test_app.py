"""What may be asked, and what is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scizor.domain.errors import FailedPrecondition, InvalidInput, LimitExceeded, NotFound, Reason
from scizor.domain.optimizations import Constraint, Method, Objective, OptimizationSpec, Scheme, Validation
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.engine.validation import Aggregate
from tests.unit.optimization.build import CROSSES, DIRECTION, FAST, SLOW, spec_of
from tests.unit.optimization.running import lab_with_bars


def of(*axes: Axis, **others: Any) -> OptimizationSpec:
    return spec_of(Space(axes), **others)


async def test_what_is_queued_says_every_parameter_once() -> None:
    lab = await lab_with_bars()
    made = await lab.create(of(Axis("fast", span=NumberRange(2, 9)), Axis("slow", (20.0, 30.0))))
    assert made.spec.space.axes[0].whole, "an int's range is of whole numbers"
    assert made.spec.space.axes[1].values == (20, 30)
    assert made.spec.backtest.parameters == {"direction": "long_only"}
    assert made.spec.backtest.symbols == ("AAPL.NASDAQ",)
    assert lab.wakes == 1


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (of(Axis("fats", (1, 2))), "optimization.space.fats"),
        (of(Axis("fast", span=NumberRange(0, 9))), "optimization.space.fast"),
        (of(Axis("fast", span=NumberRange(2, 9, 0.5))), "optimization.space.fast"),
        (of(Axis("fast", (2.5,))), "optimization.space.fast"),
        (of(Axis("direction", span=NumberRange(0, 1))), "optimization.space.direction"),
        (of(Axis("direction", ("up",))), "optimization.space.direction"),
        (of(FAST, SLOW, max_trials=5), "optimization.max_trials"),
        (of(FAST, DIRECTION, method=Method.CMA_ES, max_trials=5), "optimization.space.direction"),
        (of(FAST, objectives=(Objective("sharpe"), Objective("sharpe"))), "optimization.objectives"),
        (
            of(FAST, objectives=(Objective("n_trades"),), validation=Validation(Scheme.ROLLING, 3)),
            "optimization.objectives",
        ),
        (
            replace(spec_of(), backtest=replace(spec_of().backtest, parameters={"fast": 3})),
            "optimization.space.fast",
        ),
        (
            replace(spec_of(), backtest=replace(spec_of().backtest, parameters={"direction": "up"})),
            "optimization.backtest.parameters.direction",
        ),
    ],
)
async def test_what_cannot_be_searched_is_refused_by_its_field(spec: OptimizationSpec, field: str) -> None:
    lab = await lab_with_bars()
    with pytest.raises(InvalidInput) as caught:
        await lab.create(spec)
    assert [violation.field for violation in caught.value.violations] == [field]


async def test_a_fixed_parameter_need_not_go_with_the_defaults_of_those_searched() -> None:
    lab = await lab_with_bars()
    template = replace(spec_of().backtest, parameters={"fast": 40})
    made = await lab.create(replace(of(Axis("slow", (50, 60))), backtest=template))
    assert made.spec.backtest.parameters == {"direction": "long_only", "fast": 40}


async def test_what_is_not_there_is_not_found() -> None:
    lab = await lab_with_bars()
    with pytest.raises(NotFound) as caught:
        await lab.create(replace(spec_of(), backtest=replace(spec_of().backtest, strategy_id="nope")))
    assert caught.value.reason is Reason.STRATEGY_NOT_FOUND
    with pytest.raises(NotFound) as caught:
        await lab.optimizations.get("nope")
    assert caught.value.reason is Reason.OPTIMIZATION_NOT_FOUND


async def test_the_queue_has_a_bound() -> None:
    lab = await lab_with_bars()
    for _ in range(3):
        await lab.create()
    with pytest.raises(LimitExceeded):
        await lab.create()


async def test_the_best_and_the_front_are_of_trials_that_keep_the_constraints() -> None:
    lab = await lab_with_bars()
    objectives = (Objective("sharpe"), Objective("n_trades", maximize=False))
    made = await lab.create(spec_of(CROSSES, objectives=objectives, constraints=(Constraint("n_trades", at_least=4),)))
    await lab.run()
    _, best, front = await lab.optimizations.get(made.id)
    assert front is not None
    assert best.feasible.all()
    assert front.feasible.all()
    assert (best.figures["n_trades"] >= 4).all()
    sharpes, trades = front.figures["sharpe"], front.figures["n_trades"]
    for sharpe, count in zip(sharpes, trades, strict=True):
        assert not ((sharpes >= sharpe) & (trades <= count) & ((sharpes > sharpe) | (trades < count))).any()


async def test_a_surface_is_the_trials_of_two_parameters() -> None:
    lab = await lab_with_bars()
    made = await lab.create(of(FAST, DIRECTION, SLOW))
    await lab.run()
    _, plane = await lab.optimizations.surface(made.id, "", "", "", Aggregate.BEST)
    assert (plane.x.name, plane.y.name, plane.metric) == ("slow", "fast", "sharpe")
    trials = await lab.trials(made.id)
    here = (trials.codes[:, 0] == 4.0) & (trials.codes[:, 2] == 20.0)
    cell = plane.surface.values[plane.y_values.index(4.0), plane.x_values.index(20.0)]
    assert cell == trials.figures["sharpe"][here].max()
    assert here.sum() == 2
    _, words = await lab.optimizations.surface(made.id, "direction", "fast", "calmar", Aggregate.MEAN)
    assert words.x_values == ("long_only", "long_short")
    with pytest.raises(InvalidInput):
        await lab.optimizations.surface(made.id, "nope", "", "", Aggregate.BEST)
    with pytest.raises(InvalidInput):
        await lab.optimizations.trials(made.id, "beauty", 0, 1, feasible_only=False)


async def test_a_surface_without_trials_has_no_cells() -> None:
    lab = await lab_with_bars()
    made = await lab.create()
    _, plane = await lab.optimizations.surface(made.id, "", "", "", Aggregate.BEST)
    assert plane.surface.values.size == 0


async def test_an_ended_one_cannot_be_turned() -> None:
    lab = await lab_with_bars()
    made = await lab.create()
    async with lab.storage.begin() as work:
        await lab.optimizations.cancel(work, made.id)
        for turn in (lab.optimizations.cancel, lab.optimizations.pause, lab.optimizations.resume):
            with pytest.raises(FailedPrecondition):
                await turn(work, made.id)
