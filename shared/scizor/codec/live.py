"""Live prices on their way out, encoded once for all who read them.

A price's bytes are the same for every reader of it; what is a reader's own is the message's number and how many updates
were overtaken. On the wire a message field and a `bytes` field of the same number are the same thing, and messages that
are written one behind the other are read as one. So a response is a twin of the contract's, whose price is bytes.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor

from scizor.codec.times import to_timestamp
from scizor.domain.live import FeedGap, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.marketdata.v1 import live_pb2 as pb


def _twin(contract: Descriptor, price: str) -> Any:
    """The contract's message with nothing but its number and its price, the latter as bytes."""
    whole, twin = descriptor_pb2.DescriptorProto(), descriptor_pb2.DescriptorProto(name=contract.name)
    contract.CopyToProto(whole)
    for field in whole.field:
        if field.name in {"sequence", price}:
            field.ClearField("oneof_index")
            twin.field.append(field)
            if field.name == price:
                twin.field[-1].type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
                twin.field[-1].ClearField("type_name")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorProto(name="twin.proto", syntax="proto3", message_type=[twin]))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(twin.name))


_QuotesResponse = _twin(pb.StreamQuotesResponse.DESCRIPTOR, "quote")
_LiveBarsResponse = _twin(pb.StreamLiveBarsResponse.DESCRIPTOR, "bar")


def quote_bytes(symbol: str, source: str, quote: Quote) -> bytes:
    """The quote as all its readers are shown it."""
    return pb.Quote(
        symbol=symbol,
        receive_time=to_timestamp(quote.receive_time),
        market_data_type=pb.MarketDataType.ValueType(quote.market_data_type),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        last_size=quote.last_size,
        volume=quote.volume,
        open=quote.open,
        high=quote.high,
        low=quote.low,
        previous_close=quote.previous_close,
        source=source,
    ).SerializeToString()


def bar_bytes(symbol: str, source: str, interval: LiveInterval, bar: LiveBar) -> bytes:
    """The bar as all its readers are shown it."""
    return pb.LiveBar(
        symbol=symbol,
        interval=pb.LiveBarInterval.ValueType(interval),
        start_time=to_timestamp(bar.start_time),
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        complete=bar.complete,
        source=source,
        market_data_type=pb.MarketDataType.ValueType(bar.market_data_type),
    ).SerializeToString()


def quote_response(sequence: int, quote: bytes, conflated: int) -> Any:
    """`quote_bytes` to one reader, as the twin of StreamQuotesResponse."""
    own = pb.Quote(conflated=conflated).SerializeToString() if conflated else b""
    return _QuotesResponse(sequence=sequence, quote=quote + own)


def bar_response(sequence: int, bar: bytes) -> Any:
    """`bar_bytes` to one reader, as the twin of StreamLiveBarsResponse."""
    return _LiveBarsResponse(sequence=sequence, bar=bar)


def to_feed(symbol: str, status: FeedStatus) -> pb.FeedStatus:
    """Where a feed stands."""
    state = pb.FeedState.ValueType(status.state)
    return pb.FeedStatus(symbol=symbol, state=state, code=status.code, message=status.message)


def to_gap(symbol: str, gap: FeedGap) -> pb.FeedGap:
    """Where prices may be missing."""
    start_time = to_timestamp(gap.start_time) if gap.start_time else None
    return pb.FeedGap(symbol=symbol, start_time=start_time, end_time=to_timestamp(gap.end_time), reason=gap.reason)


def from_interval(interval: pb.LiveBarInterval.ValueType) -> LiveInterval:
    """The length asked for; five seconds when not said."""
    return LiveInterval(interval or LiveInterval.SECONDS_5)
