"""Live prices over a real socket: kinds of data, refusals, bars as they form, losses of every sort."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scizor.domain.broker import ConnectionState
from scizor.domain.instruments import Instrument
from scizor.domain.live import (
    FeedEvent,
    FeedGap,
    FeedState,
    FeedStatus,
    LiveBar,
    LiveInterval,
    MarketDataType,
    Quote,
)
from scizor.services.ibsim.gateway import DataAccess
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.streams import Kind
from tests.integration.ib_stage import BHP, QUICK, Listener, stage, until


def is_quote(event: FeedEvent) -> bool:
    return isinstance(event, Quote)


def is_complete(event: FeedEvent) -> bool:
    return isinstance(event, LiveBar) and event.complete


def in_state(state: FeedState) -> Callable[[FeedEvent], bool]:
    return lambda event: isinstance(event, FeedStatus) and event.state is state


async def test_live_quotes_hold_the_whole_market_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        quote = heard.events[await heard.until(is_quote) - 1]
        assert isinstance(quote, Quote)
        assert quote.market_data_type is MarketDataType.LIVE
        known = (quote.bid, quote.ask, quote.last, quote.bid_size, quote.ask_size, quote.volume)
        assert all(known)
        assert all((quote.open, quote.high, quote.low, quote.previous_close))


async def test_delayed_quotes_come_where_live_ones_are_not_subscribed(tmp_path: Path) -> None:
    async with stage(tmp_path, access={"AAPL": DataAccess.DELAYED}) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        quote = heard.events[await heard.until(is_quote) - 1]
        assert isinstance(quote, Quote)
        assert quote.market_data_type is MarketDataType.DELAYED
        assert quote.last


async def test_a_closed_market_has_no_bid_and_no_ask(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(BHP), heard)  # Sydney sleeps
        quote = heard.events[await heard.until(is_quote) - 1]
        assert isinstance(quote, Quote)
        assert (quote.bid, quote.ask) == (None, None)
        assert quote.last


async def test_a_refusal_is_told_with_its_code_and_is_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path, access={"AAPL": DataAccess.NONE}) as on:
        heard, ghost = Listener(), Listener()
        contract = await on.find()
        on.broker.quotes.open_quotes(contract, heard)
        on.broker.quotes.open_quotes(replace(contract, con_id=999_999_999), ghost)
        await heard.until(in_state(FeedState.REFUSED))
        await ghost.until(in_state(FeedState.REFUSED))
        refused, unknown = heard.events[-1], ghost.events[-1]
        assert isinstance(refused, FeedStatus)
        assert isinstance(unknown, FeedStatus)
        assert (refused.code, unknown.code) == (354, 200)
        on.gateway.hang_up()
        await on.becomes(ConnectionState.DOWN)
        await on.becomes(ConnectionState.READY)
        assert len(heard.events) == 2, "a refused feed is not opened anew"


async def test_more_lines_than_the_account_has_are_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, limits=Limits(market_data_lines=2)) as on:
        contract = await on.find()
        heard = [Listener() for _ in range(3)]
        for each in heard[:2]:
            on.broker.quotes.open_quotes(contract, each)
        await asyncio.gather(*(each.until(is_quote) for each in heard[:2]))
        on.broker.quotes.open_quotes(contract, heard[2])
        await heard[2].until(in_state(FeedState.REFUSED))
        assert heard[2].events[-1] == FeedStatus(
            FeedState.REFUSED, 101, "Max number of tickers has been reached. (101)"
        )


@pytest.mark.parametrize("code", [1101, 1102])
async def test_after_a_lost_link_there_is_one_subscription_and_one_gap(tmp_path: Path, code: int) -> None:
    async with stage(tmp_path) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        await heard.until(is_quote)
        on.faults.lose(0.3, code)
        lost = await heard.until(in_state(FeedState.INTERRUPTED))
        back = await heard.until(is_quote, lost)
        assert isinstance(heard.events[back - 3], FeedGap)
        assert heard.events[back - 2] == FeedStatus(FeedState.ACTIVE)
        await until(lambda: on.open_streams(Kind.QUOTES) == 1)
        assert sum(isinstance(event, FeedGap) for event in heard.events) == 1


async def test_a_data_service_that_is_well_again_has_its_subscriptions_made_anew(tmp_path: Path) -> None:
    async with stage(tmp_path, quote_s=30.0) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        await heard.until(is_quote)
        on.faults.farms(0.2)
        await on.becomes(ConnectionState.DEGRADED, "usfarm")
        lost = await heard.until(in_state(FeedState.INTERRUPTED))
        back = await heard.until(is_quote, lost)
        assert isinstance(heard.events[back - 3], FeedGap)
        assert on.open_streams(Kind.QUOTES) == 1


async def test_after_a_stall_the_feed_tells_its_gap(tmp_path: Path) -> None:
    async with stage(tmp_path, silence_s=0.3, probe_s=0.3) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        await heard.until(is_quote)
        on.faults.stall(1.0)
        lost = await heard.until(in_state(FeedState.INTERRUPTED))
        await heard.until(lambda event: isinstance(event, FeedGap) and "silent" in event.reason, lost)
        await heard.until(is_quote, lost)


async def test_a_subscription_lost_without_a_word_is_asked_again(tmp_path: Path) -> None:
    async with stage(tmp_path, quote_s=0.3) as on:
        heard = Listener()
        contract = await on.find()
        for session in on.gateway.connections.values():
            on.broker.quotes.open_quotes(contract, heard)
            await until(lambda: on.open_streams(Kind.QUOTES))
            await session.streams.close(Kind.QUOTES)
        await heard.until(is_quote)


async def test_an_error_nobody_knows_interrupts_and_leaves_no_line_taken(tmp_path: Path) -> None:
    async with stage(tmp_path, quote_s=0.3) as on:
        heard = Listener()
        on.broker.quotes.open_quotes(await on.find(), heard)
        await heard.until(is_quote)
        [session] = on.gateway.connections.values()
        [(_, req_id)] = session.streams._tasks  # the adapter alone knows which id it chose
        session.error(req_id, 99999, "something new")
        lost = await heard.until(in_state(FeedState.INTERRUPTED))
        await heard.until(is_quote, lost)
        assert on.open_streams(Kind.QUOTES) == 1


async def test_closing_feeds_ends_their_subscriptions(tmp_path: Path) -> None:
    async with stage(tmp_path, speed=60) as on:
        contract = await on.find()
        heard = [Listener() for _ in range(3)]
        feeds = [
            on.broker.quotes.open_quotes(contract, heard[0]),
            on.broker.quotes.open_bars(contract, LiveInterval.SECONDS_5, heard[1]),
            on.broker.quotes.open_bars(contract, LiveInterval.MINUTE_1, heard[2]),
        ]
        await asyncio.gather(*(each.until(in_state(FeedState.ACTIVE)) for each in heard))
        assert on.open_streams(Kind.QUOTES, Kind.REAL_TIME_BARS, Kind.HISTORY) == 3
        for feed in feeds:
            feed.close()
        await until(lambda: on.open_streams(Kind.QUOTES, Kind.REAL_TIME_BARS, Kind.HISTORY) == 0)


async def test_bars_of_five_seconds_come_when_they_are_over(tmp_path: Path) -> None:
    async with stage(tmp_path, speed=60) as on:
        heard = Listener()
        on.broker.quotes.open_bars(await on.find(), LiveInterval.SECONDS_5, heard)
        second = await heard.until(is_complete, await heard.until(is_complete))
        bars = [event for event in heard.events[:second] if isinstance(event, LiveBar)]
        assert bars[1].start_time - bars[0].start_time == timedelta(seconds=5)
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)


async def test_a_longer_bar_forms_and_is_complete_when_the_next_begins(tmp_path: Path) -> None:
    async with stage(tmp_path, speed=120) as on:
        heard = Listener()
        on.broker.quotes.open_bars(await on.find(), LiveInterval.MINUTE_1, heard)
        done = await heard.until(is_complete)
        complete, following = heard.events[done - 1], heard.events[done]
        forming = [event for event in heard.events[: done - 1] if isinstance(event, LiveBar)]
        assert isinstance(complete, LiveBar)
        assert isinstance(following, LiveBar)
        assert {bar.start_time for bar in forming} == {complete.start_time}
        assert following.start_time == complete.start_time + timedelta(minutes=1)
        assert not following.complete
        assert complete.volume == forming[-1].volume


async def test_bars_that_ended_during_a_loss_are_told_after_it(tmp_path: Path) -> None:
    async with stage(tmp_path, speed=240) as on:
        heard = Listener()
        on.broker.quotes.open_bars(await on.find(), LiveInterval.MINUTE_1, heard)
        await heard.until(is_complete)
        await on.stop_gateway()
        lost = await heard.until(in_state(FeedState.INTERRUPTED))
        await on.market.clock.sleep(4 * 60)
        await on.start_gateway()
        await heard.until(is_complete, lost)
        await heard.until(lambda event: isinstance(event, LiveBar) and not event.complete, lost)
        starts = [event.start_time for event in heard.events if isinstance(event, LiveBar) and event.complete]
        assert starts == [starts[0] + timedelta(minutes=number) for number in range(len(starts))]
        assert len(starts) >= 4
        assert any(isinstance(event, FeedGap) for event in heard.events[lost:])


async def test_real_time_bars_are_asked_for_within_the_pacing_rules(tmp_path: Path) -> None:
    rules = replace(QUICK.pacing, window_weight=2)
    async with stage(tmp_path, limits=Limits(real_time_bars=2), pacing=rules) as on:
        contracts = [await on.find(Instrument(symbol, "NASDAQ", "USD")) for symbol in ("AAPL", "MSFT", "GOOG", "NVDA")]
        heard = [Listener() for _ in contracts]
        for contract, each in zip(contracts, heard, strict=True):
            on.broker.quotes.open_bars(contract, LiveInterval.SECONDS_5, each)
        await until(lambda: on.open_streams(Kind.REAL_TIME_BARS) == 2)
        await on.find()  # which is sent after all that may be sent, and answered after all refusals
        assert all(each.events == [FeedStatus(FeedState.PENDING)] for each in heard[2:]), "nobody was refused"
