"""Which sessions are asked for, and in how few requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from scizor.domain.collections import Chunk, SessionGap, SessionState
from scizor.domain.errors import InvalidInput, NotFound
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.services.marketdata.collection.planner import PlanRules, Wanted, planned
from tests.unit.marketdata.collection.stage import AAPL, BHP, MSFT, World, daily, history, one_symbol


def spans(chunks: tuple[Chunk, ...]) -> list[tuple[str, str, str, int]]:
    return [(chunk.symbol, str(chunk.first), str(chunk.last), chunk.sessions) for chunk in chunks]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def test_a_symbol_without_bars_is_asked_for_the_last_thirty_days_in_one_request(world: World) -> None:
    await world.add(AAPL)
    plan = await world.plan(daily())
    assert spans(plan.chunks) == [("AAPL.NASDAQ", "2024-01-02", "2024-01-31", 22)]


async def test_a_symbol_that_lacks_nothing_is_not_asked_for(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2024-01-01", "2024-01-31"))
    await world.add(MSFT)
    plan = await world.plan(daily())
    assert [chunk.symbol for chunk in plan.chunks] == ["MSFT.NASDAQ"]
    assert (plan.symbols_total, plan.symbols_complete) == (2, 1)


async def test_holidays_and_weekends_are_not_lacking(world: World) -> None:
    world.calendar.holidays.add(date(2024, 1, 15))
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2023-12-20", "2024-01-31"))
    assert (await world.plan(daily())).chunks == ()


async def test_a_session_counts_half_an_hour_after_its_close(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2023-12-20", "2024-01-30"))
    world.clock.instant = at("2024-01-31T21:29:59")
    assert (await world.plan(daily())).chunks == ()
    world.clock.instant = at("2024-01-31T21:30:00")
    assert [str(chunk.last) for chunk in (await world.plan(daily())).chunks] == ["2024-01-31"]


async def test_a_half_day_counts_half_an_hour_after_its_early_close(world: World) -> None:
    world.calendar.closes_early.add(date(2024, 1, 31))
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2023-12-20", "2024-01-30"))
    world.clock.instant = at("2024-01-31T18:30:00")
    assert [str(chunk.last) for chunk in (await world.plan(daily())).chunks] == ["2024-01-31"]


async def test_the_delay_after_the_close_may_differ_by_exchange(world: World) -> None:
    world.restart("one", close_delays_s={"NASDAQ": 7200.0})
    await world.add(AAPL)
    world.clock.instant = at("2024-01-31T22:59:59")
    assert [str(chunk.last) for chunk in (await world.plan(daily())).chunks] == ["2024-01-30"]
    world.clock.instant = at("2024-01-31T23:00:00")
    assert [str(chunk.last) for chunk in (await world.plan(daily())).chunks] == ["2024-01-31"]


async def test_around_midnight_utc_each_exchange_is_at_its_own_date(world: World) -> None:
    await world.add(AAPL)
    await world.add(BHP)
    # 19:00 on Wednesday in New York, where Wednesday is over; 11:00 on Thursday in Sydney, which is under way.
    world.clock.instant = at("2024-02-01T00:00:00")
    newest = {chunk.symbol: str(chunk.last) for chunk in (await world.plan(daily())).chunks}
    assert newest == {"AAPL.NASDAQ": "2024-01-31", "BHP.ASX": "2024-01-31"}
    # 16:30 on Thursday in Sydney, still the night before Thursday's open in New York.
    world.clock.instant = at("2024-02-01T05:30:00")
    newest = {chunk.symbol: str(chunk.last) for chunk in (await world.plan(daily())).chunks}
    assert newest == {"AAPL.NASDAQ": "2024-01-31", "BHP.ASX": "2024-02-01"}


@pytest.mark.parametrize(
    ("instant", "newest"),
    [
        ("2024-03-08T21:29:00", "2024-03-07"),  # standard time: 16:29 in New York
        ("2024-03-11T20:29:00", "2024-03-08"),  # summer time from the 10th on
        ("2024-03-11T20:30:00", "2024-03-11"),
    ],
)
async def test_a_close_moves_with_summer_time(world: World, instant: str, newest: str) -> None:
    await world.add(AAPL)
    world.clock.instant = at(instant)
    assert [str(chunk.last) for chunk in (await world.plan(daily())).chunks] == [newest]


async def test_only_one_symbol_is_asked_for_the_session_under_way(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2023-12-20", "2024-01-30"))
    world.clock.instant = at("2024-01-31T14:29:00")
    assert (await world.plan(one_symbol())).chunks == ()
    world.clock.instant = at("2024-01-31T14:30:00")
    assert spans((await world.plan(one_symbol())).chunks) == [("AAPL.NASDAQ", "2024-01-26", "2024-01-31", 1)]
    assert (await world.plan(daily())).chunks == ()


async def test_three_stored_sessions_are_asked_again_before_a_new_one(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2023-12-20", "2024-01-29"))
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2024-01-25", "2024-01-31", 2)]


async def test_what_is_known_to_have_no_bar_is_not_asked_but_what_failed_is(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", "2024-01-26"))
    await world.know(
        owner,
        SessionGap(date(2024, 1, 29), SessionState.FETCH_FAILED, "TIMEOUT"),
        SessionGap(date(2024, 1, 30), SessionState.HALTED),
        SessionGap(date(2024, 1, 31), SessionState.NOT_LISTED),
    )
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2024-01-24", "2024-01-29", 1)]


async def test_stored_sessions_before_those_without_a_bar_are_asked_again(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-12-20", "2024-01-26"))
    for session in (date(2024, 1, 29), date(2024, 1, 30)):
        await world.know(owner, SessionGap(session, SessionState.HALTED))
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2024-01-24", "2024-01-31", 1)]


async def test_a_session_whose_asking_failed_months_ago_is_asked_again(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2023-09-01", "2023-10-02"))
    await world.give(owner, world.sessions("NASDAQ", "2023-10-04", "2024-01-31"))
    assert (await world.plan(daily())).chunks == ()
    await world.know(owner, SessionGap(date(2023, 10, 3), SessionState.FETCH_FAILED))
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2023-09-28", "2023-10-03", 1)]


async def test_after_long_downtime_no_hole_is_left(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2022-03-01", "2022-06-30"))
    plan = await world.plan(daily())
    assert spans(plan.chunks) == [
        ("AAPL.NASDAQ", "2022-06-28", "2023-06-27", 258),
        ("AAPL.NASDAQ", "2023-06-28", "2024-01-31", 156),
    ]


async def test_nothing_stored_is_asked_again_if_that_took_one_request_more(world: World) -> None:
    await world.give(await world.add(AAPL), world.sessions("NASDAQ", "2022-12-01", "2023-01-31"))
    plan = await world.plan(daily())
    assert spans(plan.chunks) == [
        ("AAPL.NASDAQ", "2023-02-01", "2024-01-31", 261),
    ]
    world.clock.instant = at("2024-01-30T22:00:00")
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2023-01-31", "2024-01-30", 260)]


async def test_nothing_is_asked_outside_the_time_of_listing(world: World) -> None:
    listed = replace(AAPL, listed_date=date(2024, 1, 10), delisted_date=date(2024, 1, 19))
    await world.add(listed)
    assert spans((await world.plan(daily())).chunks) == [("AAPL.NASDAQ", "2024-01-10", "2024-01-19", 8)]


async def test_a_date_bounds_the_daily_collection(world: World) -> None:
    await world.add(AAPL)
    assert spans((await world.plan(daily(end="2024-01-12"))).chunks) == [
        ("AAPL.NASDAQ", "2023-12-13", "2024-01-12", 23)
    ]


async def test_only_active_symbols_of_the_exchange_are_asked_for(world: World) -> None:
    await world.add(AAPL)
    await world.add(BHP)
    await world.add(replace(MSFT, active=False))
    assert {chunk.symbol for chunk in (await world.plan(daily())).chunks} == {"AAPL.NASDAQ", "BHP.ASX"}
    assert {chunk.symbol for chunk in (await world.plan(daily("ASX"))).chunks} == {"BHP.ASX"}


async def test_history_is_three_years_when_no_dates_are_given(world: World) -> None:
    await world.add(AAPL)
    chunks = (await world.plan(history("", "", "AAPL"))).chunks
    assert (str(chunks[0].first), str(chunks[-1].last), len(chunks)) == ("2021-02-01", "2024-01-31", 3)
    assert [chunk.number for chunk in chunks] == [1, 2, 3]
    assert all((chunk.last - chunk.first).days < 365 for chunk in chunks)


async def test_runs_of_lacking_sessions_that_lie_close_share_a_request(world: World) -> None:
    owner = await world.add(AAPL)
    for first, last in (("2023-01-01", "2023-02-01"), ("2023-02-10", "2023-04-03"), ("2023-04-12", "2024-01-31")):
        await world.give(owner, world.sessions("NASDAQ", first, last))
    plan = await world.plan(history("2023-01-01", "2023-12-31", "AAPL"))
    assert spans(plan.chunks) == [("AAPL.NASDAQ", "2023-01-30", "2023-04-11", 6 + 6)]


async def test_a_refresh_asks_for_everything_again(world: World) -> None:
    owner = await world.add(AAPL)
    await world.give(owner, world.sessions("NASDAQ", "2024-01-01", "2024-01-31"))
    await world.know(owner, SessionGap(date(2023, 12, 29), SessionState.HALTED))
    plan = await world.plan(history("2023-12-29", "2024-01-05", "AAPL", refresh=True))
    assert spans(plan.chunks) == [("AAPL.NASDAQ", "2023-12-29", "2024-01-05", 6)]


async def test_shorter_bars_are_planned_by_their_own_spans(world: World) -> None:
    await world.add(AAPL)
    plan = await world.plan(history("2024-01-22", "2024-01-31", "AAPL", interval=Interval.MINUTE_5))
    assert spans(plan.chunks) == [
        ("AAPL.NASDAQ", "2024-01-22", "2024-01-26", 5),
        ("AAPL.NASDAQ", "2024-01-29", "2024-01-31", 3),
    ]


async def test_an_exchange_without_a_calendar_stops_only_who_names_it(world: World) -> None:
    await world.add(AAPL)
    await world.add(Instrument("MOON", "LUNA", "USD"))
    assert {chunk.symbol for chunk in (await world.plan(daily())).chunks} == {"AAPL.NASDAQ"}
    with pytest.raises(InvalidInput, match="LUNA"):
        await world.plan(history("", "", "MOON"))
    with pytest.raises(NotFound):
        await world.plan(history("", "", "NOBODY"))


def test_three_years_of_357_symbols_make_a_chunk_a_year_of_each() -> None:
    days = np.arange(16_200, 17_300, dtype=np.int32)
    days = days[(days + 3) % 7 < 5]
    wanted = [Wanted(key, f"S{key}.NYSE", days, 16_200, 17_300, present=days[::2]) for key in range(357)]
    plan = planned(wanted, PlanRules(Interval.DAY_1, 365, 3))
    assert len(plan.chunks) == 357 * 3
