"""What every source of history must do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scizor.domain.bars import BAR_DTYPE, INTRADAY_DTYPE
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import from_day
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from tests.contracts.brokers import BROKERS, RDDT_LISTED, Scene, scene_of
from tests.integration.ib_stage import OPEN

AAPL, BHP = Instrument("AAPL", "NASDAQ", "USD"), Instrument("BHP", "ASX", "AUD")
MONDAY, THURSDAY = date(2026, 11, 9), date(2026, 11, 19)


@pytest.fixture(params=BROKERS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(request.param, tmp_path) as opened:
        yield opened


async def the(scene: Scene, instrument: Instrument) -> BrokerContract:
    [contract] = await scene.broker.contracts.find(instrument)
    return contract


async def bars(scene: Scene, instrument: Instrument, interval: Interval, first: date, last: date) -> HistoryAnswer:
    return await scene.broker.history.bars(HistoryRequest(await the(scene, instrument), interval, first, last))


def weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


@pytest.mark.parametrize("instrument", [AAPL, BHP], ids=lambda each: each.id)
async def test_every_session_asked_for_is_told_once_and_no_other(scene: Scene, instrument: Instrument) -> None:
    answer = await bars(scene, instrument, Interval.DAY_1, MONDAY, THURSDAY)
    assert [from_day(day) for day in answer.bars["day"]] == weekdays(MONDAY, THURSDAY)
    assert answer.bars.dtype == BAR_DTYPE


async def test_a_single_session_may_be_asked_for(scene: Scene) -> None:
    answer = await bars(scene, AAPL, Interval.DAY_1, THURSDAY, THURSDAY)
    assert [from_day(day) for day in answer.bars["day"]] == [THURSDAY]


async def test_the_longest_span_is_answered_whole(scene: Scene) -> None:
    first = THURSDAY - timedelta(days=scene.broker.history.span_days(Interval.DAY_1) - 1)
    days = [from_day(day) for day in (await bars(scene, AAPL, Interval.DAY_1, first, THURSDAY)).bars["day"]]
    assert days == sorted(set(days))
    assert (days[0] - first).days < 7
    assert 240 < len(days) < 265


async def test_bars_are_sound_and_say_where_they_come_from(scene: Scene) -> None:
    answer = await bars(scene, AAPL, Interval.DAY_1, MONDAY, THURSDAY)
    told = answer.bars
    assert (told["low"] <= np.minimum(told["open"], told["close"])).all()
    assert (told["high"] >= np.maximum(told["open"], told["close"])).all()
    assert (told["volume"] > 0).all()
    assert not told["partial"].any()
    assert {answer.sources[place] for place in told["source"]} == set(answer.sources) != set()


@pytest.mark.parametrize("interval", [each for each in Interval if each.intraday], ids=lambda each: each.name)
@pytest.mark.parametrize("instrument", [AAPL, BHP], ids=lambda each: each.id)
async def test_shorter_bars_begin_within_their_session(
    scene: Scene, interval: Interval, instrument: Instrument
) -> None:
    answer = await bars(scene, instrument, interval, THURSDAY, THURSDAY)
    starts = [datetime.fromtimestamp(int(start) / 1e9, UTC) for start in answer.bars["time_ns"]]
    zone = ZoneInfo((await the(scene, instrument)).time_zone)
    assert answer.bars.dtype == INTRADAY_DTYPE
    assert starts
    assert {start.astimezone(zone).date() for start in starts} == {THURSDAY}
    assert {from_day(day) for day in answer.bars["day"]} == {THURSDAY}
    assert starts == sorted(set(starts))
    step_s = interval.length.total_seconds()
    assert all(start.timestamp() % step_s == 0 for start in starts[1:]), "only the first may begin off the clock"


async def test_a_day_of_minutes_is_whole(scene: Scene) -> None:
    assert len((await bars(scene, AAPL, Interval.MINUTE_1, THURSDAY, THURSDAY)).bars) == 390


@pytest.mark.parametrize("interval", Interval, ids=lambda each: each.name)
async def test_the_span_of_every_interval_is_taken(scene: Scene, interval: Interval) -> None:
    first = THURSDAY - timedelta(days=scene.broker.history.span_days(interval) - 1)
    answer = await bars(scene, AAPL, interval, first, THURSDAY)
    days = {from_day(day) for day in answer.bars["day"]}
    expected = set(weekdays(first, THURSDAY))
    assert days <= expected
    assert len(expected - days) <= 12, "no more than a year has holidays"


async def test_a_weekend_has_no_bars(scene: Scene) -> None:
    answer = await bars(scene, AAPL, Interval.DAY_1, date(2026, 11, 14), date(2026, 11, 15))
    assert len(answer.bars) == 0


async def test_sessions_that_are_yet_to_come_have_no_bars(scene: Scene) -> None:
    answer = await bars(scene, AAPL, Interval.DAY_1, THURSDAY, date(2026, 12, 31))
    assert from_day(answer.bars["day"][-1]) <= OPEN.date()
    assert from_day(answer.bars["day"][0]) == THURSDAY


async def test_before_the_listing_there_is_nothing(scene: Scene) -> None:
    rddt = Instrument("RDDT", "NYSE", "USD")
    before = await bars(scene, rddt, Interval.DAY_1, date(2023, 1, 2), date(2023, 3, 1))
    assert len(before.bars) == 0
    across = await bars(scene, rddt, Interval.DAY_1, RDDT_LISTED - timedelta(days=60), RDDT_LISTED)
    assert [from_day(day) for day in across.bars["day"]] == [RDDT_LISTED]
    assert await scene.broker.history.earliest(await the(scene, rddt)) == RDDT_LISTED


async def test_the_scale_is_that_of_the_answers_date(scene: Scene) -> None:
    answer = await bars(scene, BHP, Interval.DAY_1, MONDAY, THURSDAY)
    assert answer.scale_date == answer.receive_time.astimezone(ZoneInfo("Australia/Sydney")).date()
    assert answer.receive_time.tzinfo is not None
    assert answer.requests == 1


async def test_asked_twice_the_answer_is_the_same(scene: Scene) -> None:
    first = await bars(scene, AAPL, Interval.MINUTE_5, MONDAY, MONDAY)
    second = await bars(scene, AAPL, Interval.MINUTE_5, MONDAY, MONDAY)
    assert np.array_equal(first.bars, second.bars)


async def test_callers_may_ask_as_fast_as_they_like(scene: Scene) -> None:
    contract = await the(scene, AAPL)
    days = weekdays(date(2026, 10, 1), THURSDAY)
    asked = [scene.broker.history.bars(HistoryRequest(contract, Interval.DAY_1, day, day)) for day in days]
    answers = await asyncio.gather(*asked)
    assert [from_day(answer.bars["day"][0]) for answer in answers] == days


async def test_a_contract_that_does_not_exist_is_unknown(scene: Scene) -> None:
    ghost = replace(await the(scene, AAPL), con_id=999_999_999)
    with pytest.raises(SourceFailure) as failed:
        await scene.broker.history.bars(HistoryRequest(ghost, Interval.DAY_1, MONDAY, THURSDAY))
    assert failed.value.category is FailureCategory.UNKNOWN_CONTRACT
    assert failed.value.code == 200


async def test_without_a_connection_the_deadline_holds_and_after_it_all_is_well(scene: Scene) -> None:
    contract = await the(scene, AAPL)
    request = HistoryRequest(contract, Interval.DAY_1, MONDAY, THURSDAY)
    await scene.lose()
    with pytest.raises(SourceFailure) as failed:
        async with asyncio.timeout(5):
            await scene.broker.history.bars(request)
    assert failed.value.category is FailureCategory.DISCONNECTED
    asking = asyncio.create_task(scene.broker.history.bars(request))
    await scene.restore()
    async with asyncio.timeout(5):
        assert len((await asking).bars) == 9


async def test_some_requests_are_worth_having_under_way_at_once(scene: Scene) -> None:
    assert scene.broker.history.parallel >= 1
