"""Live prices on their way in: what a MarketData stream brings, as the domain knows it."""

from __future__ import annotations

from scizor.codec.times import from_timestamp
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveBar, MarketDataType, Quote
from scizor.marketdata.v1 import live_pb2 as pb

LiveMessage = pb.Quote | pb.LiveBar | pb.FeedStatus | pb.FeedGap


def from_live(message: LiveMessage) -> tuple[str, FeedEvent]:
    """The instrument's full id, and what is told of it. A state this build does not know counts as PENDING."""
    match message:
        case pb.Quote():
            return message.symbol, _quote(message)
        case pb.LiveBar():
            return message.symbol, _bar(message)
        case pb.FeedStatus():
            return message.symbol, FeedStatus(_state(message.state), message.code, message.message)
        case pb.FeedGap():
            start = from_timestamp(message.start_time) if message.HasField("start_time") else None
            return message.symbol, FeedGap(start, from_timestamp(message.end_time), message.reason)


def _quote(message: pb.Quote) -> Quote:
    return Quote(
        receive_time=from_timestamp(message.receive_time),
        market_data_type=_type(message.market_data_type),
        bid=message.bid if message.HasField("bid") else None,
        ask=message.ask if message.HasField("ask") else None,
        last=message.last if message.HasField("last") else None,
        bid_size=message.bid_size if message.HasField("bid_size") else None,
        ask_size=message.ask_size if message.HasField("ask_size") else None,
        last_size=message.last_size if message.HasField("last_size") else None,
        volume=message.volume if message.HasField("volume") else None,
        open=message.open if message.HasField("open") else None,
        high=message.high if message.HasField("high") else None,
        low=message.low if message.HasField("low") else None,
        previous_close=message.previous_close if message.HasField("previous_close") else None,
    )


def _bar(message: pb.LiveBar) -> LiveBar:
    return LiveBar(
        from_timestamp(message.start_time),
        message.open,
        message.high,
        message.low,
        message.close,
        message.volume,
        message.complete,
        _type(message.market_data_type),
    )


def _state(number: int) -> FeedState:
    return FeedState(number) if number in set(FeedState) else FeedState.PENDING


def _type(number: int) -> MarketDataType:
    return MarketDataType(number) if number in set(MarketDataType) else MarketDataType.UNKNOWN
