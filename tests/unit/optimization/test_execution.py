"""A search from its first trial to its verdict, and what may come between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from scizor.domain.errors import Reason, Unavailable
from scizor.domain.optimizations import Constraint, Method, OptimizationState, Scheme, Validation
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.ports.compute import ComputeAway
from scizor.services.backtest.optimization.execution import MAX_ATTEMPTS, Execution
from scizor.services.backtest.optimization.study import signatures_of
from tests.fakes.compute import ThreadCompute
from tests.unit.optimization.build import CROSSES, DIRECTION, FAST, SLOW, spec_of
from tests.unit.optimization.running import Lab, lab_with_bars, running

EVENT = replace(spec_of().backtest, strategy_id="sma_cross_event")


class SlowCompute(ThreadCompute):
    """Answers when it is let; each task but the first `free` waits."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self.free, self.waiting = free, list[Future[Any]]()

    def submit(self, function: Callable[..., Any], key: str, *arguments: Any) -> Future[Any]:
        if self.submitted >= self.free:
            self.submitted += 1
            self.waiting.append(Future())
            return self.waiting[-1]
        return super().submit(function, key, *arguments)


async def test_a_grid_ends_with_all_trials_and_a_verdict() -> None:
    lab = await lab_with_bars()
    made = await lab.create()
    done = await lab.run()
    trials = await lab.trials(made.id)
    assert done.progress.state is OptimizationState.SUCCEEDED
    assert len(trials) == done.progress.done == done.progress.total == 190
    assert done.progress.left_out == 10, "sets whose fast window is not below the slow one"
    assert trials.numbers.tolist() == list(range(1, 191))
    assert done.verdict is not None
    assert done.verdict.trials_overall == 190


async def test_nothing_is_run_twice_by_who_takes_over() -> None:
    compute = SlowCompute(free=1)
    lab = await lab_with_bars(compute)
    made = await lab.create()
    first = Execution(await lab.claim("one"), "one", lab.means)
    task = asyncio.create_task(first.run())
    found = await lab.until(made.id, lambda one: one.progress.done > 0)
    lab.clock.time += timedelta(seconds=60)

    lab.compute = second = ThreadCompute()
    done = await lab.run("two")
    assert done.progress.state is OptimizationState.SUCCEEDED
    assert second.submitted <= 3, "what was missing, and the best one's returns"
    assert len(await lab.trials(made.id)) == 190 > found.progress.done
    async with asyncio.timeout(5):
        await task  # it learns that it lost it, and leaves it alone
    assert all(one.cancelled() for one in compute.waiting)
    assert (await lab.get(made.id)).progress == done.progress


@pytest.mark.parametrize("method", [Method.RANDOM, Method.TPE, Method.CMA_ES])
async def test_a_search_that_is_given_back_comes_to_the_same_trials(method: Method) -> None:
    spec = spec_of(CROSSES, method, max_trials=30, seed=2)
    spec = replace(spec, backtest=EVENT)
    whole = await lab_with_bars(n_bars=120)
    expected = await whole.create(spec)
    await whole.run()

    lab = await lab_with_bars(SlowCompute(free=12), n_bars=120)
    made = await lab.create(spec)
    task = asyncio.create_task(Execution(await lab.claim(), "one", lab.means).run())
    await lab.until(made.id, lambda one: one.progress.done >= 8)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rested = await lab.get(made.id)
    assert (rested.progress.state, rested.attempts) == (OptimizationState.QUEUED, 0)
    lab.compute = ThreadCompute()
    await lab.run("two")
    ours, theirs = await lab.trials(made.id), await whole.trials(expected.id)
    assert np.array_equal(ours.codes, theirs.codes)
    assert np.array_equal(ours.figures["sharpe"], theirs.figures["sharpe"], equal_nan=True)


@pytest.mark.parametrize("turn", ["pause", "cancel"])
async def test_what_is_paused_or_cancelled_stops_at_once_and_keeps_its_trials(turn: str) -> None:
    compute = SlowCompute(free=1)
    lab = await lab_with_bars(compute)
    made = await lab.create()
    async with running(lab):
        await lab.until(made.id, lambda one: one.progress.done > 0)
        async with lab.storage.begin() as work:
            await getattr(lab.optimizations, turn)(work, made.id)
        async with asyncio.timeout(1):
            while not all(one.cancelled() for one in compute.waiting):  # noqa: ASYNC110 - futures of threads
                await asyncio.sleep(0.005)
        left = await lab.get(made.id)
        assert len(await lab.trials(made.id)) == left.progress.done
        if turn == "pause":
            lab.compute = ThreadCompute()
    if turn == "pause":
        async with lab.storage.begin() as work:
            await lab.optimizations.resume(work, made.id)
        assert (await lab.run("two")).progress.state is OptimizationState.SUCCEEDED


async def test_a_search_that_takes_workers_with_it_time_and_again_fails() -> None:
    class Deadly(ThreadCompute):
        def submit(self, function: Callable[..., Any], key: str, *arguments: Any) -> Future[Any]:
            raise Unavailable("it took 3 workers with it", Reason.INTERNAL)

    lab = await lab_with_bars(Deadly())
    made = await lab.create()
    for attempt in range(MAX_ATTEMPTS):
        claimed = await lab.claim(str(attempt))
        with pytest.raises(Unavailable):
            await Execution(claimed, str(attempt), lab.means).run()
        lab.clock.time += timedelta(seconds=60)
    failed = await lab.run("last")
    assert failed.progress.state is OptimizationState.FAILED
    assert failed.error is not None
    assert f"{MAX_ATTEMPTS} times" in failed.error.message
    assert made.id == failed.id


async def test_workers_that_are_away_are_no_fault_of_the_search() -> None:
    class Away(ThreadCompute):
        def submit(self, function: Callable[..., Any], key: str, *arguments: Any) -> Future[Any]:
            raise ComputeAway("no cluster", Reason.INTERNAL)

    lab = await lab_with_bars(Away())
    made = await lab.create()
    for attempt in range(MAX_ATTEMPTS + 1):
        with pytest.raises(Unavailable):
            await lab.run(str(attempt))
        rested = await lab.get(made.id)
        assert (rested.progress.state, rested.attempts) == (OptimizationState.QUEUED, 0)
    lab.compute = ThreadCompute()
    assert (await lab.run("last")).progress.state is OptimizationState.SUCCEEDED


async def test_a_search_of_sets_that_all_break_the_rules_fails_with_that() -> None:
    lab = await lab_with_bars()
    await lab.create(spec_of(Space((Axis("fast", (50,)), Axis("slow", (20, 30))))))
    failed = await lab.run()
    assert failed.error is not None
    assert failed.error.reason is Reason.STRATEGY_PARAMETER_INVALID


async def test_a_division_that_does_not_fit_the_sessions_fails_with_its_field() -> None:
    lab = await lab_with_bars(n_bars=40)
    await lab.create(spec_of(validation=Validation(Scheme.ROLLING, 3, train_sessions=100, test_sessions=30)))
    failed = await lab.run()
    assert failed.error is not None
    assert "optimization.validation" in failed.error.message


async def test_constraints_that_no_trial_keeps_leave_a_search_without_a_best() -> None:
    lab = await lab_with_bars()
    made = await lab.create(spec_of(constraints=(Constraint("sharpe", at_least=1e6),)))
    done = await lab.run()
    assert done.progress.state is OptimizationState.SUCCEEDED
    assert done.verdict is not None
    assert done.verdict.deflated_sharpe is None
    assert "No trial keeps all constraints." in done.verdict.warnings
    _, best, _ = await lab.optimizations.get(made.id)
    assert len(best) == 0


async def test_a_second_search_of_the_same_sets_is_no_further_try() -> None:
    lab = await lab_with_bars()
    await lab.create()
    await lab.run()
    await lab.create(spec_of(Space((FAST, SLOW, DIRECTION))))
    done = await lab.run()
    assert done.verdict is not None
    assert done.verdict.trials_overall == 380, "those that hold long only were tried before"


def test_a_run_has_one_signature_however_it_was_asked_for() -> None:
    fixed = spec_of(Space((FAST, SLOW)))
    fixed = replace(fixed, backtest=replace(fixed.backtest, parameters={"direction": "long_short"}))
    searched = spec_of(Space((DIRECTION, Axis("slow", (8, 20)), Axis("fast", span=NumberRange(1, 50), whole=True))))
    ours = signatures_of(fixed, np.array([[4.0, 20.0], [5.0, 20.0]]))
    theirs = signatures_of(searched, np.array([[1.0, 20.0, 4.0], [0.0, 20.0, 4.0], [1.0, 20.0, 5.0]]))
    assert ours.tolist() == [theirs[0], theirs[2]]
    assert theirs[0] != theirs[1]
    dearer = replace(fixed, backtest=replace(fixed.backtest, commission_bps=5.0))
    assert signatures_of(dearer, np.array([[4.0, 20.0]]))[0] != ours[0]


async def test_several_are_under_way_at_a_time() -> None:
    lab: Lab = await lab_with_bars()
    made = [await lab.create() for _ in range(3)]
    async with running(lab, at_a_time=2):
        for one in made:
            await lab.until(one.id, lambda found: found.progress.state is OptimizationState.SUCCEEDED)
