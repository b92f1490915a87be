"""MarketData's calls about what happens now, each as a value.

A live stream whose connection is lost raises and is not opened again by itself: only who reads it can tell what missing
prices mean. A `FeedGap` tells of interruptions behind the server.
"""

from __future__ import annotations

from collections.abc import Iterable

from scizor.client.calls import WATCH_DEADLINE_S, Call, Stream
from scizor.client.values import Session, session_text
from scizor.domain.errors import InvalidInput
from scizor.domain.live import LiveInterval
from scizor.marketdata.v1 import live_pb2
from scizor.marketdata.v1 import market_data_service_pb2 as pb

QuoteEvent = live_pb2.Quote | live_pb2.FeedStatus | live_pb2.FeedGap
LiveBarEvent = live_pb2.LiveBar | live_pb2.FeedStatus | live_pb2.FeedGap


def stream_quotes(symbols: Iterable[str]) -> Stream[live_pb2.StreamQuotesResponse, QuoteEvent]:
    """The newest market of symbols: a `Quote` of all that is known, then of all changes; `FeedStatus` and `FeedGap`.

    A slow reader is shown the newest: `conflated` counts the quotes it missed. Ends when the server stops.
    """
    request = live_pb2.StreamQuotesRequest(symbols=symbols)
    return Stream(
        request,
        live_pb2.StreamQuotesResponse,
        ("quote", "feed", "gap"),
        lambda event: event,
        deadline_s=WATCH_DEADLINE_S,
    )


def stream_live_bars(
    symbols: Iterable[str], *, interval: LiveInterval = LiveInterval.SECONDS_5
) -> Stream[live_pb2.StreamLiveBarsResponse, LiveBarEvent]:
    """Bars as they form: a `LiveBar` comes again until it is `complete`; `FeedStatus` and `FeedGap`.

    Ends when the server stops.
    """
    request = live_pb2.StreamLiveBarsRequest(symbols=symbols, interval=_live_interval(interval))
    return Stream(
        request,
        live_pb2.StreamLiveBarsResponse,
        ("bar", "feed", "gap"),
        lambda event: event,
        deadline_s=WATCH_DEADLINE_S,
    )


def get_market_hours(exchange: str, date: Session = None) -> Call[pb.GetMarketHoursResponse, pb.GetMarketHoursResponse]:
    """An exchange's regular sessions around a date, by default today, and whether one is under way now."""
    request = pb.GetMarketHoursRequest(exchange=exchange, date=session_text(date, "date"))
    return Call(request, pb.GetMarketHoursResponse, lambda answer: answer)


def _live_interval(interval: LiveInterval) -> live_pb2.LiveBarInterval.ValueType:
    if not isinstance(interval, LiveInterval):
        known = ", ".join(f"LiveInterval.{one.name}" for one in LiveInterval)
        raise InvalidInput.of_field("interval", f"must be one of {known}, not {interval!r}")
    return live_pb2.LiveBarInterval.ValueType(interval)
