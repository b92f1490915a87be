"""What every storage of backtests promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from scizor.domain.backtests import BacktestJob, BacktestStage, BacktestState, JobError, Progress
from scizor.domain.errors import DataCorrupt, FailedPrecondition, NotFound, Reason
from scizor.ports.backtests import BacktestFilter
from scizor.ports.storage import Storage
from tests.fakes.samples import NOW, curve_of, job_of, results_of, trade_of

LATER = NOW + timedelta(seconds=30)
LONG_AGO = NOW - timedelta(hours=1)
HALFWAY = Progress(5, BacktestState.RUNNING, BacktestStage.SIMULATING, 50, 100, 1e6, 0.5)
DONE = Progress(9, BacktestState.SUCCEEDED, BacktestStage.NONE, 100, 100, 1e6, 0.0)
FAILED = replace(DONE, state=BacktestState.FAILED)


async def claimed(storage: Storage, backtest_id: str = "b1", owner: str = "one") -> BacktestJob:
    async with storage.begin() as work:
        await work.backtests.add(job_of(backtest_id))
        job = await work.backtests.claim(owner, NOW, LONG_AGO)
    assert job is not None
    return job


async def test_a_job_is_read_back_as_it_was_added(storage: Storage) -> None:
    job = job_of("b1")
    async with storage.begin() as work:
        await work.backtests.add(job)
    async with storage.begin() as work:
        found = await work.backtests.get("b1")
    assert found == job
    kinds = {name: type(value) for name, value in found.spec.parameters.items()}
    assert kinds == {"fast": int, "slow": float, "label": str, "long_only": bool}


@pytest.mark.parametrize("backtest_id", ["", "nope", "b1' OR 1=1", "x" * 1_000])
async def test_an_unknown_backtest_is_not_found(storage: Storage, backtest_id: str) -> None:
    async with storage.begin() as work:
        for asked in (
            work.backtests.get(backtest_id),
            work.backtests.cancel(backtest_id, NOW),
            work.backtests.results(backtest_id),
            work.backtests.trades(backtest_id, 0, 10),
            work.backtests.curve(backtest_id),
        ):
            with pytest.raises(NotFound) as caught:
                await asked
            assert caught.value.reason is Reason.BACKTEST_NOT_FOUND


async def test_backtests_are_paged_newest_first(storage: Storage) -> None:
    async with storage.begin() as work:
        for number in range(7):
            await work.backtests.add(job_of(f"b{number}", "buy_and_hold" if number % 2 else "sma_cross"))
        seen: list[str] = []
        while page := await work.backtests.page(BacktestFilter(), seen[-1] if seen else None, 3):
            seen += [job.id for job in page]
        assert seen == [f"b{number}" for number in reversed(range(7))]
        odd = await work.backtests.page(BacktestFilter("buy_and_hold"), None, 10)
        assert [job.id for job in odd] == ["b5", "b3", "b1"]
        await work.backtests.claim("one", NOW, LONG_AGO)
        running = await work.backtests.page(BacktestFilter(state=BacktestState.RUNNING), None, 10)
        assert [job.id for job in running] == ["b0"]


async def test_the_oldest_queued_job_is_claimed_first_and_only_once(storage: Storage) -> None:
    async with storage.begin() as work:
        for backtest_id in ("b2", "b1"):
            await work.backtests.add(job_of(backtest_id))
        first = await work.backtests.claim("one", NOW, LONG_AGO)
        second = await work.backtests.claim("two", NOW, LONG_AGO)
        assert await work.backtests.claim("three", NOW, LONG_AGO) is None
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == ("b1", "b2")
    assert first.progress == Progress(2, BacktestState.RUNNING)
    assert first.start_time == NOW
    assert first.spec == job_of("b1").spec


async def test_a_job_not_heard_of_is_taken_over_and_its_first_owner_loses_it(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert await work.backtests.save_progress("b1", "one", HALFWAY, NOW)
        assert await work.backtests.claim("two", LATER, NOW) is None
        taken = await work.backtests.claim("two", LATER, NOW + timedelta(seconds=1))
        assert taken is not None
        assert taken.progress == Progress(6, BacktestState.RUNNING)
        assert taken.start_time == NOW
        assert not await work.backtests.save_progress("b1", "one", HALFWAY, LATER)
        assert not await work.backtests.finish("b1", "one", DONE, LATER)
        assert (await work.backtests.get("b1")).progress == taken.progress
        assert await work.backtests.save_progress("b1", "two", replace(HALFWAY, sequence=7), LATER)


async def test_every_claim_is_one_attempt_more(storage: Storage) -> None:
    attempts = [(await claimed(storage)).attempts]
    async with storage.begin() as work:
        for _ in range(2):
            job = await work.backtests.claim("two", NOW, LATER)
            assert job is not None
            attempts.append(job.attempts)
        assert (await work.backtests.get("b1")).attempts == 3
    assert attempts == [1, 2, 3]


async def test_a_job_given_back_waits_for_the_next_claim_and_has_no_attempt_more(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert await work.backtests.save_progress("b1", "one", HALFWAY, NOW)
        assert not await work.backtests.release("b1", "two")
        assert await work.backtests.release("b1", "one")
        job = await work.backtests.get("b1")
        assert job.progress == Progress(6, BacktestState.QUEUED)
        assert (job.attempts, job.start_time) == (0, NOW)
        assert not await work.backtests.release("b1", "one")
        assert not await work.backtests.finish("b1", "one", DONE, LATER)
        again = await work.backtests.claim("two", LATER, LONG_AGO)
        assert again is not None
        assert (again.progress, again.attempts) == (Progress(7, BacktestState.RUNNING), 1)


async def test_an_attempt_that_is_to_count_counts_when_the_job_is_given_back(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert await work.backtests.release("b1", "one", counted=True)
        assert (await work.backtests.get("b1")).attempts == 1


@pytest.mark.parametrize("ended_as", [BacktestState.SUCCEEDED, BacktestState.CANCELLED])
async def test_a_job_that_has_ended_cannot_be_given_back(storage: Storage, ended_as: BacktestState) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        if ended_as is BacktestState.CANCELLED:
            await work.backtests.cancel("b1", LATER)
        else:
            await work.backtests.finish("b1", "one", DONE, LATER)
        assert not await work.backtests.release("b1", "one")
        assert (await work.backtests.get("b1")).progress.state is ended_as


async def test_the_sequence_of_progress_only_grows(storage: Storage) -> None:
    await claimed(storage)
    sequences = []
    async with storage.begin() as work:
        for given in (5, 5, 3, 20):
            assert await work.backtests.save_progress("b1", "one", replace(HALFWAY, sequence=given), NOW)
            sequences.append((await work.backtests.get("b1")).progress.sequence)
    assert sequences == [5, 6, 7, 20]


async def test_a_finished_job_has_its_end_and_leaves_the_queue(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        assert await work.backtests.count_unfinished("") == (1, 1)
        assert await work.backtests.finish("b1", "one", DONE, LATER)
        job = await work.backtests.get("b1")
        assert (job.progress, job.end_time, job.error) == (DONE, LATER, None)
        assert await work.backtests.count_unfinished("") == (0, 0)
        assert await work.backtests.claim("two", LATER, LATER + timedelta(days=1)) is None
        assert not await work.backtests.save_progress("b1", "one", HALFWAY, LATER)
        assert not await work.backtests.finish("b1", "one", DONE, LATER)


async def test_a_failed_job_says_why(storage: Storage) -> None:
    await claimed(storage)
    error = JobError(Reason.BARS_NOT_FOUND, "AAPL.NASDAQ has no bars")
    async with storage.begin() as work:
        assert await work.backtests.finish("b1", "one", FAILED, LATER, error)
        assert (await work.backtests.get("b1")).error == error


@pytest.mark.parametrize(
    ("progress", "error"), [(FAILED, None), (DONE, JobError(Reason.INTERNAL, "x")), (HALFWAY, None)]
)
async def test_an_end_that_contradicts_itself_is_refused(
    storage: Storage, progress: Progress, error: JobError | None
) -> None:
    await claimed(storage)
    with pytest.raises(DataCorrupt):
        async with storage.begin() as work:
            await work.backtests.finish("b1", "one", progress, LATER, error)


@pytest.mark.parametrize("running", [True, False])
async def test_a_cancelled_job_is_no_longer_its_owners(storage: Storage, running: bool) -> None:
    if running:
        await claimed(storage)
    else:
        async with storage.begin() as work:
            await work.backtests.add(job_of("b1"))
    async with storage.begin() as work:
        before = await work.backtests.get("b1")
        job = await work.backtests.cancel("b1", LATER)
        assert job.progress.state is BacktestState.CANCELLED
        assert job.progress.sequence == before.progress.sequence + 1
        assert job.end_time == LATER
        assert job == await work.backtests.get("b1")
        assert not await work.backtests.save_progress("b1", "one", HALFWAY, LATER)
        assert await work.backtests.claim("two", LATER, LATER + timedelta(days=1)) is None
        with pytest.raises(FailedPrecondition) as caught:
            await work.backtests.cancel("b1", LATER)
    assert caught.value.reason is Reason.BACKTEST_FINISHED


async def test_results_are_read_back_as_they_were_saved(storage: Storage) -> None:
    await claimed(storage)
    trades, curve = [trade_of(number) for number in (1, 2, 3)], curve_of(2_500)
    async with storage.begin() as work:
        await work.backtests.save_results("b1", results_of(), trades, curve)
        assert await work.backtests.finish("b1", "one", DONE, LATER)
    async with storage.begin() as work:
        assert await work.backtests.results("b1") == results_of()
        assert await work.backtests.trades("b1", 0, 10) == trades
        assert await work.backtests.trades("b1", 1, 1) == trades[1:2]
        assert await work.backtests.trades("b1", 3, 10) == []
        found = await work.backtests.curve("b1")
    for name in ("days", "equity", "cash", "drawdown", "exposure"):
        np.testing.assert_array_equal(getattr(found, name), getattr(curve, name), strict=True)


async def test_a_backtest_without_trades_or_sessions_has_results_too(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        await work.backtests.save_results("b1", replace(results_of(0), metrics=(), warnings=()), [], curve_of(0))
        await work.backtests.finish("b1", "one", DONE, LATER)
        assert await work.backtests.trades("b1", 0, 10) == []
        assert len((await work.backtests.curve("b1")).equity) == 0
        assert (await work.backtests.results("b1")).metrics == ()


async def test_a_backtest_that_did_not_succeed_has_no_results(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        for cancelled in (False, True):
            if cancelled:
                await work.backtests.cancel("b1", NOW)
            for asked in (
                work.backtests.results("b1"),
                work.backtests.trades("b1", 0, 10),
                work.backtests.curve("b1"),
            ):
                with pytest.raises(FailedPrecondition) as caught:
                    await asked
                assert caught.value.reason is Reason.BACKTEST_NOT_FINISHED


async def test_results_of_a_job_lost_meanwhile_can_be_left_unsaved(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        await work.backtests.cancel("b1", NOW)

    async def save() -> None:
        async with storage.begin() as work:
            await work.backtests.save_results("b1", results_of(), [trade_of(1)], curve_of())
            if not await work.backtests.finish("b1", "one", DONE, LATER):
                raise FailedPrecondition("lost")

    with pytest.raises(FailedPrecondition, match="lost"):
        await save()
    await claimed(storage, "b2")
    async with storage.begin() as work:
        await work.backtests.save_results("b2", results_of(), [], curve_of())


async def test_of_waiting_jobs_the_most_urgent_is_claimed_first(storage: Storage) -> None:
    async with storage.begin() as work:
        for backtest_id, priority in (("b1", 0), ("b2", 5), ("b3", 9), ("b4", 9)):
            await work.backtests.add(replace(job_of(backtest_id), priority=priority))
        claimed_in_order = [await work.backtests.claim(f"o{number}", NOW, LONG_AGO) for number in range(4)]
    assert [job.id for job in claimed_in_order if job] == ["b3", "b4", "b2", "b1"]


async def test_unfinished_jobs_are_counted_by_caller(storage: Storage) -> None:
    async with storage.begin() as work:
        for backtest_id, caller in (("b1", "me"), ("b2", "me"), ("b3", "you"), ("b4", "")):
            await work.backtests.add(replace(job_of(backtest_id), caller=caller))
        await work.backtests.cancel("b1", NOW)
        counted = [await work.backtests.count_unfinished(who) for who in ("me", "you", "", "nobody")]
        assert counted == [(3, 1), (3, 1), (3, 1), (3, 0)]


async def test_callers_take_turns_within_a_priority(storage: Storage) -> None:
    async with storage.begin() as work:
        for backtest_id, caller in (("b1", "me"), ("b2", "me"), ("b3", "me"), ("b4", "you"), ("b5", "them")):
            await work.backtests.add(replace(job_of(backtest_id), caller=caller))
        await work.backtests.add(replace(job_of("b6"), caller="me", priority=9))
        claimed_in_order = [await work.backtests.claim(f"o{number}", NOW, LONG_AGO) for number in range(6)]
    assert [job.id for job in claimed_in_order if job] == ["b6", "b4", "b5", "b1", "b2", "b3"]


async def test_what_was_computed_is_found_by_its_fingerprint(storage: Storage) -> None:
    async with storage.begin() as work:
        for backtest_id, fingerprint in (("b1", "same"), ("b2", "same"), ("b3", "other")):
            await work.backtests.add(job_of(backtest_id))
            await work.backtests.claim("one", NOW, LONG_AGO)
            await work.backtests.finish(backtest_id, "one", DONE, LATER)
            await work.backtests.save_results(
                backtest_id, replace(results_of(), fingerprint=fingerprint), [], curve_of()
            )
        assert [job.id for job in await work.backtests.computed("same", 10)] == ["b2", "b1"]
        assert [job.id for job in await work.backtests.computed("same", 1)] == ["b2"]
        assert await work.backtests.computed("none", 10) == []


async def test_a_job_that_has_ended_is_removed_with_its_results(storage: Storage) -> None:
    await claimed(storage)
    async with storage.begin() as work:
        with pytest.raises(FailedPrecondition) as caught:
            await work.backtests.delete("b1")
        await work.backtests.save_results("b1", results_of(), [trade_of(1)], curve_of())
        await work.backtests.finish("b1", "one", DONE, LATER)
    async with storage.begin() as work:
        await work.backtests.delete("b1")
        for asked in (work.backtests.get("b1"), work.backtests.results("b1"), work.backtests.delete("b1")):
            with pytest.raises(NotFound):
                await asked
        assert await work.backtests.computed(results_of().fingerprint, 10) == []
    assert caught.value.reason is Reason.BACKTEST_NOT_FINISHED
