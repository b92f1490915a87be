"""What every storage of optimisations promises."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from scizor.domain.backtests import JobError
from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.optimizations import (
    METRICS,
    Constraint,
    FoldOutcome,
    Method,
    Objective,
    Optimization,
    OptimizationProgress,
    OptimizationSpec,
    OptimizationStage,
    OptimizationState,
    Scheme,
    Validation,
    Verdict,
)
from scizor.domain.search_spaces import Axis, NumberRange, Space
from scizor.ports.optimizations import OptimizationFilter, TrialBatch, TrialColumns, TrialOrder
from scizor.ports.storage import Storage
from tests.fakes.samples import NOW, job_of

LATER = NOW + timedelta(seconds=30)
LONG_AGO = NOW - timedelta(hours=1)
RUNNING = OptimizationProgress(5, OptimizationState.RUNNING, OptimizationStage.SEARCHING, 2, 1, 3, 9, 10.0, 0.5)
DONE = OptimizationProgress(9, OptimizationState.SUCCEEDED, done=9, total=9)
SPACE = Space((Axis("fast", span=NumberRange(2, 9), whole=True), Axis("direction", ("long_only", "long_short"))))


def optimization_of(optimization_id: str, strategy_id: str = "sma_cross") -> Optimization:
    spec = OptimizationSpec(
        backtest=job_of("b", strategy_id).spec,
        space=SPACE,
        method=Method.TPE,
        objectives=(Objective("sharpe"), Objective("volatility", maximize=False)),
        constraints=(Constraint("n_trades", at_least=10.0), Constraint("max_drawdown", at_least=-0.3, at_most=0.0)),
        max_trials=50,
        seed=4_000_000_000,
        validation=Validation(Scheme.ANCHORED, 4, 100, 50, 2, 5, 3),
    )
    queued = OptimizationProgress(1, OptimizationState.QUEUED)
    return Optimization(optimization_id, spec, queued, create_time=NOW)


def batch_of(first: int, sharpes: list[float], failed: int | None = None, signature: int = 0) -> TrialBatch:
    """Trials with these Sharpe ratios; `failed`: the number of one that has nothing else."""
    n = len(sharpes)
    numbers = np.arange(first, first + n)
    figures = {metric: np.arange(n) + 0.5 for metric in METRICS} | {"sharpe": np.array(sharpes)}
    has_failed = numbers == failed
    columns = TrialColumns(
        numbers,
        np.stack([numbers + 1.0, numbers % 2.0], axis=1),
        figures,
        ~has_failed & (np.array(sharpes) > 0),
        has_failed,
        numbers + signature,
        {failed: "it broke"} if failed is not None else {},
    )
    parts = np.arange(n * 6.0).reshape(n, 3, 2)
    return TrialBatch(columns, parts, parts + 100.0)


async def claimed(storage: Storage, optimization_id: str = "o1", owner: str = "one") -> Optimization:
    async with storage.begin() as work:
        await work.optimizations.add(optimization_of(optimization_id), "family")
        found = await work.optimizations.claim(owner, NOW, LONG_AGO)
    assert found is not None
    return found


async def saved(storage: Storage, batch: TrialBatch, optimization_id: str = "o1", owner: str = "one") -> int | None:
    async with storage.begin() as work:
        return await work.optimizations.save_batch(optimization_id, owner, batch, RUNNING, NOW)


async def test_an_optimization_is_read_back_as_it_was_added(storage: Storage) -> None:
    added = optimization_of("o1")
    async with storage.begin() as work:
        await work.optimizations.add(added, "family")
    async with storage.begin() as work:
        assert await work.optimizations.get("o1") == added


async def test_an_unknown_optimization_is_not_found(storage: Storage) -> None:
    async with storage.begin() as work:
        jobs = work.optimizations
        for asked in (jobs.get("x"), jobs.cancel("x", NOW), jobs.pause("x"), jobs.resume("x"), jobs.batches("x", 0, 1)):
            with pytest.raises(NotFound) as caught:
                await asked
            assert caught.value.reason is Reason.OPTIMIZATION_NOT_FOUND


async def test_optimizations_are_paged_newest_first(storage: Storage) -> None:
    async with storage.begin() as work:
        for number in range(5):
            await work.optimizations.add(optimization_of(f"o{number}", "ab"[number % 2]), "family")
        first = await work.optimizations.page(OptimizationFilter(), None, 2)
        rest = await work.optimizations.page(OptimizationFilter(), first[-1].id, 9)
        assert [one.id for one in (*first, *rest)] == ["o4", "o3", "o2", "o1", "o0"]
        assert [one.id for one in await work.optimizations.page(OptimizationFilter("b"), None, 9)] == ["o3", "o1"]
        await work.optimizations.pause("o2")
        paused = await work.optimizations.page(OptimizationFilter(state=OptimizationState.PAUSED), None, 9)
        assert [one.id for one in paused] == ["o2"]


async def test_the_oldest_is_claimed_first_and_a_silent_owner_loses_it_with_its_trials_kept(storage: Storage) -> None:
    await claimed(storage)
    assert await saved(storage, batch_of(1, [0.5, 0.1])) is not None
    async with storage.begin() as work:
        assert await work.optimizations.claim("two", NOW, LONG_AGO) is None
        taken = await work.optimizations.claim("two", LATER, LATER)
        assert taken is not None
        assert (taken.progress.done, taken.progress.failed, taken.progress.left_out) == (2, 1, 3)
        assert taken.start_time == NOW
        assert await work.optimizations.save_progress("o1", "one", RUNNING, LATER) is None
        assert len(await work.optimizations.trials("o1", 1, 9)) == 2
    assert await saved(storage, batch_of(3, [0.2])) is None, "not the old owner's any more"


async def test_trials_that_are_stored_make_the_attempts_forgotten(storage: Storage) -> None:
    found = await claimed(storage)
    assert found.attempts == 1
    await saved(storage, batch_of(1, [0.5]))
    async with storage.begin() as work:
        assert (await work.optimizations.get("o1")).attempts == 0


async def test_trials_are_read_back_with_what_they_are_judged_by(storage: Storage) -> None:
    await claimed(storage)
    later, earlier = batch_of(4, [math.nan, 0.3], failed=4), batch_of(1, [0.5, -0.25, 2.0])
    assert await saved(storage, later) == 5
    assert await saved(storage, earlier) == 6
    async with storage.begin() as work:
        every = await work.optimizations.judged_by("o1")
        assert every.trials.numbers.tolist() == [1, 2, 3, 4, 5]
        assert np.array_equal(every.scores, np.concatenate([earlier.scores, later.scores]))
        assert np.array_equal(every.sums, np.concatenate([earlier.sums, later.sums]))
        for name in ("codes", "feasible", "failed", "signatures"):
            both = np.concatenate([getattr(earlier.trials, name), getattr(later.trials, name)])
            assert np.array_equal(getattr(every.trials, name), both), name
        for metric in METRICS:
            both = np.concatenate([earlier.trials.figures[metric], later.trials.figures[metric]])
            assert np.array_equal(every.trials.figures[metric], both, equal_nan=True), metric
        assert every.trials.errors == {4: "it broke"}
        some = await work.optimizations.trials("o1", 2, 3)
        assert some.numbers.tolist() == [2, 3, 4]
        assert some.errors == {4: "it broke"}


async def test_batches_are_told_in_the_order_they_were_stored(storage: Storage) -> None:
    await claimed(storage)
    await saved(storage, batch_of(4, [0.1, 0.3]))
    await saved(storage, batch_of(1, [0.5, 0.25, 2.0]))
    async with storage.begin() as work:
        first, second = await work.optimizations.batches("o1", 0, 9)
        assert (first.first, first.count, second.first, second.count) == (4, 2, 1, 3)
        assert first.sequence < second.sequence
        assert await work.optimizations.batches("o1", first.sequence, 9) == [second]
        assert await work.optimizations.batches("o1", 0, 1) == [first]


async def test_a_trial_is_stored_once(storage: Storage) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [0.5, 0.25]))
    with pytest.raises(DataCorrupt):
        await saved(storage, batch_of(2, [0.5]))


async def test_trials_are_ordered_by_a_metric_with_undefined_ones_last(storage: Storage) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [0.5, math.nan, 2.0, -1.0, 0.5]))
    async with storage.begin() as work:
        jobs = work.optimizations
        best = await jobs.ordered("o1", TrialOrder("sharpe"), 0, 9)
        assert best.numbers.tolist() == [3, 1, 5, 4, 2]
        worst = await jobs.ordered("o1", TrialOrder("sharpe", descending=False), 0, 9)
        assert worst.numbers.tolist() == [4, 1, 5, 3, 2]
        page = await jobs.ordered("o1", TrialOrder("sharpe", feasible_only=True), 3, 1)
        assert page.numbers.tolist() == [1]
        numbered = await jobs.ordered("o1", TrialOrder(descending=False), 1, 3)
        assert numbered.numbers.tolist() == [2, 3, 4]
        with pytest.raises(InvalidInput):
            await jobs.ordered("o1", TrialOrder("beauty"), 0, 1)


@pytest.mark.parametrize("order", [TrialOrder("sharpe"), TrialOrder("sharpe", descending=False), TrialOrder()])
async def test_pages_behind_a_trial_hold_every_other_once(storage: Storage, order: TrialOrder) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [0.5, math.nan, 2.0, math.nan, -1.0, 0.5, 0.0]))
    async with storage.begin() as work:
        every = (await work.optimizations.ordered("o1", order, 0, 99)).numbers.tolist()
        for at, number in enumerate(every):
            behind = await work.optimizations.ordered("o1", order, number, 99)
            assert behind.numbers.tolist() == every[at + 1 :]


@pytest.mark.parametrize("metric", ["", "sharpe"])
async def test_a_page_goes_on_behind_its_trial_whatever_came_in_before_it(storage: Storage, metric: str) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [3.0, 2.0, 1.0, 0.0]))
    order = TrialOrder(metric, descending=bool(metric))
    async with storage.begin() as work:
        assert (await work.optimizations.ordered("o1", order, 0, 2)).numbers.tolist() == [1, 2]
    await saved(storage, batch_of(5, [9.0, 8.0, 0.5]))
    async with storage.begin() as work:
        page = await work.optimizations.ordered("o1", order, 2, 9)
        assert page.numbers.tolist() == ([3, 7, 4] if metric else [3, 4, 5, 6, 7])


async def test_the_trials_of_a_family_count_once_each(storage: Storage) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [1.0, 2.0, math.nan]))
    async with storage.begin() as work:
        await work.optimizations.cancel("o1", NOW)
    await claimed(storage, "o2", "two")
    await saved(storage, batch_of(2, [2.0, 3.0]), "o2", "two")
    async with storage.begin() as work:
        n, variance = await work.optimizations.family_trials("o2")
        assert n == 3
        assert variance == pytest.approx(1.0)
        await work.optimizations.add(optimization_of("o3"), "another")
        n, variance = await work.optimizations.family_trials("o3")
        assert n == 0
        assert math.isnan(variance)


async def test_one_that_rests_is_claimed_by_nobody_until_it_is_resumed(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        jobs = work.optimizations
        assert (await jobs.pause("o1")).progress.state is OptimizationState.PAUSED
        assert (await jobs.pause("o1")).progress.state is OptimizationState.PAUSED
        assert await jobs.save_progress("o1", "one", RUNNING, NOW) is None
        assert await jobs.claim("two", LATER, LATER) is None
        assert await jobs.count_unfinished() == 1
        assert (await jobs.resume("o1")).progress.state is OptimizationState.QUEUED
        assert await jobs.claim("two", LATER, LATER) is not None
        assert (await jobs.resume("o1")).progress.state is OptimizationState.RUNNING


async def test_an_ended_one_stays_ended(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        jobs = work.optimizations
        assert (await jobs.cancel("o1", LATER)).end_time == LATER
        for asked in (jobs.cancel("o1", LATER), jobs.pause("o1"), jobs.resume("o1")):
            with pytest.raises(FailedPrecondition) as caught:
                await asked
            assert caught.value.reason is Reason.OPTIMIZATION_FINISHED
        assert await jobs.finish("o1", "one", DONE, LATER) is None
        assert await jobs.count_unfinished() == 0


async def test_the_end_is_kept_with_its_verdict(storage: Storage) -> None:
    await claimed(storage)
    fold = FoldOutcome(("2020-01-02", "2020-06-30"), ("2020-07-01", "2020-12-31"), 3, {"fast": 4}, 1.5, None)
    verdict = Verdict(9, 0.5, 0.25, 0.125, None, (fold,), {"sharpe": 0.75}, (0.5, 0.25), 0.5, ("beware",))
    async with storage.begin() as work:
        assert await work.optimizations.finish("o1", "one", DONE, LATER, verdict=verdict) is not None
    async with storage.begin() as work:
        found = await work.optimizations.get("o1")
    assert (found.verdict, found.end_time, found.error) == (verdict, LATER, None)


async def test_a_failure_is_kept_with_its_error(storage: Storage) -> None:
    await claimed(storage)
    failed = replace(DONE, state=OptimizationState.FAILED)
    error = JobError(Reason.BARS_NOT_FOUND, f"no bars since {date(2020, 1, 1)}")
    async with storage.begin() as work:
        await work.optimizations.finish("o1", "one", failed, LATER, error)
    async with storage.begin() as work:
        found = await work.optimizations.get("o1")
    assert (found.error, found.verdict) == (error, None)


async def test_one_that_is_given_back_goes_to_the_next_with_its_trials(storage: Storage) -> None:
    await claimed(storage)
    await saved(storage, batch_of(1, [0.5]))
    async with storage.begin() as work:
        assert not await work.optimizations.release("o1", "two")
        assert await work.optimizations.release("o1", "one")
        found = await work.optimizations.claim("two", LATER, LONG_AGO)
        assert found is not None
        assert (found.attempts, found.progress.done) == (1, 2)
