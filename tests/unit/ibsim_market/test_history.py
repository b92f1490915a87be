"""What a request for history is answered with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from scizor.services.ibsim.market.api import BarSize, MarketError
from tests.unit.ibsim_market.build import FRIDAY, SUNDAY, bars_of, listing_of, market_at


def test_real_bars_are_told_under_their_own_dates() -> None:
    market, _ = market_at(SUNDAY)
    bars = {bar.session: bar for bar in bars_of(market, "AAPL", duration="17 Y")}
    bar = bars[date(2010, 1, 4)]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (213.43, 214.5, 212.38, 214.01, 17_633_200)
    assert bar.start == datetime(2010, 1, 4, 14, 30, tzinfo=UTC)


def test_trades_are_split_adjusted_and_not_dividend_adjusted() -> None:
    market, _ = market_at(SUNDAY)
    first = bars_of(market, "AAPL", duration="30 Y")[0]
    assert first.session == date(2000, 3, 1)
    assert (first.open, first.close, first.volume) == (118.56 / 4, 130.31 / 4, 9_616_100 * 4)


def test_history_is_as_of_the_clock() -> None:
    market, _ = market_at(datetime(2003, 1, 6, 12, tzinfo=UTC))
    first = bars_of(market, "AAPL", duration="30 Y")[0]
    assert first.open == 118.56 / 2


def test_adjusted_last_gives_the_return_of_holding() -> None:
    market, _ = market_at(SUNDAY)
    trades = {bar.session: bar for bar in bars_of(market, "MSFT", duration="30 Y")}
    adjusted = {bar.session: bar for bar in bars_of(market, "MSFT", duration="30 Y", what="ADJUSTED_LAST")}
    before, ex_date = date(2004, 11, 12), date(2004, 11, 15)
    held = (trades[ex_date].close + 3.08) / trades[before].close
    assert adjusted[ex_date].close / adjusted[before].close == pytest.approx(
        trades[ex_date].close / (trades[before].close - 3.08), rel=1e-6
    )
    assert adjusted[ex_date].close / adjusted[before].close == pytest.approx(held, rel=0.01)
    assert adjusted[date(2026, 11, 20)] == trades[date(2026, 11, 20)]


def test_a_series_goes_on_from_the_last_real_close() -> None:
    market, _ = market_at(SUNDAY)
    bars = {bar.session: bar for bar in bars_of(market, "AAPL", duration="15 Y")}
    assert bars[date(2013, 3, 1)].close == 430.47
    assert bars[date(2013, 3, 4)].open == pytest.approx(430.47, rel=0.05)


@pytest.mark.parametrize(
    ("duration", "first", "count"),
    [
        ("1 D", date(2026, 11, 20), 1),
        ("10 D", date(2026, 11, 9), 10),
        ("1 W", date(2026, 11, 16), 5),
        ("1 M", date(2026, 10, 23), 21),
        ("1 Y", date(2025, 11, 24), 250),
        ("86400 S", date(2026, 11, 20), 1),
    ],
)
def test_a_duration_counts_sessions_or_follows_the_calendar(duration: str, first: date, count: int) -> None:
    market, _ = market_at(SUNDAY)
    bars = bars_of(market, "MSFT", duration=duration)
    assert (bars[0].session, bars[-1].session, len(bars)) == (first, date(2026, 11, 20), count)


def test_an_end_is_the_first_instant_not_told() -> None:
    market, _ = market_at(SUNDAY)
    opens = datetime(2026, 11, 19, 14, 30, tzinfo=UTC)
    assert bars_of(market, "MSFT", end=opens)[-1].session == date(2026, 11, 18)
    assert bars_of(market, "MSFT", end=opens + timedelta(hours=6.5)) == [
        bar for bar in bars_of(market, "MSFT", duration="2 Y") if date(2025, 11, 20) <= bar.session <= opens.date()
    ]


def test_a_session_that_is_not_over_is_told_so_far() -> None:
    market, clock = market_at(FRIDAY)
    so_far = bars_of(market, "MSFT", duration="1 D")[-1]
    clock.time = SUNDAY
    whole = bars_of(market, "MSFT", duration="1 D")[-1]
    assert (so_far.open, so_far.count) == (whole.open, 3601)
    assert so_far.volume < whole.volume
    assert bars_of(market, "MSFT", duration="1 D", end=FRIDAY + timedelta(seconds=1))[-1] == so_far


def test_seconds_are_those_of_trading() -> None:
    market, _ = market_at(SUNDAY)
    bars = bars_of(market, "MSFT", BarSize.M1, "3600 S")
    assert (bars[0].start, len(bars)) == (datetime(2026, 11, 20, 20, 0, tzinfo=UTC), 60)


def test_hours_begin_with_the_clock_hour() -> None:
    market, _ = market_at(SUNDAY)
    starts = [f"{bar.start:%H:%M}" for bar in bars_of(market, "MSFT", BarSize.H1, "1 D")]
    assert starts == ["14:30", "15:00", "16:00", "17:00", "18:00", "19:00", "20:00"]


def test_weeks_and_months_sum_up_their_days() -> None:
    market, _ = market_at(SUNDAY)
    days = bars_of(market, "CBA", duration="1 Y")
    for size, begins in ((BarSize.W1, date(2026, 11, 16)), (BarSize.MO1, date(2026, 11, 2))):
        last = bars_of(market, "CBA", size, "1 Y")[-1]
        inside = [bar for bar in days if bar.session >= begins]
        assert last.session == inside[-1].session
        assert (last.open, last.close) == (inside[0].open, inside[-1].close)
        assert last.volume == sum(bar.volume for bar in inside)
        assert last.high == max(bar.high for bar in inside)


def test_quotes_lie_about_trades_and_have_no_volume() -> None:
    market, _ = market_at(SUNDAY)
    trades, bids, asks, middles, both = (
        bars_of(market, "CBA", duration="5 D", what=what) for what in ("TRADES", "BID", "ASK", "MIDPOINT", "BID_ASK")
    )
    for trade, bid, ask, middle, each in zip(trades, bids, asks, middles, both, strict=True):
        assert bid.close == round(trade.close - 0.01, 6)
        assert ask.close == round(trade.close + 0.01, 6)
        assert middle.close == trade.close
        assert (each.high, each.low) == (ask.high, bid.low)
        assert (bid.volume, bid.average, bid.count) == (-1, -1.0, -1)


@pytest.mark.parametrize(
    ("size", "duration", "what", "code"),
    [
        (BarSize.D1, "0 D", "TRADES", 321),
        (BarSize.D1, "366 D", "TRADES", 321),
        (BarSize.D1, "53 W", "TRADES", 321),
        (BarSize.D1, "13 M", "TRADES", 321),
        (BarSize.S30, "86401 S", "TRADES", 321),
        (BarSize.D1, "1 Q", "TRADES", 321),
        (BarSize.D1, "1Y", "TRADES", 321),
        (BarSize.D1, "-1 D", "TRADES", 321),
        (BarSize.D1, "1 D", "YIELD_BID", 321),
        (BarSize.S1, "1801 S", "TRADES", 162),
        (BarSize.M1, "2 D", "TRADES", 162),
        (BarSize.M1, "1 D", "TRADES", None),
        (BarSize.H1, "1 M", "TRADES", None),
        (BarSize.H1, "1 Y", "TRADES", 162),
        (BarSize.D1, "3600 S", "TRADES", 321),
        (BarSize.MO1, "1 W", "TRADES", 321),
        (BarSize.D1, "100 Y", "TRADES", None),
    ],
)
def test_durations_and_steps_are_refused_as_a_gateway_does(
    size: BarSize, duration: str, what: str, code: int | None
) -> None:
    market, _ = market_at(SUNDAY)
    if code is None:
        assert bars_of(market, "NAB", size, duration, what)
        return
    with pytest.raises(MarketError) as caught:
        bars_of(market, "NAB", size, duration, what)
    assert caught.value.code == code


def test_adjusted_last_has_no_end() -> None:
    market, _ = market_at(SUNDAY)
    with pytest.raises(MarketError, match=r"321: .*End Date not supported"):
        bars_of(market, "AAPL", what="ADJUSTED_LAST", end=SUNDAY)


def test_no_data_before_the_first_session_nor_after_the_last() -> None:
    market, clock = market_at(SUNDAY)
    with pytest.raises(MarketError, match=r"162: .*no data: RDDT@SMART Trades"):
        bars_of(market, "RDDT", end=datetime(2024, 3, 20, 22, tzinfo=UTC))
    clock.time = datetime(2022, 10, 27, 22, tzinfo=UTC)
    twtr = listing_of(market, "TWTR")
    clock.time = SUNDAY
    with pytest.raises(MarketError, match="162"):
        market.bars(twtr, BarSize.D1, None, "1 Y", "TRADES", regular_hours=True)
    told = market.bars(twtr, BarSize.D1, None, "30 Y", "TRADES", regular_hours=True)
    assert (told[0].session, told[-1].session) == (date(2013, 11, 7), date(2022, 10, 27))


def test_the_head_is_the_first_bar() -> None:
    market, clock = market_at(SUNDAY)
    for symbol in ("AAPL", "CBA", "RDDT"):
        head = market.head_timestamp(listing_of(market, symbol), "TRADES", regular_hours=True)
        assert head == bars_of(market, symbol, duration="50 Y")[0].start
    cba = listing_of(market, "CBA")
    assert market.head_timestamp(cba, "BID", regular_hours=False) == datetime(1995, 1, 2, 23, tzinfo=UTC)
    clock.time = datetime(1995, 1, 2, 22, tzinfo=UTC)
    with pytest.raises(MarketError, match="162"):
        market.head_timestamp(cba, "TRADES", regular_hours=True)


def test_a_halted_session_has_no_bar_of_any_size() -> None:
    market, _ = market_at(SUNDAY)
    kcn = listing_of(market, "KCN")
    sessions = [day for _, _, day in market.schedule(kcn, None, "10 Y")]
    halted = [day for day in sessions if market.halted(kcn, day)]
    told = {bar.session for bar in bars_of(market, "KCN", duration="10 Y")}
    assert 0.003 < len(halted) / len(sessions) < 0.03
    assert told == set(sessions) - set(halted)
    end = datetime(halted[-1].year, halted[-1].month, halted[-1].day, 12, tzinfo=UTC)
    with pytest.raises(MarketError, match="162"):
        bars_of(market, "KCN", BarSize.M1, "1 D", end=end)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "CBA", "SPY"])
def test_the_well_known_trade_every_session(symbol: str) -> None:
    market, _ = market_at(SUNDAY)
    sessions = [day for _, _, day in market.schedule(listing_of(market, symbol), None, "20 Y")]
    assert [bar.session for bar in bars_of(market, symbol, duration="20 Y")] == sessions


def test_synthetic_bars_are_sound_and_on_the_tick() -> None:
    market, _ = market_at(SUNDAY)
    for symbol in ("CBA", "NVDA", "SPY", "INA"):
        bars = bars_of(market, symbol, duration="20 Y")
        low, high = (np.array([getattr(bar, name) for bar in bars]) for name in ("low", "high"))
        for name in ("open", "close", "average"):
            prices = np.array([getattr(bar, name) for bar in bars])
            assert ((low <= prices) & (prices <= high)).all()
        closes = np.array([bar.close for bar in bars])
        ticks = closes / np.where((closes < 2.0) & (symbol in {"CBA", "INA"}), 0.005, 0.01)
        assert np.abs(ticks - np.rint(ticks)).max() < 1e-6
        assert 0.1 < np.diff(np.log(closes)).std() * 252**0.5 < 0.45
        assert min(bar.volume for bar in bars) >= 60_000
