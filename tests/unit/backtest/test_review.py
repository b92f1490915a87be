"""The use cases of results, on fake storage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scizor.domain.backtests import BacktestState, JobError
from scizor.domain.errors import FailedPrecondition, InvalidInput, LimitExceeded, NotFound, Reason
from scizor.rpc.errors import DeadlineExceeded
from scizor.services.backtest.review import gathering
from scizor.services.backtest.review.app import Review
from scizor.services.backtest.review.gathering import gather
from scizor.services.backtest.tearsheet.material import Document, Format, Material
from tests.fakes.compute import ThreadCompute
from tests.fakes.samples import strategy_of
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import HandClock, store_bars
from tests.unit.tearsheet.build import ID, NOW, material_of, walk


@pytest.fixture(scope="module")
def material() -> Material:
    return material_of(walk(120), benchmark=walk(120, seed=2))


@pytest.fixture
async def storage(material: Material) -> FakeStorage:
    made = FakeStorage()
    await store_bars(made, "SPY.ARCA", walk(120, seed=2))
    await store(made, material)
    return made


@pytest.fixture
def drawing() -> Iterator[ThreadCompute]:
    threads = ThreadCompute(1)
    yield threads
    threads.close()


@pytest.fixture
def review(storage: FakeStorage, drawing: ThreadCompute) -> Review:
    return Review(storage, HandClock(), drawing)


async def store(storage: FakeStorage, material: Material, state: BacktestState = BacktestState.SUCCEEDED) -> None:
    job = material.job
    async with storage.begin() as work:
        await work.backtests.add(replace(job, progress=replace(job.progress, state=BacktestState.QUEUED)))
        await work.backtests.claim("one", NOW, NOW - timedelta(hours=1))
        error = JobError(Reason.INTERNAL, "it broke") if state is BacktestState.FAILED else None
        await work.backtests.finish(job.id, "one", replace(job.progress, state=state), NOW, error)
        if state is BacktestState.SUCCEEDED:
            await work.backtests.save_results(job.id, material.results, material.trades, material.curve)


async def gathered(storage: FakeStorage) -> Material:
    async with storage.begin() as work:
        return await gather(work, ID, NOW.date())


async def test_a_tearsheet_is_made_of_all_that_is_stored(storage: FakeStorage, material: Material) -> None:
    found = await gathered(storage)
    assert (found.results, tuple(found.trades)) == (material.results, tuple(material.trades))
    assert found.curve.equity.tolist() == material.curve.equity.tolist()
    assert found.benchmark is not None
    assert material.benchmark is not None
    assert found.benchmark.closes.tolist() == material.benchmark.closes.tolist()
    assert found.notes == ()


async def test_a_benchmark_whose_bars_have_changed_since_is_said_to_have(storage: FakeStorage) -> None:
    await store_bars(storage, "SPY.ARCA", walk(120, seed=3))
    found = await gathered(storage)
    assert found.benchmark is not None
    assert found.notes == (
        "The bars of SPY.ARCA have changed since the run: its curve is of today's, the figures are of those of then.",
    )


async def test_a_benchmark_that_is_gone_is_left_out_and_said_to_be(material: Material) -> None:
    storage = FakeStorage()
    await store(storage, material)
    found = await gathered(storage)
    assert found.benchmark is None
    assert found.notes == ("The bars of SPY.ARCA are no longer stored: the account is shown without its benchmark.",)


async def test_more_trades_than_a_file_holds_are_refused(storage: FakeStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_TRADES", 1)
    with pytest.raises(LimitExceeded, match="page by page") as caught:
        await gathered(storage)
    assert caught.value.reason is Reason.MESSAGE_TOO_LARGE


async def test_a_file_is_made_by_a_worker(review: Review, drawing: ThreadCompute) -> None:
    document = await review.tearsheet(ID, Format.JSON)
    assert document.content_type == "application/json"
    assert drawing.submitted == 1


async def test_what_takes_too_long_ends_with_the_deadline(
    storage: FakeStorage, drawing: ThreadCompute, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def never(*_: Any) -> Document:
        go_on.wait(20)
        return Document(b"", "", "")

    monkeypatch.setattr("scizor.services.backtest.review.app.render", never)
    with pytest.raises(DeadlineExceeded, match=r"within 0\.05 s"):
        await Review(storage, HandClock(), drawing, deadline_s=0.05).tearsheet(ID, Format.HTML)
    go_on.set()


async def test_only_a_backtest_that_succeeded_has_a_tearsheet(drawing: ThreadCompute, material: Material) -> None:
    storage = FakeStorage()
    await store(storage, material, BacktestState.FAILED)
    review = Review(storage, HandClock(), drawing)
    with pytest.raises(FailedPrecondition) as caught:
        await review.tearsheet(ID, Format.HTML)
    assert caught.value.reason is Reason.BACKTEST_NOT_FINISHED
    with pytest.raises(NotFound):
        await review.tearsheet("nope", Format.HTML)
    with pytest.raises(FailedPrecondition):
        await review.compare([ID, ID])


async def test_backtests_are_compared_without_their_trades(review: Review) -> None:
    found = await review.compare([ID, ID])
    assert [one.trades for one in found.backtests] == [(), ()]
    assert found.correlations[0].value == pytest.approx(1.0)


async def test_a_strategy_has_a_performance_over_its_runs(review: Review, material: Material) -> None:
    found = await review.performance("sma_cross", 0, "")
    assert (found.runs, found.ranked_by, found.states) == (1, "sharpe", {BacktestState.SUCCEEDED: 1})
    assert found.best is not None
    assert found.best.metrics["sharpe"].value == material.value("sharpe")


async def test_a_strategy_never_run_has_an_empty_one_and_one_unknown_none(review: Review, storage: FakeStorage) -> None:
    async with storage.begin() as work:
        await work.strategies.add(strategy_of("mine"), "")
    for known in ("buy_and_hold", "mine"):
        assert (await review.performance(known, 0, "")).runs == 0
    with pytest.raises(NotFound) as caught:
        await review.performance("crystal_ball", 0, "")
    assert caught.value.reason is Reason.STRATEGY_NOT_FOUND
    with pytest.raises(InvalidInput):
        await review.performance("sma_cross", 0, "nope")
