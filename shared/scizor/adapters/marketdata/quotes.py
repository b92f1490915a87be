"""Quotes of a set of instruments that changes, over as many streams as it takes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from scizor.adapters.marketdata.following import Following, Open, Pauses
from scizor.adapters.marketdata.parts import parted
from scizor.domain.live import FeedEvent, FeedState, FeedStatus, Quote
from scizor.ports.live_prices import QuoteListener


class MarketDataQuotes:
    """`ports.live_prices.QuoteFeed`. A change opens anew only the streams it touches; the service shows the newest."""

    def __init__(
        self, open_stream: Open, listener: QuoteListener, pauses: Pauses, opened: Callable[[Following], None]
    ) -> None:
        self._open, self._listener, self._pauses, self._opened = open_stream, listener, pauses, opened
        self._streams: list[Following] = []

    def want(self, instruments: Collection[str]) -> None:
        """Quotes of these from now on, and of no others."""
        wanted = set(instruments)
        kept = [[one for one in stream.instruments if one in wanted] for stream in self._streams]
        parts = parted(sorted(wanted.difference(*kept)), kept)
        before = {stream.instruments: stream for stream in self._streams}
        for part, stream in before.items():
            if part not in parts:
                stream.close()
        self._streams = [before.get(part) or self._started(part) for part in parts]

    def close(self) -> None:
        """Nothing more is told."""
        self.want(())

    def _started(self, part: tuple[str, ...]) -> Following:
        stream = Following(part, self._open, self._hear, partial(self._lost, part), self._pauses)
        self._opened(stream)
        return stream

    def _hear(self, instrument: str, event: FeedEvent) -> None:
        if isinstance(event, Quote | FeedStatus):
            self._listener(instrument, event)

    def _lost(self, part: tuple[str, ...], why: str) -> None:
        for instrument in part:
            self._listener(instrument, FeedStatus(FeedState.INTERRUPTED, 0, why))
