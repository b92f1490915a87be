"""What is encoded once and shared is, byte for byte, what each reader's own message would be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.codec import live as codec
from scizor.codec.times import to_timestamp
from scizor.domain.live import FeedGap, FeedState, FeedStatus, LiveBar, LiveInterval, MarketDataType, Quote
from scizor.marketdata.v1 import live_pb2 as pb

NOW = datetime(2026, 11, 20, 15, 30, 0, 123456, tzinfo=UTC)
SEQUENCES = st.integers(1, 2**62)
INSTANTS = st.datetimes(*map(datetime.fromisoformat, ("1990-01-01", "2100-01-01")), timezones=st.just(UTC))
NUMBERS = st.floats(allow_nan=False)
PARTS = (
    "bid", "ask", "last", "bid_size", "ask_size", "last_size", "volume", "open", "high", "low", "previous_close"
)  # fmt: skip


@given(
    SEQUENCES,
    st.text(),
    INSTANTS,
    st.sampled_from(MarketDataType),
    st.fixed_dictionaries({name: st.none() | NUMBERS for name in PARTS}),
    st.integers(0, 2**62),
)
def test_a_quotes_bytes_are_those_of_the_typed_message(
    sequence: int, source: str, instant: datetime, kind: MarketDataType, parts: dict[str, Any], conflated: int
) -> None:
    shared = codec.quote_bytes("AAPL.NASDAQ", source, Quote(instant, kind, **parts))
    typed = pb.Quote(
        symbol="AAPL.NASDAQ",
        receive_time=to_timestamp(instant),
        market_data_type=pb.MarketDataType.ValueType(kind),
        source=source,
        conflated=conflated,
        **parts,
    )
    written = codec.quote_response(sequence, shared, conflated).SerializeToString()
    assert written == pb.StreamQuotesResponse(sequence=sequence, quote=typed).SerializeToString()


@given(SEQUENCES, INSTANTS, st.sampled_from(LiveInterval), st.lists(NUMBERS, min_size=5, max_size=5), st.booleans())
def test_a_bars_bytes_are_those_of_the_typed_message(
    sequence: int, start: datetime, interval: LiveInterval, values: list[float], complete: bool
) -> None:
    opened, high, low, close, volume = values
    bar = LiveBar(start, opened, high, low, close, volume, complete, MarketDataType.DELAYED)
    typed = pb.LiveBar(
        symbol="BHP.ASX",
        interval=pb.LiveBarInterval.ValueType(interval),
        start_time=to_timestamp(start),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        complete=complete,
        source="ib",
        market_data_type=pb.MARKET_DATA_TYPE_DELAYED,
    )
    written = codec.bar_response(sequence, codec.bar_bytes("BHP.ASX", "ib", interval, bar)).SerializeToString()
    assert written == pb.StreamLiveBarsResponse(sequence=sequence, bar=typed).SerializeToString()


def test_what_is_not_known_is_absent_and_zero_is_not() -> None:
    data = codec.quote_bytes("AAPL.NASDAQ", "ib", Quote(NOW, bid=0.0))
    quote = pb.StreamQuotesResponse.FromString(codec.quote_response(1, data, 0).SerializeToString()).quote
    assert quote.HasField("bid")
    assert not any(quote.HasField(name) for name in PARTS if name != "bid")  # type: ignore[arg-type]  # wants literals


def test_a_feed_tells_its_state_and_why() -> None:
    feed = codec.to_feed("AAPL.NASDAQ", FeedStatus(FeedState.REFUSED, 354, "not subscribed"))
    assert feed == pb.FeedStatus(symbol="AAPL.NASDAQ", state=pb.FEED_STATE_REFUSED, code=354, message="not subscribed")


@pytest.mark.parametrize("start", [None, NOW - timedelta(seconds=9)])
def test_a_gap_has_a_start_only_when_there_were_prices_before(start: datetime | None) -> None:
    gap = codec.to_gap("AAPL.NASDAQ", FeedGap(start, NOW, "1101"))
    assert gap.HasField("start_time") == (start is not None)
    assert (gap.end_time.ToDatetime(UTC), gap.reason) == (NOW, "1101")


def test_every_length_is_the_contracts_and_none_means_five_seconds() -> None:
    numbers = [number for number in pb.LiveBarInterval.values() if number]
    assert [codec.from_interval(number) for number in numbers] == list(LiveInterval)
    assert codec.from_interval(pb.LIVE_BAR_INTERVAL_UNSPECIFIED) is LiveInterval.SECONDS_5
