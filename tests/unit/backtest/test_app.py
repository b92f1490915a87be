"""The use cases, on fakes: what is queued, what is refused, what is ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest

from scizor.domain.backtests import BacktestSpec, BacktestState
from scizor.domain.errors import (
    FailedPrecondition,
    InvalidInput,
    LimitExceeded,
    NotFound,
    Reason,
    ScizorError,
    Unavailable,
)
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange
from scizor.ports.backtests import BacktestFilter
from scizor.services.backtest.app import Wish
from tests.fakes.bars import FakeBars
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import App, spec_of, store_bars, waves

AAPL = "AAPL.NASDAQ"


@pytest.fixture
async def app() -> App:
    storage = FakeStorage()
    await store_bars(storage, AAPL, waves(60))
    return App(storage)


async def test_a_backtest_is_queued_with_symbols_and_parameters_resolved(app: App) -> None:
    job = await app.create(spec_of(["AAPL"], parameters={"fast": 5.0}))
    assert job.spec.symbols == (AAPL,)
    assert job.spec.parameters == {"fast": 5, "slow": 30, "direction": "long_only"}
    assert job.progress.state is BacktestState.QUEUED
    assert job.create_time == app.clock.now()
    assert await app.backtests.get(job.id) == job
    assert app.wakes == 1


async def refusal(app: App, spec: BacktestSpec, kind: type[ScizorError]) -> ScizorError:
    with pytest.raises(kind) as caught:
        await app.create(spec)
    assert await app.backtests.page(BacktestFilter(), None, 10) == []
    return caught.value


@pytest.mark.parametrize(
    ("spec", "kind", "reason", "named"),
    [
        (lambda: spec_of(strategy_id="none_such"), NotFound, Reason.STRATEGY_NOT_FOUND, "none_such"),
        (lambda: spec_of(["NOPE"]), NotFound, Reason.SYMBOL_NOT_FOUND, "NOPE"),
        (
            lambda: spec_of(parameters={"fast": 9, "slow": 3}),
            InvalidInput,
            Reason.STRATEGY_PARAMETER_INVALID,
            "backtest.parameters.fast: must be below slow",
        ),
        (
            lambda: spec_of(parameters={"quick": 9}),
            InvalidInput,
            Reason.STRATEGY_PARAMETER_INVALID,
            "backtest.parameters.quick: unknown",
        ),
        (lambda: spec_of(["AAPL", AAPL]), InvalidInput, Reason.FIELD_INVALID, "backtest.symbols"),
        (lambda: spec_of(currency="EUR"), InvalidInput, Reason.FIELD_INVALID, "backtest.initial_capital"),
        (
            lambda: spec_of(sessions=SessionRange(date(1990, 1, 1), date(1990, 12, 31))),
            FailedPrecondition,
            Reason.BARS_NOT_FOUND,
            "AAPL.NASDAQ has no bars from 1990-01-01 to 1990-12-31",
        ),
    ],
)
async def test_what_cannot_run_is_refused_before_it_is_queued(
    app: App, spec: Callable[[], BacktestSpec], kind: type[ScizorError], reason: Reason, named: str
) -> None:
    error = await refusal(app, spec(), kind)
    assert error.reason is reason
    assert named in error.message


async def test_every_field_that_broke_a_rule_is_spelled_as_the_caller_spells_it(app: App) -> None:
    error = await refusal(app, spec_of(parameters={"fast": 0, "quick": 9}), InvalidInput)
    assert [each.field for each in error.violations] == ["backtest.parameters.fast", "backtest.parameters.quick"]
    assert error.message.count("backtest.parameters.") == 2
    error = await refusal(app, spec_of(parameters={"fast": 0}), InvalidInput)
    assert error.metadata == {"field": "backtest.parameters.fast"}


async def test_the_first_of_many_symbols_that_has_no_bars_is_named(app: App) -> None:
    async with app.storage.begin() as work:
        await work.symbols.add_missing([Instrument(name, "NYSE", "USD") for name in ("OLD", "NEW")])
    error = await refusal(app, spec_of(["AAPL", "NEW", "OLD"]), FailedPrecondition)
    assert error.metadata["symbol"] == "NEW.NYSE"


async def test_bars_of_many_symbols_are_asked_for_at_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    await store_bars(app.storage, "IBM.NYSE", waves(60))
    asked: list[int] = []
    having_any = FakeBars.having_any

    async def counted(self: FakeBars, instruments: Sequence[StoredInstrument], which: SessionRange) -> set[int]:
        asked.append(len(instruments))
        return await having_any(self, instruments, which)

    monkeypatch.setattr(FakeBars, "having_any", counted)
    monkeypatch.delattr(FakeBars, "read")
    await app.create(spec_of(["AAPL", "IBM"]))
    assert asked == [2]


async def test_a_benchmark_is_resolved_and_has_bars_in_the_accounts_currency(app: App) -> None:
    await store_bars(app.storage, "SPY.ARCA", waves(60))
    await store_bars(app.storage, "BHP.ASX", waves(60), currency="AUD")
    assert (await app.create(spec_of(["AAPL"], benchmark="SPY"))).spec.benchmark == "SPY.ARCA"
    for benchmark, kind, named in (
        ("NOPE", NotFound, "NOPE"),
        ("BHP", InvalidInput, "BHP.ASX trades in AUD"),
    ):
        with pytest.raises(kind, match=named):
            await app.create(spec_of(["AAPL"], benchmark=benchmark))


async def test_minutes_are_asked_for_where_minutes_are_wanted(app: App) -> None:
    error = await refusal(app, spec_of(["AAPL"], interval=Interval.MINUTE_1), FailedPrecondition)
    assert "AAPL.NASDAQ has no bars of 1m" in error.message


async def test_a_symbol_in_another_currency_is_named(app: App) -> None:
    await store_bars(app.storage, "BHP.ASX", waves(60), currency="AUD")
    error = await refusal(app, spec_of(["AAPL", "BHP"]), InvalidInput)
    assert "BHP.ASX trades in AUD" in error.message


async def test_a_bare_symbol_of_two_exchanges_is_ambiguous(app: App) -> None:
    async with app.storage.begin() as work:
        await work.symbols.add(Instrument("AAPL", "LSE", "USD"))
    assert (await refusal(app, spec_of(["AAPL"]), InvalidInput)).reason is Reason.SYMBOL_AMBIGUOUS


async def test_a_full_queue_takes_no_more_until_one_has_ended(app: App) -> None:
    app.queue_limit = 2
    first = await app.create(spec_of())
    await app.create(spec_of())
    with pytest.raises(LimitExceeded) as caught:
        await app.create(spec_of())
    assert caught.value.reason is Reason.QUEUE_FULL
    assert caught.value.metadata == {"limit": "2"}
    await app.cancel(first.id)
    await app.create(spec_of())


async def test_a_queued_backtest_is_cancelled_once(app: App) -> None:
    job = await app.create(spec_of())
    assert (await app.cancel(job.id)).progress.state is BacktestState.CANCELLED
    with pytest.raises(FailedPrecondition) as caught:
        await app.cancel(job.id)
    assert caught.value.reason is Reason.BACKTEST_FINISHED


async def test_what_is_not_finished_has_no_results(app: App) -> None:
    job = await app.create(spec_of())
    for read in (
        app.backtests.results(job.id),
        app.backtests.trades(job.id, 0, 10),
        app.backtests.equity(job.id, 0),
    ):
        with pytest.raises(FailedPrecondition) as caught:
            await read
        assert caught.value.reason is Reason.BACKTEST_NOT_FINISHED


async def test_an_unknown_backtest_is_not_found(app: App) -> None:
    with pytest.raises(NotFound):
        await app.backtests.get("none")


async def test_without_storage_the_answer_is_unavailable() -> None:
    storage = FakeStorage()
    storage.available = False
    with pytest.raises(Unavailable):
        await App(storage).create(spec_of(initial_capital=Decimal(1)))


async def test_one_caller_does_not_fill_the_queue_of_all(app: App) -> None:
    app.caller_limit = 2
    mine, yours = Wish(caller="me"), Wish(9, "you")
    first = await app.create(spec_of(), mine)
    await app.create(spec_of(), mine)
    with pytest.raises(LimitExceeded) as caught:
        await app.create(spec_of(), mine)
    assert caught.value.reason is Reason.QUEUE_FULL
    assert caught.value.metadata == {"limit": "2", "caller": "me"}
    other = await app.create(spec_of(), yours)
    assert (other.priority, other.caller) == (9, "you")
    await app.cancel(first.id)
    await app.create(spec_of(), mine)


async def test_what_has_ended_may_be_deleted(app: App) -> None:
    job = await app.create(spec_of())
    async with app.storage.begin() as work:
        with pytest.raises(FailedPrecondition) as caught:
            await app.backtests.delete(work, job.id)
    assert caught.value.reason is Reason.BACKTEST_NOT_FINISHED
    await app.cancel(job.id)
    async with app.storage.begin() as work:
        await app.backtests.delete(work, job.id)
    with pytest.raises(NotFound):
        await app.backtests.get(job.id)
