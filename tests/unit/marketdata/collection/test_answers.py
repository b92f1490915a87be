"""What answers do to what is stored: splits, corrections, bars that break a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from scizor.domain.bars import ActionType, BarArray, CorporateAction
from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import FlagKind, Rule, StoredFlag
from scizor.domain.scaling import as_traded, differing, suspected_split
from scizor.domain.sessions import from_day, to_day
from scizor.ports.bars import WriteCounts
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from scizor.ports.imports import RejectionFilter
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.collection import digest, storing
from scizor.services.marketdata.collection.digest import Digest, Known, Mode
from scizor.services.marketdata.collection.outcomes import Answered
from scizor.services.marketdata.collection.storing import Stock
from scizor.services.marketdata.truth import actions
from tests.unit.marketdata.collection.stage import AAPL, MSFT, World, daily, history

EX_DATE = date(2024, 1, 24)


async def flags_of(world: World) -> list[StoredFlag]:
    async with world.storage.begin() as work:
        return await work.flags.newest(None, 100)


async def record_split(world: World, owner: StoredInstrument, ratio: str = "4") -> None:
    action = CorporateAction(ActionType.SPLIT, EX_DATE, Decimal(ratio), "test")
    async with world.storage.begin() as work:
        await work.actions.record(owner, action)


async def with_january(world: World, last: str = "2024-01-23") -> StoredInstrument:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", last))
    return owner


def meddle(world: World, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let the broker tell bars as `change` makes them."""
    honest = world.broker.history.bars

    async def bars(request: HistoryRequest) -> HistoryAnswer:
        answer = await honest(request)
        told = answer.bars.copy()
        change(told)
        return replace(answer, bars=told)

    monkeypatch.setattr(world.broker.history, "bars", bars)


async def test_a_recorded_split_is_taken_out_so_that_bars_are_stored_as_traded(world: World) -> None:
    owner = await world.add(AAPL)
    raw = world.bars_told(world.contracts["AAPL"], world.sessions("NASDAQ", "2024-01-02", "2024-01-31"))
    world.broker.split(world.contracts["AAPL"], EX_DATE, 4.0)
    await record_split(world, owner)
    await world.collect(daily())
    bars = await world.bars(owner)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.allclose(bars[name], raw[name], rtol=1e-9), name
    assert await flags_of(world) == []


async def test_a_split_recorded_while_bars_are_stored_is_taken_out_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    raw = world.bars_told(world.contracts["AAPL"], world.sessions("NASDAQ", "2024-01-02", "2024-01-31"))
    world.broker.split(world.contracts["AAPL"], EX_DATE, 4.0)
    honest = Stock._write
    begun: list[int] = []

    async def write(stock: Stock, work: UnitOfWork, digests: Sequence[Digest]) -> dict[str, WriteCounts]:
        if not begun:
            await record_split(world, owner)
        begun.append(1)
        return await honest(stock, work, digests)

    monkeypatch.setattr(Stock, "_write", write)
    done = await world.collect(daily())
    assert len(begun) == 2
    assert done.progress.requests == 1
    assert np.allclose((await world.bars(owner))["close"], raw["close"], rtol=1e-9)


async def test_an_answer_that_cannot_be_stored_fails_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add(AAPL)
    other = await world.add(MSFT)

    def digested(answered: Answered, known: Known, mode: Mode) -> Digest:
        if answered.chunk.symbol == "AAPL.NASDAQ":
            raise ZeroDivisionError("secret")
        return digest.digested(answered, known, mode)

    monkeypatch.setattr(storing, "digested", digested)
    done = await world.collect(daily())
    assert (done.progress.chunks_done, done.progress.chunks_failed) == (1, 1)
    failure = (await world.ledger(done.id))[0].failure
    assert failure is not None
    assert failure.message == "not storable: the server met a fault of its own"
    assert len(await world.bars(other)) == 22


async def test_an_unrecorded_split_is_suspected_and_old_bars_are_left(world: World) -> None:
    owner = await with_january(world)
    before = await world.bars(owner)
    world.broker.split(world.contracts["AAPL"], EX_DATE, 4.0)
    done = await world.collect(daily())
    found = await flags_of(world)
    assert [(one.flag.kind, one.flag.session, one.flag.ratio) for one in found] == [
        (FlagKind.SUSPECTED_SPLIT, EX_DATE, 4.0)
    ]
    after = await world.bars(owner)
    assert np.array_equal(after[: len(before)], before)
    assert len(after) == len(before) + 6
    assert (done.progress.new_bars, done.progress.bars_updated) == (6, 0)
    await world.collect(history("2023-12-20", "2024-01-31", "AAPL", refresh=True))
    assert [(one.flag.kind, one.flag.session) for one in await flags_of(world)] == [(FlagKind.SUSPECTED_SPLIT, EX_DATE)]
    assert np.array_equal((await world.bars(owner))[: len(before)], before)


async def test_a_split_is_suspected_after_a_session_without_trade(world: World) -> None:
    owner = await with_january(world, "2024-01-22")
    world.broker.leave_hole(world.contracts["AAPL"], date(2024, 1, 23))
    await world.know(owner, SessionGap(date(2024, 1, 23), SessionState.HALTED, "no trade"))
    world.broker.split(world.contracts["AAPL"], EX_DATE, 4.0)
    await world.collect(daily())
    assert [(one.flag.kind, one.flag.session) for one in await flags_of(world)] == [(FlagKind.SUSPECTED_SPLIT, EX_DATE)]


async def test_recording_a_split_leaves_bars_that_were_told_before_the_broker_knew_of_it(world: World) -> None:
    owner = await world.add(AAPL)
    raw = world.bars_told(world.contracts["AAPL"], world.sessions("NASDAQ", "2023-12-20", "2024-01-31"))
    await world.collect(history("2024-01-01", "2024-01-30", "AAPL"))  # told on the 31st, and yet without the split
    world.broker.split(world.contracts["AAPL"], EX_DATE, 4.0)
    world.clock.instant += timedelta(days=1)
    await world.collect(history("2023-12-20", "2023-12-29", "AAPL"))  # told with it
    await world.collect(history("2024-01-01", "2024-01-31", "AAPL", refresh=True))
    assert [(one.flag.kind, one.flag.session) for one in await flags_of(world)] == [(FlagKind.SUSPECTED_SPLIT, EX_DATE)]
    action = CorporateAction(ActionType.SPLIT, EX_DATE, Decimal(4), "test")
    async with world.storage.begin() as work:
        await actions.record(work, "AAPL", action)
    bars = await world.bars(owner)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.allclose(bars[name], raw[name], rtol=1e-9), name


async def test_a_refresh_of_years_suspects_a_split_once(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2021-01-04", "2024-01-23"))
    world.broker.split(world.contracts["AAPL"], EX_DATE, 0.5)
    done = await world.collect(history("2021-01-04", "2024-01-31", "AAPL", refresh=True))
    assert done.progress.bars_updated == 0
    assert [(one.flag.session, one.flag.ratio) for one in await flags_of(world)] == [(EX_DATE, 0.5)]


async def test_a_corrected_bar_is_replaced_kept_as_a_revision_and_flagged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await with_january(world, "2024-01-30")

    def correct(told: BarArray) -> None:
        told["high"][told["day"] == to_day(date(2024, 1, 29))] += 0.5

    meddle(world, monkeypatch, correct)
    done = await world.collect(daily())
    assert (done.progress.new_bars, done.progress.bars_updated) == (1, 1)
    found = await flags_of(world)
    assert [(one.flag.kind, one.flag.session) for one in found] == [(FlagKind.REVISED, date(2024, 1, 29))]
    assert found[0].flag.detail.startswith("high ")
    bars = await world.bars(owner)
    assert bars["revision"][-3:].tolist() == [0, 1, 0] or bars["revision"].sum() == 1


async def test_bars_of_another_source_are_not_replaced_unless_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", "2024-01-30"), source="my file")

    def correct(told: BarArray) -> None:
        told["high"] += 0.5

    meddle(world, monkeypatch, correct)
    assert (await world.collect(daily())).progress.bars_updated == 0
    refreshed = await world.collect(history("2024-01-29", "2024-01-31", "AAPL", refresh=True))
    assert refreshed.progress.bars_updated == 2
    assert (await world.bars(owner))["revision"].sum() == 2


async def test_a_bar_that_breaks_a_rule_is_kept_aside_and_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    is_broken = True

    def break_one(told: BarArray) -> None:
        if is_broken:
            told["high"][told["day"] == to_day(date(2024, 1, 29))] = 1.0

    meddle(world, monkeypatch, break_one)
    done = await world.collect(daily())
    assert (done.progress.new_bars, done.progress.bars_rejected) == (21, 1)
    async with world.storage.begin() as work:
        rejected = await work.imports.rejections(RejectionFilter(import_id=done.id), None, 10)
    assert [(one.row.rule, one.row.symbol, one.row.session, one.source) for one in rejected] == [
        (Rule.HIGH_BELOW_LOW, "AAPL.NASDAQ", "2024-01-29", "fake")
    ]
    gaps = await world.gaps(owner)
    assert [(gap.session, gap.state) for gap in gaps] == [(date(2024, 1, 29), SessionState.FETCH_FAILED)]
    is_broken = False
    again = await world.collect(daily())
    assert (again.progress.new_bars, again.progress.requests) == (1, 1)
    assert await world.gaps(owner) == []


async def test_a_wick_is_judged_among_the_stored_bars_around_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await with_january(world, "2024-01-30")

    def spike(told: BarArray) -> None:
        told["high"][told["day"] == to_day(date(2024, 1, 31))] *= 2

    meddle(world, monkeypatch, spike)
    done = await world.collect(daily())
    assert done.progress.bars_rejected == 1
    assert [gap.session for gap in await world.gaps(owner)] == [date(2024, 1, 31)]


async def test_a_day_without_trades_is_a_halt_and_no_rejection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await world.add(AAPL)

    def halt(told: BarArray) -> None:
        told["volume"][told["day"] == to_day(date(2024, 1, 29))] = 0

    meddle(world, monkeypatch, halt)
    done = await world.collect(daily())
    assert (done.progress.bars_rejected, done.progress.new_bars) == (0, 21)
    gaps = await world.gaps(owner)
    assert [(gap.session, gap.state, gap.reason) for gap in gaps] == [
        (date(2024, 1, 29), SessionState.HALTED, "no trade")
    ]


def test_splits_with_an_ex_date_after_the_scale_date_are_not_in_the_prices(world: World) -> None:
    told = world.bars_told(world.broker.list("AAPL"), world.sessions("NASDAQ", "2024-01-22", "2024-01-26"))
    split = CorporateAction(ActionType.SPLIT, date(2024, 1, 24), Decimal(3), "test")
    dividend = CorporateAction(ActionType.DIVIDEND, date(2024, 1, 25), Decimal(1), "test")
    assert np.array_equal(as_traded(told, date(2024, 1, 23), [split, dividend]), told)
    traded = as_traded(told, date(2024, 1, 24), [split, dividend])
    assert np.allclose(traded["close"], told["close"] * [3, 3, 1, 1, 1], rtol=1e-7)
    assert traded["volume"].tolist() == [*np.rint(told["volume"][:2] / 3), *told["volume"][2:]]


@pytest.mark.parametrize("ratio", [2.0, 4.0, 1.5, 0.1, 7.0, 1.05])
def test_a_split_is_told_by_one_factor_before_some_session(world: World, ratio: float) -> None:
    contract = world.broker.list("AAPL")
    sessions = world.sessions("NASDAQ", "2024-01-02", "2024-01-31")
    stored = world.bars_told(contract, sessions)
    world.broker.split(contract, EX_DATE, ratio)
    told = world.bars_told(contract, sessions)
    found = suspected_split(stored, told)
    assert found is not None
    assert found.ratio == pytest.approx(ratio)
    assert from_day(stored["day"][found.bars]) == EX_DATE


def test_corrections_are_no_split(world: World) -> None:
    contract = world.broker.list("AAPL")
    stored = world.bars_told(contract, world.sessions("NASDAQ", "2024-01-02", "2024-01-31"))
    told = stored.copy()
    assert suspected_split(stored, told) is None
    for name in ("open", "high", "low", "close"):
        told[name][5] *= 1.1
    assert suspected_split(stored, told) is None
    assert np.flatnonzero(differing(stored, told)).tolist() == [5]
    assert suspected_split(stored[5:6], told[5:6]) is None, "a single bar with no ratio that companies use"
    assert suspected_split(stored[:0], told[:0]) is None
