"""History over a real socket: refusals, deadlines, the rules of the gateway, and whose data it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from scizor.adapters.clock import SystemClock
from scizor.adapters.ib import IbBroker
from scizor.adapters.ib.pacing import PacingRules
from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.ports.broker import HistoryRequest
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.market.api import ContractQuery
from scizor.services.ibsim.streams import Kind
from tests.integration.ib_stage import BHP, QUICK, stage, until

FRIDAY = date(2026, 11, 20)
THURSDAY = date(2026, 11, 19)


async def test_hundreds_of_requests_at_once_keep_every_rule_of_the_gateway(tmp_path: Path) -> None:
    strict = Limits(messages_per_s=50, message_burst=50, breaches_until_hangup=1)
    async with stage(tmp_path, limits=strict, latency_s=0.05) as on:
        contract = await on.find()
        epoch, most, answers = on.broker.connection.epoch, 0, 0

        async def one(number: int) -> None:
            nonlocal most, answers
            day = FRIDAY - timedelta(days=number)
            answer = await on.broker.history.bars(HistoryRequest(contract, Interval.DAY_1, day, day))
            most = max(most, on.open_streams(Kind.HISTORY))
            answers += len(answer.bars)

        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(one(number) for number in range(90)))
        took_s = asyncio.get_running_loop().time() - began
    assert on.broker.connection.epoch == epoch, "the gateway never hung up"
    assert answers == 64, "the weekdays since the 24th of August but Labor Day"
    assert most <= 40
    assert took_s < 90 / 40 + 1.5, "the pipe stays full"


async def test_a_pacing_error_is_told_slows_the_rest_and_passes(tmp_path: Path) -> None:
    async with stage(tmp_path, pacing=PacingRules(pause_s=0.3)) as on:
        contract = await on.find()
        request = HistoryRequest(contract, Interval.DAY_1, THURSDAY, THURSDAY)
        on.faults.pacing(1)
        with pytest.raises(SourceFailure) as failed:
            await on.broker.history.bars(request)
        assert (failed.value.category, failed.value.code) == (FailureCategory.PACING, 162)
        began = asyncio.get_running_loop().time()
        assert len((await on.broker.history.bars(request)).bars) == 1
        assert asyncio.get_running_loop().time() - began > 0.2


async def test_a_broken_data_service_fails_requests_until_it_is_well(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        request = HistoryRequest(await on.find(), Interval.DAY_1, THURSDAY, THURSDAY)
        on.faults.farms(0.2)
        await on.becomes(ConnectionState.DEGRADED, "ushmds")
        with pytest.raises(SourceFailure, match="HMDS server disconnect") as failed:
            await on.broker.history.bars(request)
        assert failed.value.category.passes
        await on.becomes(ConnectionState.READY)
        assert len((await on.broker.history.bars(request)).bars) == 1


async def test_a_slow_answer_is_given_up_and_its_place_at_the_gateway_freed(tmp_path: Path) -> None:
    async with stage(tmp_path, latency_s=30.0, history_s=0.2) as on:
        contract = await on.find()
        with pytest.raises(SourceFailure, match="no answer within") as failed:
            await on.broker.history.bars(HistoryRequest(contract, Interval.DAY_1, THURSDAY, THURSDAY))
        assert failed.value.category is FailureCategory.TIMEOUT
        await until(lambda: not on.open_streams(Kind.HISTORY))


async def test_a_caller_that_gives_up_frees_its_place_too(tmp_path: Path) -> None:
    async with stage(tmp_path, latency_s=30.0, history_s=30.0) as on:
        contract = await on.find()
        request = HistoryRequest(contract, Interval.DAY_1, THURSDAY, THURSDAY)
        asking = asyncio.create_task(on.broker.history.bars(request))
        await until(lambda: on.open_streams(Kind.HISTORY))
        asking.cancel()
        await until(lambda: not on.open_streams(Kind.HISTORY))


async def test_head_timestamps_leave_nothing_open(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert await on.broker.history.earliest(await on.find()) == date(2000, 3, 1)
        assert await on.broker.history.earliest(await on.find(BHP)) == date(1995, 1, 3)
        await until(lambda: not on.open_streams(Kind.HEAD_TIMESTAMP))


async def test_each_bar_says_whose_data_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        contract = await on.find()
        request = HistoryRequest(contract, Interval.DAY_1, date(2013, 2, 25), date(2013, 3, 8))
        answer = await on.broker.history.bars(request)
        told = [answer.sources[place] for place in answer.bars["source"]]
        assert told == ["ibsim:bokeh_sampledata"] * 5 + ["ibsim:synthetic"] * 5


async def test_todays_session_is_told_as_far_as_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        contract = await on.find()
        answer = await on.broker.history.bars(HistoryRequest(contract, Interval.MINUTE_1, FRIDAY, FRIDAY))
        assert 25 <= len(answer.bars) <= 35, "the stage's clock stands half an hour into the session"


async def test_too_long_a_span_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        request = HistoryRequest(await on.find(), Interval.MINUTE_1, THURSDAY, FRIDAY)
        with pytest.raises(InvalidInput, match="must be 1 days or less"):
            await on.broker.history.bars(request)


async def test_a_split_at_the_source_is_seen_at_the_next_request(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        contract = await on.find()
        request = HistoryRequest(contract, Interval.DAY_1, date(2026, 11, 9), date(2026, 11, 9))
        before = (await on.broker.history.bars(request)).bars["close"][0]
        [listing] = on.market.find(ContractQuery(con_id=contract.con_id))
        on.market.split(listing, FRIDAY, 4.0)
        assert (await on.broker.history.bars(request)).bars["close"][0] == pytest.approx(before / 4, abs=0.01)


async def test_the_gateways_complaint_about_messages_slows_everything_down(tmp_path: Path) -> None:
    tolerant = Limits(messages_per_s=20, message_burst=10, breaches_until_hangup=1000)
    async with stage(tmp_path, limits=tolerant, history_s=1.0) as on:
        contract = await on.find()
        request = HistoryRequest(contract, Interval.DAY_1, THURSDAY, THURSDAY)
        session = on.broker.connection.usable
        assert session is not None
        assert session.client.throttle.pace == 1.0
        asking = [asyncio.create_task(on.broker.history.bars(request)) for _ in range(60)]
        await until(lambda: session.client.throttle.pace < 1.0)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def test_an_answer_is_dated_by_the_gateways_clock(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        ours = IbBroker(replace(QUICK, port=on.port, client_id=18), SystemClock())
        await ours.start()
        answer = await ours.history.bars(HistoryRequest(await on.find(), Interval.DAY_1, FRIDAY, FRIDAY))
        skew = ours.connection.status.clock_skew
        await ours.stop()
        assert skew < -timedelta(days=1)
        assert abs(answer.receive_time - on.market.clock.now()) < timedelta(seconds=10)
        assert answer.scale_date == FRIDAY
