"""What goes out of MarketData comes in as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scizor.codec.feeds import from_live
from scizor.codec.live import bar_bytes, quote_bytes, to_feed, to_gap
from scizor.domain.live import (
    FeedGap,
    FeedState,
    FeedStatus,
    LiveBar,
    LiveInterval,
    MarketDataType,
    Quote,
)
from scizor.marketdata.v1 import live_pb2 as pb

NOW = datetime(2026, 11, 20, 15, 0, 1, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "quote",
    [
        Quote(NOW),
        Quote(NOW, MarketDataType.DELAYED, bid=0.0, ask=10.1, last=10.0),
        Quote(NOW, MarketDataType.LIVE, 9.9, 10.1, 10.0, 1.0, 2.0, 3.0, 400.0, 9.5, 10.5, 9.4, 9.6),
    ],
)
def test_a_quote_comes_in_as_it_went_out_and_what_is_not_known_stays_so(quote: Quote) -> None:
    assert from_live(pb.Quote.FromString(quote_bytes("AAPL.NASDAQ", "ib", quote))) == ("AAPL.NASDAQ", quote)


def test_a_bar_a_state_and_a_gap_too() -> None:
    bar = LiveBar(NOW, 1.0, 3.0, 0.5, 2.0, 70.0, complete=True, market_data_type=MarketDataType.LIVE)
    assert from_live(pb.LiveBar.FromString(bar_bytes("A.X", "ib", LiveInterval.SECONDS_5, bar))) == ("A.X", bar)
    status = FeedStatus(FeedState.REFUSED, 354, "not subscribed")
    assert from_live(to_feed("A.X", status)) == ("A.X", status)
    for start in (None, NOW - timedelta(seconds=5)):
        gap = FeedGap(start, NOW, "1101")
        assert from_live(to_gap("A.X", gap)) == ("A.X", gap)


def test_what_a_newer_service_says_is_read_as_far_as_it_is_known() -> None:
    status = pb.FeedStatus(symbol="A.X", state=pb.FeedState.ValueType(99))
    assert from_live(status) == ("A.X", FeedStatus(FeedState.PENDING))
    quote = pb.Quote(symbol="A.X", market_data_type=pb.MarketDataType.ValueType(99))
    read = from_live(quote)[1]
    assert isinstance(read, Quote)
    assert read.market_data_type is MarketDataType.UNKNOWN
