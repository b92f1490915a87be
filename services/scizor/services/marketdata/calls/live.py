"""Calls about live prices."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from scizor.codec import live as codec
from scizor.codec.times import to_timestamp
from scizor.domain.errors import Reason, Unavailable
from scizor.domain.live import FeedStatus, LiveBar, LiveInterval, Quote
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.rpc.errors import to_status
from scizor.services.marketdata.calls.base import Calls, Context
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import News
from scizor.type.v1 import stream_pb2

_Response = type[pb.StreamQuotesResponse] | type[pb.StreamLiveBarsResponse]


class LiveCalls(Calls):
    """Streams that end when their caller leaves or the server stops. A failure on the way is told in band too."""

    def StreamQuotes(self, request: pb.StreamQuotesRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Quotes, as packed twins of StreamQuotesResponse."""
        return self._stream(pb.StreamQuotesResponse, request.symbols, None)

    def StreamLiveBars(self, request: pb.StreamLiveBarsRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Bars as they form, as packed twins of StreamLiveBarsResponse."""
        return self._stream(pb.StreamLiveBarsResponse, request.symbols, codec.from_interval(request.interval))

    async def _stream(
        self, response: _Response, symbols: Sequence[str], interval: LiveInterval | None
    ) -> AsyncGenerator[Any, None]:
        sequence = told = 0
        try:
            async with self._reading(symbols, interval) as mailbox:
                async for news in mailbox:
                    sequence += 1
                    if news is None:
                        beat = stream_pb2.Heartbeat(time=to_timestamp(self._do.clock.now()))
                        yield response(sequence=sequence, heartbeat=beat)
                    else:
                        told += 1
                        yield _message(response, sequence, news, mailbox)
        except Exception as error:
            if sequence:
                yield response(sequence=sequence + 1, status=to_status(error))
            raise
        yield response(sequence=sequence + 1, end=stream_pb2.StreamEnd(message_count=told))

    def _reading(self, symbols: Sequence[str], interval: LiveInterval | None) -> AbstractAsyncContextManager[Mailbox]:
        if self._do.live is None:
            raise Unavailable("there is no broker to take live prices from", Reason.BROKER_UNAVAILABLE)
        return self._do.live.reading(symbols, interval)


def _message(response: _Response, sequence: int, news: News, mailbox: Mailbox) -> Any:
    event, symbol = news.event, news.topic.symbol
    if isinstance(event, Quote):
        if news.encoded is None:
            news.encoded = codec.quote_bytes(symbol, news.source, event)
        return codec.quote_response(sequence, news.encoded, mailbox.overtaken(news.topic))
    if isinstance(event, LiveBar):
        if news.encoded is None:
            news.encoded = codec.bar_bytes(symbol, news.source, news.topic.interval or LiveInterval.SECONDS_5, event)
        return codec.bar_response(sequence, news.encoded)
    if isinstance(event, FeedStatus):
        return response(sequence=sequence, feed=codec.to_feed(symbol, event))
    return response(sequence=sequence, gap=codec.to_gap(symbol, event))
