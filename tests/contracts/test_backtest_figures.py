"""What every storage promises of a strategy's runs taken together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scizor.domain.backtests import BacktestState, JobError, Progress
from scizor.domain.errors import Reason
from scizor.domain.metrics import Metric
from scizor.ports.storage import Storage
from tests.fakes.samples import NOW, curve_of, job_of, results_of, strategy_of, version_of

LONG_AGO = NOW - timedelta(hours=1)


async def ended(
    storage: Storage, backtest_id: str, state: BacktestState, sharpe: float = 1.0, version: int = 0
) -> None:
    """A backtest that came to its end, with a Sharpe ratio if it succeeded."""
    job = job_of(backtest_id, "mine" if version else "sma_cross")
    if version:
        spec = replace(job.spec, strategy_version=version, code_hash=version_of("mine", version).code_hash)
        job = replace(job, spec=spec)
    async with storage.begin() as work:
        await work.backtests.add(job)
        assert await work.backtests.claim("one", NOW, LONG_AGO)
        error = JobError(Reason.INTERNAL, "it broke") if state is BacktestState.FAILED else None
        assert await work.backtests.finish(backtest_id, "one", Progress(9, state), NOW, error)
        if state is BacktestState.SUCCEEDED:
            metrics = (
                Metric("sharpe", sharpe, "TRADING_DAY_252", 250, "ratio", sharpe - 1, sharpe + 1),
                Metric("calmar", None, "TRADING_DAY_252", 250, "ratio", undefined_reason="it never fell"),
                Metric("omega", 2.0, "TRADING_DAY_252", 250, "ratio"),
            )
            await work.backtests.save_results(backtest_id, replace(results_of(0), metrics=metrics), (), curve_of())


async def test_backtests_of_a_strategy_are_counted_by_state(storage: Storage) -> None:
    for number, state in enumerate(
        (BacktestState.SUCCEEDED, BacktestState.SUCCEEDED, BacktestState.FAILED, BacktestState.CANCELLED)
    ):
        await ended(storage, f"b{number}", state)
    async with storage.begin() as work:
        await work.backtests.add(job_of("b9"))
        await work.backtests.add(job_of("other", "buy_and_hold"))
        found = await work.backtests.states("sma_cross")
        assert await work.backtests.states("never_run") == {}
    assert found == {
        BacktestState.SUCCEEDED: 2,
        BacktestState.FAILED: 1,
        BacktestState.CANCELLED: 1,
        BacktestState.QUEUED: 1,
    }


async def test_figures_come_of_the_newest_that_succeeded_and_of_the_names_asked_for(storage: Storage) -> None:
    for number in range(4):
        await ended(storage, f"b{number}", BacktestState.SUCCEEDED, sharpe=float(number))
    await ended(storage, "b5", BacktestState.FAILED)
    async with storage.begin() as work:
        found = await work.backtests.figures("sma_cross", 0, ["sharpe", "calmar", "nope"], 3)
        none = await work.backtests.figures("never_run", 0, ["sharpe"], 3)
        bare = await work.backtests.figures("sma_cross", 0, ["nope"], 1)
    assert [run.backtest_id for run in found] == ["b3", "b2", "b1"]
    assert [run.metrics["sharpe"].value for run in found] == [3.0, 2.0, 1.0]
    assert {run.create_time for run in found} == {NOW}
    assert set(found[0].metrics) == {"sharpe", "calmar"}
    assert found[0].metrics["sharpe"].ci_high == 4.0
    assert found[0].metrics["calmar"].undefined_reason == "it never fell"
    assert none == []
    assert [run.metrics for run in bare] == [{}]


async def test_figures_and_states_may_be_of_one_version(storage: Storage) -> None:
    async with storage.begin() as work:
        first = strategy_of("mine")
        await work.strategies.add(first, "")
        await work.strategies.save(replace(first, newest=version_of("mine", 2)), "")
    await ended(storage, "b1", BacktestState.SUCCEEDED, version=1)
    await ended(storage, "b2", BacktestState.SUCCEEDED, version=2)
    async with storage.begin() as work:
        second = await work.backtests.figures("mine", 2, ["sharpe"], 10)
        every = await work.backtests.figures("mine", 0, ["sharpe"], 10)
        states = await work.backtests.states("mine", 2)
    assert [(run.backtest_id, run.strategy_version) for run in second] == [("b2", 2)]
    assert [run.backtest_id for run in every] == ["b2", "b1"]
    assert states == {BacktestState.SUCCEEDED: 1}
