"""Within a session: all bars sum up to the daily bar, and the tape and the quote agree with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from scizor.services.ibsim.market.api import BarSize, SimBar
from tests.unit.ibsim_market.build import FRIDAY, SUNDAY, bars_of, listing_of, market_at

_SIZES = [size for size in BarSize if size not in {BarSize.D1, BarSize.W1, BarSize.MO1}]
# A session's length is within what each size may be asked for.
_DURATION = {BarSize.S1: "1800 S", BarSize.S5: "3600 S", BarSize.S10: "14400 S", BarSize.S15: "14400 S"}
_REAL = datetime(2010, 5, 6, 22, tzinfo=UTC)
_MISPRINT = datetime(2000, 9, 29, 22, tzinfo=UTC)
_EARLY_CLOSE = datetime(2025, 11, 28, 22, tzinfo=UTC)


def summed(bars: Sequence[SimBar]) -> tuple[float, float, float, float, int, int]:
    return (
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
        sum(bar.count for bar in bars),
    )


@pytest.mark.parametrize("end", [_REAL, _MISPRINT, _EARLY_CLOSE, SUNDAY])
@pytest.mark.parametrize("symbol", ["AAPL", "CBA"])
def test_bars_of_every_size_sum_up_to_the_day(symbol: str, end: datetime) -> None:
    market, _ = market_at(SUNDAY)
    whole = summed(bars_of(market, symbol, duration="1 D", end=end))
    for size in _SIZES:
        if size not in _DURATION and size is not BarSize.S30:
            bars = bars_of(market, symbol, size, "1 D", end=end)
            assert summed(bars) == whole, size


@pytest.mark.parametrize("size", [BarSize.S1, BarSize.S5, BarSize.S10, BarSize.S15, BarSize.S30])
def test_seconds_sum_up_to_minutes(size: BarSize) -> None:
    market, _ = market_at(SUNDAY)
    fine = bars_of(market, "MSFT", size, "1800 S")
    minutes = bars_of(market, "MSFT", BarSize.M1, "1800 S")
    for minute in minutes:
        inside = [bar for bar in fine if minute.start <= bar.start < minute.start + timedelta(minutes=1)]
        assert summed(inside) == summed([minute])


def test_a_split_factor_leaves_volumes_summing_up() -> None:
    market, _ = market_at(SUNDAY)
    market.split(listing_of(market, "CBA"), SUNDAY.date(), 1.5)
    whole = summed(bars_of(market, "CBA", duration="1 D"))
    assert summed(bars_of(market, "CBA", BarSize.M1, "1 D")) == whole


def test_a_session_closes_early_where_the_exchange_does() -> None:
    market, _ = market_at(SUNDAY)
    bars = bars_of(market, "MSFT", BarSize.M30, "1 D", end=_EARLY_CLOSE)
    assert (len(bars), bars[-1].start) == (7, datetime(2025, 11, 28, 17, 30, tzinfo=UTC))


def test_the_tape_the_quote_and_the_bar_agree_at_every_second() -> None:
    market, clock = market_at(FRIDAY)
    for symbol in ("MSFT", "AAPL"):
        listing = listing_of(market, symbol)
        for seconds in range(0, 40, 3):
            clock.time = FRIDAY + timedelta(seconds=seconds, milliseconds=300)
            quote = market.quote(listing)
            day = bars_of(market, symbol, duration="1 D")[-1]
            tape = market.trades(listing, clock.time - timedelta(seconds=10), clock.time)
            assert quote.in_session
            assert quote.last == day.close == tape[-1].price == bars_of(market, symbol, BarSize.S1, "60 S")[-1].close
            assert (quote.open, quote.high, quote.low, quote.volume) == (day.open, day.high, day.low, day.volume)
            assert quote.last_size == tape[-1].size
            assert quote.bid < quote.last < quote.ask
            assert round(quote.ask - quote.bid, 6) == 0.02
            assert len(tape) == 10


def test_a_session_s_tape_is_its_volume() -> None:
    market, _ = market_at(SUNDAY)
    cba = listing_of(market, "CBA")
    day = bars_of(market, "CBA", duration="1 D")[-1]
    tape = market.trades(cba, day.start - timedelta(hours=10), SUNDAY)
    assert sum(trade.size for trade in tape) == day.volume
    assert (tape[0].time, tape[0].price, tape[-1].price) == (day.start, day.open, day.close)
    assert all(earlier.time < later.time for earlier, later in pairwise(tape))


def test_a_quote_out_of_session_is_the_close_until_the_next_session_s_date() -> None:
    market, clock = market_at(SUNDAY)
    msft = listing_of(market, "MSFT")
    before, day = bars_of(market, "MSFT", duration="2 D")
    frozen = market.quote(msft)
    assert not frozen.in_session
    assert (frozen.last, frozen.volume, frozen.previous_close) == (day.close, day.volume, before.close)
    assert frozen.time == datetime(2026, 11, 20, 21, tzinfo=UTC)
    clock.time = datetime(2026, 11, 23, 14, tzinfo=UTC)
    waiting = market.quote(msft)
    assert (waiting.last, waiting.previous_close, waiting.open, waiting.volume) == (day.close, day.close, None, 0)
    clock.time = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    opened = market.quote(msft)
    assert opened.in_session
    assert opened.last == opened.open == opened.high == opened.low
    assert opened.previous_close == day.close


def test_a_quote_of_the_past_is_what_it_was_then_and_none_is_of_the_future() -> None:
    market, clock = market_at(FRIDAY)
    msft = listing_of(market, "MSFT")
    then = market.quote(msft)
    clock.time = FRIDAY + timedelta(minutes=15)
    assert market.quote(msft, FRIDAY) == then != market.quote(msft)
    assert market.quote(msft, SUNDAY) == market.quote(msft)


def test_a_halted_session_has_a_quote_and_no_tape() -> None:
    market, clock = market_at(SUNDAY)
    kcn = listing_of(market, "KCN")
    opens, closes, _ = next(each for each in market.schedule(kcn, None, "10 Y")[::-1] if market.halted(kcn, each[2]))
    clock.time = opens + timedelta(hours=1)
    quote = market.quote(kcn)
    assert not quote.in_session
    assert (quote.last, quote.open) == (bars_of(market, "KCN", duration="5 D")[-1].close, None)
    assert market.trades(kcn, opens - timedelta(hours=1), closes) == []
