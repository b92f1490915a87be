"""What the broker does not tell is no proof until it tells what came later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from scizor.domain.bars import BarArray
from scizor.domain.broker import BrokerContract
from scizor.domain.collections import NO_BAR_YET, CollectionState, SessionGap, SessionState
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from tests.unit.marketdata.collection.stage import AAPL, World, daily, history

TODAY = date(2024, 1, 31)
YEAR = history("2023-02-01", "2024-01-30", "AAPL")


class Silence:
    """The broker keeps some bars to itself for as long as `holds`."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, leave: Callable[[BarArray], BarArray]) -> None:
        self.holds = True
        honest = world.broker.history.bars

        async def bars(request: HistoryRequest) -> HistoryAnswer:
            answer = await honest(request)
            return replace(answer, bars=leave(answer.bars)) if self.holds else answer

        monkeypatch.setattr(world.broker.history, "bars", bars)


def nothing(bars: BarArray) -> BarArray:
    return bars[:0]


def all_but_today(bars: BarArray) -> BarArray:
    left: BarArray = bars[bars["day"] != to_day(TODAY)]
    return left


async def test_a_session_the_broker_has_no_bar_of_yet_is_asked_again_once_a_later_one_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    Silence(world, monkeypatch, all_but_today)
    assert (await world.collect(daily())).progress.requests == 1
    assert await world.gaps(owner) == [SessionGap(TODAY, SessionState.FETCH_FAILED, NO_BAR_YET)]
    assert (await world.collect(daily())).progress.requests == 0, "the same day"
    world.clock.instant += timedelta(days=1)
    assert (await world.collect(daily())).progress.requests == 1
    gap = SessionGap(TODAY, SessionState.HALTED, "the broker has no bar of it")
    assert await world.gaps(owner) == [gap], "a later session has a bar"
    world.clock.instant += timedelta(days=1)
    await world.collect(daily())
    assert await world.gaps(owner) == [gap]


async def test_a_symbol_that_stays_silent_is_asked_once_a_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", "2024-01-30"))
    Silence(world, monkeypatch, lambda bars: bars[bars["day"] < to_day(TODAY)])
    requests = []
    for _ in range(10):  # from Wednesday to Sunday, every twelve hours
        requests.append((await world.collect(daily())).progress.requests)
        world.clock.instant += timedelta(hours=12)
    assert requests == [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]
    assert {gap.state for gap in await world.gaps(owner)} == {SessionState.FETCH_FAILED}


async def test_a_bar_the_broker_has_a_day_late_is_collected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await world.add(AAPL)
    silence = Silence(world, monkeypatch, all_but_today)
    await world.collect(daily())
    silence.holds = False
    world.clock.instant += timedelta(days=1)
    assert (await world.collect(daily())).progress.new_bars == 2
    assert to_day(TODAY) in (await world.bars(owner))["day"]
    assert await world.gaps(owner) == []


async def test_no_data_for_an_hour_is_no_halt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2024-01-02", "2024-01-29"))
    silence = Silence(world, monkeypatch, nothing)
    await world.collect(daily())
    silence.holds = False
    world.clock.instant += timedelta(days=1)
    await world.collect(daily())
    assert await world.gaps(owner) == []


@pytest.mark.parametrize("newer", [False, True])
async def test_a_year_answered_with_nothing_is_no_year_of_halts(
    world: World, monkeypatch: pytest.MonkeyPatch, newer: bool
) -> None:
    owner = await world.add(AAPL)
    if newer:
        await world.give(owner, world.sessions("NASDAQ", "2024-01-31", "2024-01-31"))
    silence = Silence(world, monkeypatch, nothing)
    await world.collect(YEAR)
    assert {gap.state for gap in await world.gaps(owner)} == {SessionState.FETCH_FAILED}
    silence.holds = False
    await world.collect(YEAR)
    assert await world.gaps(owner) == [], "who asks for dates need not wait for a session"
    assert len(await world.bars(owner)) == 260 + newer


async def test_a_year_answered_with_nothing_twice_is_halted_if_later_bars_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2024-01-31", "2024-01-31"))
    Silence(world, monkeypatch, nothing)
    for state in (SessionState.FETCH_FAILED, SessionState.FETCH_FAILED, SessionState.HALTED):
        await world.collect(YEAR)
        assert {gap.state for gap in await world.gaps(owner)} == {state}
        world.clock.instant += timedelta(hours=12)
    assert (await world.collect(YEAR)).progress.requests == 0


async def test_a_refresh_answered_with_nothing_leaves_what_is_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    world.broker.leave_hole(world.contracts["AAPL"], date(2024, 1, 10))
    await world.collect(daily())
    known = await world.gaps(owner)
    Silence(world, monkeypatch, nothing)
    await world.collect(history("2024-01-10", "2024-01-12", "AAPL", refresh=True))
    assert await world.gaps(owner) == known
    assert [gap.state for gap in known] == [SessionState.HALTED]


async def test_a_day_without_trades_at_the_end_may_yet_be_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await world.add(AAPL)

    def quiet(bars: BarArray) -> BarArray:
        told = bars.copy()
        told["volume"][told["day"] == to_day(TODAY)] = 0
        return told

    silence = Silence(world, monkeypatch, quiet)
    await world.collect(daily())
    assert [gap.state for gap in await world.gaps(owner)] == [SessionState.FETCH_FAILED]
    silence.holds = False
    world.clock.instant += timedelta(days=1)
    await world.collect(daily())
    assert await world.gaps(owner) == []


async def test_without_a_head_timestamp_every_session_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await world.add(AAPL)
    Silence(world, monkeypatch, lambda bars: bars[1:])

    async def earliest(contract: BrokerContract) -> None:
        world.broker.earliest_requests.append(contract)

    monkeypatch.setattr(world.broker.history, "earliest", earliest)
    done = await world.collect(history("2014-01-31", "2024-01-30", "AAPL"))
    assert len(world.broker.history_requests) == done.progress.chunks_total
    assert len(world.broker.earliest_requests) == 1
    gaps = await world.gaps(owner)
    assert len(gaps) == done.progress.chunks_total
    assert {gap.state for gap in gaps} == {SessionState.HALTED}


@pytest.mark.parametrize("length", [Interval.MINUTE_1, Interval.HOUR_1])
async def test_shorter_bars_are_collected_and_not_asked_for_again(world: World, length: Interval) -> None:
    """Those of a minute are asked for day by day, so that no answer has a later bar than the session it lacks."""
    owner = await world.add(AAPL)
    hole = date(2024, 1, 30)
    world.broker.leave_hole(world.contracts["AAPL"], hole)
    asked = history("2024-01-29", "2024-01-31", "AAPL", interval=length)
    done = await world.collect(asked)
    assert done.progress.state is CollectionState.SUCCEEDED
    world.clock.instant += timedelta(days=1)
    assert (await world.collect(asked)).progress.chunks_total == (length is Interval.MINUTE_1)
    assert await world.gaps(owner, length) == [SessionGap(hole, SessionState.HALTED, "the broker has no bar of it")]
    assert (await world.collect(asked)).progress.requests == 0
    async with world.storage.begin() as work:
        days = await work.intraday.days(owner, length, SessionRange())
    assert days.tolist() == [to_day(date(2024, 1, 29)), to_day(TODAY)]
