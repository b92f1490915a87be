"""The same seed, the same market: whatever the machine, the clock or the order of asking."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from scizor.services.ibsim.market.api import BarSize
from tests.unit.ibsim_market.build import FRIDAY, SUNDAY, bars_of, listing_of, market_at

_DIGEST = "83a9478f718bbe83"


def test_the_series_of_a_seed_are_the_same_on_every_machine() -> None:
    market, _ = market_at(SUNDAY)
    told = [
        *bars_of(market, "CBA", duration="30 Y"),
        *bars_of(market, "AAPL", duration="30 Y"),
        *bars_of(market, "KCN", BarSize.M30, "1 M"),
        *bars_of(market, "SPY", BarSize.S5, "3600 S"),
    ]
    text = "\n".join(f"{bar.session} {bar.open} {bar.high} {bar.low} {bar.close} {bar.volume}" for bar in told)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == _DIGEST


def test_another_seed_is_another_market_but_the_real_bars_stay() -> None:
    market, _ = market_at(SUNDAY, seed=8)
    usual, _ = market_at(SUNDAY)
    assert bars_of(market, "CBA") != bars_of(usual, "CBA")
    end = datetime(2012, 6, 1, tzinfo=UTC)
    assert bars_of(market, "AAPL", end=end) == bars_of(usual, "AAPL", end=end)


def test_the_order_of_asking_makes_no_difference() -> None:
    one, _ = market_at(SUNDAY)
    other, _ = market_at(SUNDAY)
    forward = [bars_of(one, symbol, BarSize.M5, "1 D") for symbol in ("CBA", "NAB", "SPY")]
    backward = [bars_of(other, symbol, BarSize.M5, "1 D") for symbol in ("SPY", "NAB", "CBA")]
    assert forward == backward[::-1]


def test_a_later_clock_changes_no_earlier_bar() -> None:
    early, clock = market_at(datetime(2016, 2, 29, 22, tzinfo=UTC))
    late, _ = market_at(SUNDAY)
    end = clock.time
    for symbol in ("CBA", "MSFT", "SLX"):
        for size, duration in ((BarSize.D1, "30 Y"), (BarSize.M30, "1 M")):
            then = bars_of(early, symbol, size, duration)
            assert then == bars_of(late, symbol, size, duration, end=end)
    clock.time = SUNDAY
    assert bars_of(early, "CBA", duration="30 Y") == bars_of(late, "CBA", duration="30 Y")


def test_nothing_after_now_is_told() -> None:
    market, clock = market_at(FRIDAY)
    tomorrow = FRIDAY + timedelta(days=1)
    bars = bars_of(market, "MSFT", BarSize.S1, "60 S", end=tomorrow)
    assert bars[-1].start == FRIDAY
    assert bars == bars_of(market, "MSFT", BarSize.S1, "60 S")
    assert market.trades(listing_of(market, "MSFT"), FRIDAY, tomorrow) == []
    clock.time = tomorrow
    assert bars_of(market, "MSFT", BarSize.S1, "60 S", end=FRIDAY + timedelta(seconds=1)) == bars
