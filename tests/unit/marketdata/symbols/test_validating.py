"""The broker is asked about stored instruments, and what follows, over fakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound, Reason, Unavailable
from scizor.domain.instruments import Instrument, StoredInstrument, Verification
from scizor.ports.symbols import Finding
from scizor.services.marketdata.symbols import catalog
from scizor.services.marketdata.symbols.standing import Action, VerificationSettings
from scizor.services.marketdata.symbols.validating import Outcome, Validated, ValidationOrder
from scizor.services.marketdata.symbols.verification import Verification as Verifying
from tests.fakes.broker import FakeBroker, HandClock
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, NOW, give_bars, stored

MSFT = Instrument("MSFT", "NASDAQ", "USD")


class Stage:
    """One storage and one broker, at a time that tests move on."""

    def __init__(self, storage: FakeStorage) -> None:
        self.storage = storage
        self.clock = HandClock(NOW)
        self.broker = FakeBroker(self.clock, deadline_s=0.01)
        self.verifying = Verifying(storage, self.broker.contracts, self.clock, VerificationSettings(at_once=3))

    async def store(self, instrument: Instrument, *, known: bool = True) -> StoredInstrument:
        if known:
            self.broker.list(instrument.symbol, instrument.primary_exchange, instrument.currency)
        return await stored(self.storage, instrument)

    def forget(self, symbol: str) -> None:
        listing = next(one for one in self.broker.listings if one.contract.symbol == symbol)
        self.broker.delist(listing.contract)

    async def after(self, days: int, **order: Any) -> tuple[Validated, list[Outcome]]:
        """The last step and all outcomes of a validation so many days later."""
        self.clock.instant += timedelta(days=days)
        steps = [step async for step in self.verifying.validate(ValidationOrder(**order))]
        return steps[-1], [outcome for step in steps for outcome in step.outcomes]

    async def seen(self, reference: str) -> StoredInstrument:
        async with self.storage.begin() as work:
            return await work.symbols.get(reference)

    @property
    def asked(self) -> list[str]:
        """The tickers asked about since this was last read."""
        asked = [instrument.symbol for instrument in self.broker.contract_requests]
        self.broker.contract_requests.clear()
        return asked


@pytest.fixture
def stage(storage: FakeStorage) -> Stage:
    return Stage(storage)


async def test_a_valid_word_holds_for_ninety_days(stage: Stage) -> None:
    await stage.store(AAPL)
    first, outcomes = await stage.after(0)
    assert (first.done, first.total, first.valid, first.skipped) == (1, 1, 1, 0)
    assert outcomes == [Outcome("AAPL.NASDAQ", Verification.VALID)]
    assert (await stage.seen("AAPL")).last_verified == NOW
    assert (await stage.after(89))[0] == Validated(total=1, skipped=1)
    last, outcomes = await stage.after(1)
    assert (last.valid, last.skipped, outcomes) == (1, 0, [])
    assert stage.asked == ["AAPL", "AAPL"]


async def test_a_word_that_was_not_valid_holds_for_a_week(stage: Stage) -> None:
    await stage.store(AAPL, known=False)
    assert (await stage.after(0))[0].invalid == 1
    assert (await stage.after(6))[0].skipped == 1
    assert (await stage.after(1))[0].invalid == 1


async def test_all_are_asked_about_when_told_so(stage: Stage) -> None:
    await stage.store(AAPL)
    await stage.after(0)
    last, _ = await stage.after(1, even_if_recent=True)
    assert (last.valid, last.skipped) == (1, 0)


async def test_those_never_or_longest_not_asked_about_come_first(stage: Stage) -> None:
    names = [f"A{number}" for number in range(6)]
    for name in names:
        await stage.store(Instrument(name, "NASDAQ", "USD"))
    await stage.after(0, references=["A3"])
    await stage.after(1, references=["A1"])
    assert stage.asked == ["A3", "A1"]
    last, _ = await stage.after(100, limit=5)
    assert (last.done, last.total) == (5, 5)
    assert sorted(stage.asked) == ["A0", "A2", "A3", "A4", "A5"]


async def test_only_named_ones_are_asked_about_each_once(stage: Stage) -> None:
    await stage.store(AAPL)
    await stage.store(MSFT)
    last, _ = await stage.after(0, references=["AAPL", "AAPL.NASDAQ"])
    assert (last.total, stage.asked) == (1, ["AAPL"])
    with pytest.raises(NotFound):
        await stage.after(0, references=["NONE"])


async def test_an_unknown_one_is_deactivated_and_a_known_one_again_reactivated(stage: Stage) -> None:
    await stage.store(AAPL)
    await stage.after(0)
    stage.forget("AAPL")
    last, outcomes = await stage.after(90)
    reason = "the broker knows no AAPL.NASDAQ.USD"
    assert last.invalid == 1
    assert outcomes == [Outcome("AAPL.NASDAQ", Verification.INVALID, reason, action=Action.DEACTIVATED)]
    after = await stage.seen("AAPL")
    assert (after.instrument.active, after.deactivate_time, after.verified_reason) == (False, stage.clock.now(), reason)
    stage.broker.list("AAPL")
    _, outcomes = await stage.after(7)
    assert outcomes == [Outcome("AAPL.NASDAQ", Verification.VALID, action=Action.REACTIVATED)]
    after = await stage.seen("AAPL")
    assert (after.instrument.active, after.deactivate_time) == (True, None)


async def test_one_unknown_through_the_grace_period_is_archived_with_its_history(stage: Stage) -> None:
    await give_bars(stage.storage, await stage.store(AAPL, known=False), {"2020-01-06": 1.0})
    await stage.after(0)
    assert (await stage.after(29))[1] == []
    _, (outcome,) = await stage.after(7)
    assert (outcome.symbol, outcome.action) == ("AAPL.NASDAQ", Action.ARCHIVED)
    archive = stage.storage.tables.archives[outcome.archive_id]
    assert archive.reason == "unknown to the broker since 2020-01-31: the broker knows no AAPL.NASDAQ.USD"
    assert len(archive.bars) == 1
    assert not stage.storage.tables.symbols


async def test_one_that_a_user_deactivated_stays_as_it_is(stage: Stage) -> None:
    await stage.store(replace(AAPL, active=False), known=False)
    _, (outcome,) = await stage.after(0)
    assert (outcome.result, outcome.action) == (Verification.INVALID, Action.KEPT)
    await stage.after(60)
    stage.broker.list("AAPL")
    _, (outcome,) = await stage.after(60)
    assert (outcome.result, outcome.action) == (Verification.VALID, Action.KEPT)
    assert not (await stage.seen("AAPL")).instrument.active


async def test_one_that_trades_no_longer_need_not_be_known(stage: Stage) -> None:
    await stage.store(replace(AAPL, delisted_date=date(2020, 1, 30)), known=False)
    assert (await stage.after(0))[0] == Validated(total=1, skipped=1)
    step, outcomes = await stage.after(40, even_if_recent=True)
    assert (step.invalid, [outcome.action for outcome in outcomes]) == (1, [Action.KEPT])
    assert (await stage.seen("AAPL")).instrument.active


async def test_one_that_a_user_activated_in_spite_of_it_is_asked_about_at_once(stage: Stage) -> None:
    await stage.store(AAPL, known=False)
    await stage.after(0)
    async with stage.storage.begin() as work:
        await catalog.update(work, "AAPL", lambda old: replace(old, active=True), "")
    _, (outcome,) = await stage.after(1)
    assert outcome.action is Action.DEACTIVATED
    assert (await stage.seen("AAPL")).deactivate_time == stage.clock.now()


async def test_one_found_unknown_while_collecting_is_followed_up(stage: Stage) -> None:
    owner = await stage.store(AAPL, known=False)
    async with stage.storage.begin() as work:
        await work.symbols.verified(owner.key, Finding(Verification.INVALID, "unknown"), NOW)
    _, (outcome,) = await stage.after(0)
    assert outcome.action is Action.DEACTIVATED


async def test_an_ambiguous_one_is_told_with_its_candidates_and_kept(stage: Stage) -> None:
    await stage.store(AAPL)
    stage.broker.list("AAPL", name="Pomaceous")
    last, (outcome,) = await stage.after(0)
    assert last.ambiguous == 1
    assert (outcome.result, outcome.action) == (Verification.AMBIGUOUS, Action.KEPT)
    assert outcome.candidates == ("AAPL.NASDAQ.USD (AAPL Inc.)", "AAPL.NASDAQ.USD (Pomaceous)")
    assert (await stage.after(100))[1] == []
    assert (await stage.seen("AAPL")).instrument.active


async def test_one_the_broker_fails_on_keeps_what_it_had(stage: Stage) -> None:
    for instrument in (AAPL, MSFT, BHP):
        await stage.store(instrument)
    await stage.after(0)
    before = await stage.seen("MSFT")
    stage.broker.fail_next(FailureCategory.TIMEOUT, what="contracts", symbol="MSFT", message="no answer in 10 s")
    last, outcomes = await stage.after(90)
    assert (last.done, last.valid, last.failed) == (3, 2, 1)
    assert outcomes == [Outcome("MSFT.NASDAQ", Verification.NEVER, "no answer in 10 s")]
    assert await stage.seen("MSFT") == before


async def test_a_lost_connection_ends_it_with_what_was_told_recorded(stage: Stage) -> None:
    for number in range(12):
        await stage.store(Instrument(f"A{number}", "NASDAQ", "USD"))
    told: list[Validated] = []

    async def watch() -> None:
        async for step in stage.verifying.validate(ValidationOrder()):
            told.append(step)
            stage.broker.set_state(ConnectionState.DOWN)

    with pytest.raises(SourceFailure) as failure:
        await watch()
    assert failure.value.reason is Reason.BROKER_UNAVAILABLE
    recorded = [one for one in stage.storage.tables.symbols.values() if one.last_verified]
    assert 0 < len(recorded) == told[-1].valid < 12


async def test_one_that_goes_meanwhile_is_passed_over(stage: Stage) -> None:
    for name in ("A", "B", "C", "D", "E"):
        await stage.store(Instrument(name, "NASDAQ", "USD"))
    steps = stage.verifying.validate(ValidationOrder())
    await anext(steps)
    async with stage.storage.begin() as work:
        await catalog.delete(work, "E", "", force=True)
    last = [step async for step in steps][-1]
    assert (last.done, last.valid, last.gone) == (5, 4, 1)


async def create(stage: Stage, instrument: Instrument) -> StoredInstrument:
    answer = await stage.verifying.ask(instrument)
    async with stage.storage.begin() as work:
        return await stage.verifying.store(work, answer)


async def test_a_known_one_is_stored_with_its_contract(stage: Stage) -> None:
    contract = stage.broker.list("AAPL")
    created = await create(stage, AAPL)
    assert (created.verified_result, created.contract_id) == (Verification.VALID, contract.con_id)
    assert created.last_verified == datetime(2020, 1, 31, 12, tzinfo=UTC)
    with pytest.raises(AlreadyExists):
        await create(stage, AAPL)


async def test_one_the_broker_does_not_know_or_knows_twice_is_not_stored(stage: Stage) -> None:
    with pytest.raises(FailedPrecondition, match=r"AAPL\.NASDAQ: the broker knows no"):
        await create(stage, AAPL)
    stage.broker.list("AAPL")
    stage.broker.list("AAPL")
    with pytest.raises(InvalidInput, match="knows several"):
        await create(stage, AAPL)
    assert not stage.storage.tables.symbols


async def test_without_a_broker_a_new_one_is_refused_with_the_way_around(stage: Stage) -> None:
    stage.broker.set_state(ConnectionState.DOWN)
    with pytest.raises(Unavailable, match="set skip_validation") as refusal:
        await create(stage, AAPL)
    assert refusal.value.reason is Reason.BROKER_UNAVAILABLE
    assert not stage.storage.tables.symbols
