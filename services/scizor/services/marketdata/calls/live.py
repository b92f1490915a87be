"""Calls about live prices."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from scizor.codec import live as codec
from scizor.domain.live import FeedStatus, LiveBar, LiveInterval, Quote
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.services.marketdata.calls.base import Calls, Context, Response
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import News


class LiveCalls(Calls):
    """Streams that end when their caller leaves or the server stops."""

    def StreamQuotes(self, request: pb.StreamQuotesRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Quotes, as packed twins of StreamQuotesResponse."""
        return self._stream(pb.StreamQuotesResponse, request.symbols, None)

    def StreamLiveBars(self, request: pb.StreamLiveBarsRequest, context: Context) -> AsyncGenerator[Any, None]:
        """Bars as they form, as packed twins of StreamLiveBarsResponse."""
        return self._stream(pb.StreamLiveBarsResponse, request.symbols, codec.from_interval(request.interval))

    async def _stream(
        self, response: Response, symbols: Sequence[str], interval: LiveInterval | None
    ) -> AsyncGenerator[Any, None]:
        async with (
            self._do.live.reading(symbols, interval) as mailbox,
            aclosing(self._numbered(response, mailbox, partial(_message, response, mailbox))) as messages,
        ):
            async for message in messages:
                yield message


def _message(response: Response, mailbox: Mailbox, sequence: int, news: News) -> Any:
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
