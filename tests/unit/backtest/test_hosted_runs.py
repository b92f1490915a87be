"""Stored code runs apart: with the same results as here, ended when it is to end, and believed in nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from threading import current_thread, main_thread
from typing import Any

import numpy as np
import pytest

from scizor.domain.backtests import BacktestJob, BacktestState
from scizor.domain.bars import ActionType, Adjustment, CorporateAction
from scizor.domain.errors import LimitExceeded, Reason, Unavailable
from scizor.domain.outcomes import RunCounts
from scizor.domain.sessions import SessionRange
from scizor.ports.sandbox import Answer
from scizor.services.backtest.strategies import answers, hosting
from scizor.services.backtest.strategies.checking import CheckOrder
from scizor.services.backtest.strategies.hosting import Hosting, Text
from scizor.services.backtest.strategies.turns import Turns
from scizor.services.code import builtin
from tests.unit.backtest.build import FIRST_SESSION, App, spec_of, store_bars, waves
from tests.unit.backtest.running import AAPL, ended, means_of, reached, running
from tests.unit.backtest.texts import GOOD, RAISING

IBM = "IBM.NYSE"


async def ran(app: App, executor: ThreadPoolExecutor, **spec: Any) -> BacktestJob:
    job = await app.create(spec_of(**spec))
    async with running(means_of(app, executor)):
        return await ended(app, job.id)


@pytest.mark.parametrize("strategy_id", ["sma_cross", "sma_cross_event", "momentum_rotation"])
@pytest.mark.parametrize("adjustment", [Adjustment.SPLIT, Adjustment.RAW])
async def test_a_stored_text_comes_to_the_same_as_the_class_that_it_is(
    app: App, executor: ThreadPoolExecutor, strategy_id: str, adjustment: Adjustment
) -> None:
    await store_bars(app.storage, IBM, waves(280, FIRST_SESSION + timedelta(days=10), phase=2.0))
    async with app.storage.begin() as work:
        split = CorporateAction(ActionType.SPLIT, FIRST_SESSION + timedelta(days=100), Decimal(2), "test")
        await work.actions.record(await work.symbols.get(AAPL), split)
    came = builtin.find(strategy_id)
    assert came is not None
    await app.store(builtin.source_of(came), "copy")
    asked: dict[str, Any] = {"symbols": [AAPL, IBM], "adjustment": adjustment, "commission_bps": 5.0, "benchmark": IBM}
    here, apart = [await ran(app, executor, strategy_id=one, parameters={}, **asked) for one in (strategy_id, "copy")]
    assert (here.progress.state, apart.progress.state) == (BacktestState.SUCCEEDED, BacktestState.SUCCEEDED)
    assert apart.progress.bars_total == here.progress.bars_total == 580
    results, hosted = [await app.backtests.results(one.id) for one in (here, apart)]
    unlike = {"compute_seconds": 0.0, "fingerprint": ""}
    assert replace(results, **unlike) == replace(hosted, **unlike)  # type: ignore[arg-type] # by name
    assert hosted.trades > 0
    assert await app.backtests.trades(here.id, 0, 1000) == await app.backtests.trades(apart.id, 0, 1000)
    curves = [(await app.backtests.equity(one.id, 0))[0] for one in (here, apart)]
    for name in ("days", "close_ns", "equity", "cash", "drawdown", "exposure"):
        np.testing.assert_array_equal(*(getattr(one, name) for one in curves), strict=True)


async def test_the_fingerprint_covers_the_code_and_is_not_for_the_code_to_say(
    app: App, executor: ThreadPoolExecutor
) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.forge = lambda answer: (
        Answer(answer.document | {"results": answer.document["results"] | {"fingerprint": "forged"}}, answer.arrays)
        if "results" in answer.document
        else answer
    )
    first = await app.backtests.results((await ran(app, executor, strategy_id="mine")).id)
    again = await app.backtests.results((await ran(app, executor, strategy_id="mine")).id)
    await app.update("mine", source=GOOD + "# other\n")
    other = await app.backtests.results((await ran(app, executor, strategy_id="mine")).id)
    assert first.fingerprint == again.fingerprint != other.fingerprint != "forged"
    assert len(first.fingerprint) == 64


async def test_code_that_fails_ends_its_job_with_its_line_and_is_not_tried_again(
    app: App, executor: ThreadPoolExecutor
) -> None:
    await app.store(RAISING, "mine")
    job = await ran(app, executor, strategy_id="mine", parameters={})
    assert job.progress.state is BacktestState.FAILED
    assert job.error is not None
    assert job.error.reason is Reason.STRATEGY_FAILED
    assert job.error.message.startswith("mine.py:7 at ")
    assert (job.attempts, app.sandbox.asked) == (1, ["describe", "run"])


async def test_parameters_that_do_not_go_together_end_the_job(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    job = await ran(app, executor, strategy_id="mine", parameters={"fast": 30})
    assert job.error is not None
    assert job.error.reason is Reason.STRATEGY_PARAMETER_INVALID


@pytest.mark.parametrize("failure", [Unavailable("gone"), LimitExceeded("too many wait")])
async def test_a_fault_of_the_sandbox_costs_an_attempt_and_the_job_is_run_again(
    app: App, executor: ThreadPoolExecutor, failure: Exception
) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.failure = failure
    job = await app.create(spec_of(strategy_id="mine"))
    async with running(means_of(app, executor)):
        done = await ended(app, job.id)  # its lease is never over
    assert (done.progress.state, done.attempts) == (BacktestState.SUCCEEDED, 2)


async def test_a_cancelled_run_is_ended_at_once(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.held = asyncio.Event()
    job = await app.create(spec_of(strategy_id="mine"))
    async with running(means_of(app, executor)):
        await reached(app, job.id, lambda progress: progress.bars_total > 0)
        await app.cancel(job.id)
        async with asyncio.timeout(5.0):
            while not app.sandbox.cancelled:  # noqa: ASYNC110 - a count tells nobody
                await asyncio.sleep(0.001)
    assert (await app.backtests.get(job.id)).progress.state is BacktestState.CANCELLED


async def test_a_stop_ends_the_run_and_gives_the_job_back(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.held = asyncio.Event()
    job = await app.create(spec_of(strategy_id="mine"))
    async with running(means_of(app, executor)):
        await reached(app, job.id, lambda progress: progress.bars_total > 0)
        async with asyncio.timeout(5.0):
            while "run" not in app.sandbox.asked:  # noqa: ASYNC110 - a list tells nobody
                await asyncio.sleep(0.001)
    back = await app.backtests.get(job.id)
    assert (back.progress.state, back.attempts, app.sandbox.cancelled) == (BacktestState.QUEUED, 0, 1)


def doc(**change: Any) -> Callable[[Answer], Answer]:
    return lambda answer: Answer(answer.document | change, answer.arrays)


def results(**change: Any) -> Callable[[Answer], Answer]:
    return lambda answer: Answer(answer.document | {"results": answer.document["results"] | change}, answer.arrays)


def column(name: str, change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    def forge(answer: Answer) -> Answer:
        arrays: Mapping[str, Any] = {**answer.arrays, name: change(answer.arrays[name])}
        return Answer(answer.document, arrays)

    return forge


@pytest.mark.parametrize(
    "forge",
    [
        lambda _: Answer({}),
        doc(symbols="AAPL"),
        doc(symbols=[]),
        doc(results=[]),
        results(trades=10**6),
        results(bars="many"),
        results(bars=2**70),
        results(bars=True),
        results(bars=-1),
        results(counts=dict.fromkeys((one.name for one in fields(RunCounts)), -1)),
        results(warnings=["\ud800"]),
        results(warnings=["x" * 10_000]),
        results(compute_seconds=float("nan")),
        results(compute_seconds=1e300),
        results(counts={"orders": 1}),
        results(extra=1),
        column("trades.quantity", lambda one: one * 0),
        column("trades.quantity", lambda one: one[:-1]),
        column("trades.quantity", lambda one: one.astype(np.float32)),
        column("trades.quantity", lambda one: one.reshape(-1, 1)),
        column("trades.direction", lambda one: one + 9),
        column("trades.exit_reason", lambda one: one + 90),
        column("trades.symbol", lambda one: one - 1),
        column("trades.symbol", lambda one: one + 1),
        column("trades.entry_session", lambda one: one + 100_000),
        column("trades.exit_session", lambda one: one + 2_000_000_000),
        column("trades.exit_time", lambda one: one * 0 + 2**62),
        column("curve.days", lambda one: one + 2_000_000_000),
        column("curve.equity", lambda one: one[1:]),
        column("curve.equity", lambda one: one * np.nan),
        column("curve.days", lambda one: one[::-1].copy()),
        lambda answer: Answer(
            answer.document,
            {name: one[: len(one) * (not name.startswith("curve"))] for name, one in answer.arrays.items()},
        ),
    ],
)
async def test_a_forged_outcome_is_the_codes_own_failure(
    app: App, executor: ThreadPoolExecutor, forge: Callable[[Answer], Answer]
) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.forge = forge
    job = await ran(app, executor, strategy_id="mine", sessions=SessionRange(FIRST_SESSION, None))
    assert job.progress.state is BacktestState.FAILED
    assert job.error is not None
    assert job.error.reason is Reason.STRATEGY_FAILED
    assert "is no answer" in job.error.message


async def test_what_a_run_says_of_its_progress_stays_within_bounds(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    told: list[int] = []
    run = app.sandbox.run

    async def lying(*arguments: Any) -> Answer:
        on_message = arguments[4]
        for said in ({"bars": 10**30}, {"bars": -5}, {"bars": "x"}, {"bars": True}, {}, {"bars": 7}):
            on_message(said)
        return await run(*arguments)

    setattr(app.sandbox, "run", lying)  # noqa: B010 - as monkeypatch does
    job = await app.create(spec_of(strategy_id="mine"))
    with app.bus.subscribe(job.id) as news:
        async with running(means_of(app, executor)):
            done = await ended(app, job.id)
            while not (seen := await news.next()).progress.state.ended:
                told.append(seen.progress.bars_done)
    assert done.progress.state is BacktestState.SUCCEEDED
    assert all(0 <= one <= 300 for one in told)


async def test_an_answer_is_read_while_the_loop_goes_on(
    app: App, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[tuple[str, bool]] = []

    def apart(name: str) -> None:
        read = getattr(answers, name)

        def told(*answer: Any) -> Any:
            places.append((name, current_thread() is main_thread()))
            return read(*answer)

        monkeypatch.setattr(hosting, name, told)

    for name in ("declared_from", "outcome_of", "findings_of"):
        apart(name)
    await app.store(GOOD, "mine")
    job = await ran(app, executor, strategy_id="mine")
    await app.checking.check(CheckOrder("mine"))
    assert job.progress.state is BacktestState.SUCCEEDED
    assert places == [("declared_from", False), ("outcome_of", False), ("findings_of", False)]


async def test_however_many_texts_are_checked_a_job_has_its_turn(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    app.sandbox.held = asyncio.Event()
    asked = Hosting(app.sandbox, app.hosting.calendar, looking=Turns(at_once=2, waiting=3, of_caller=3))
    looks = [asyncio.create_task(asked.declared(Text(GOOD, "mine"))) for _ in range(6)]
    with pytest.raises(LimitExceeded, match="3 texts of this caller wait") as refused:
        await looks[-1]
    assert refused.value.reason is Reason.QUEUE_FULL
    assert app.sandbox.asked == ["describe", "describe", "describe"]  # the first stored it
    looks[0].cancel()
    await asyncio.wait(looks[:1])
    another = asyncio.create_task(asked.declared(Text(GOOD, "mine")))
    app.sandbox.held.set()
    assert [one.class_name for one in await asyncio.gather(*looks[1:5], another)] == ["MyCross"] * 5
