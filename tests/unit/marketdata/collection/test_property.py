"""Whatever is stored, known or lacking: in the end each session is there once, or is known to have no bar."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.broker import FailureCategory
from scizor.domain.collections import CollectionState, SessionGap, SessionState
from scizor.domain.sessions import from_day
from tests.unit.marketdata.collection.stage import AAPL, World, history

FIRST, LAST = "2022-11-01", "2024-01-31"
SESSIONS = World().sessions("NASDAQ", FIRST, LAST)
PLACES = st.sets(st.integers(0, len(SESSIONS) - 1), max_size=len(SESSIONS))
RUNS = st.lists(st.tuples(st.integers(0, len(SESSIONS) - 1), st.integers(1, 120)), max_size=5)


def spread(runs: list[tuple[int, int]]) -> set[int]:
    return {place for first, length in runs for place in range(first, min(first + length, len(SESSIONS)))}


@settings(max_examples=25, deadline=None)
@given(
    stored=RUNS,
    halted=st.sets(st.integers(0, len(SESSIONS) - 1), max_size=8),
    failed=st.sets(st.integers(0, len(SESSIONS) - 1), max_size=8),
    holes=st.sets(st.integers(0, len(SESSIONS) - 1), max_size=8),
    listed=st.integers(0, len(SESSIONS) - 1),
    failures=st.lists(
        st.sampled_from([FailureCategory.PACING, FailureCategory.TIMEOUT, FailureCategory.SOURCE_FAULT]), max_size=3
    ),
)
def test_every_session_is_there_once_or_known_to_have_no_bar_and_a_second_run_asks_nothing(
    stored: list[tuple[int, int]],
    halted: set[int],
    failed: set[int],
    holes: set[int],
    listed: int,
    failures: list[FailureCategory],
) -> None:
    async def scenario() -> None:
        world = World()
        owner = await world.add(AAPL, first_session=from_day(SESSIONS[listed]))
        has = spread(stored)
        await world.give(owner, SESSIONS[sorted(has)])
        has &= set(range(listed, len(SESSIONS)))
        world.broker.leave_hole(world.contracts["AAPL"], *(from_day(SESSIONS[place]) for place in holes - has))
        known = [SessionGap(from_day(SESSIONS[place]), SessionState.HALTED) for place in halted - has]
        lost = [SessionGap(from_day(SESSIONS[place]), SessionState.FETCH_FAILED) for place in failed - has - halted]
        await world.know(owner, *known, *lost)
        for category in failures:
            world.broker.fail_next(category)
        done = await world.collect(history(FIRST, LAST, "AAPL"))
        assert done.progress.state is CollectionState.SUCCEEDED
        days = (await world.bars(owner))["day"].tolist()
        gaps = {gap.session: gap.state for gap in await world.gaps(owner)}
        assert len(set(days)) == len(days)
        barren = {day for day in SESSIONS.tolist() if from_day(day) in gaps}
        assert barren.isdisjoint(days)
        assert barren | set(days) == set(SESSIONS.tolist())
        awaited = {session for session, state in gaps.items() if state is SessionState.FETCH_FAILED}
        assert awaited <= {from_day(SESSIONS[place]) for place in holes}, "holes with nothing after them in an answer"
        first = next((from_day(SESSIONS[at]) for at in range(listed, len(SESSIONS)) if at not in holes - has), date.max)
        not_listed = {session for session, state in gaps.items() if state is SessionState.NOT_LISTED}
        assert all(session < first for session in not_listed)
        assert not np.any((await world.bars(owner))["revision"])
        world.clock.instant += timedelta(days=1)
        again = await world.collect(history(FIRST, LAST, "AAPL"))
        assert again.progress.new_bars == 0
        newest = from_day(max(days)) if days else date.min
        left = {gap.session for gap in await world.gaps(owner) if gap.state is SessionState.FETCH_FAILED}
        assert left == {session for session in awaited if session > newest}
        third = await world.collect(history(FIRST, LAST, "AAPL"))
        assert (third.progress.requests > 0) == bool(left)

    asyncio.run(scenario())
