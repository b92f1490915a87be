"""Bars that are over, each once and in order; what was missed is told as a gap."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from scizor.adapters.marketdata.following import Following, Open, Pauses
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.ports.live_prices import BarListener


class MarketDataBars:
    """`ports.broker.Feed` of live bars. The service tells of gaps behind itself, this one of those on the way here."""

    def __init__(
        self,
        parts: Collection[tuple[str, ...]],
        interval: LiveInterval,
        open_stream: Open,
        listener: BarListener,
        pauses: Pauses,
        opened: Callable[[Following], None],
    ) -> None:
        self._interval, self._listener = interval, listener
        self._ends: dict[str, datetime] = {}
        self._cut: dict[str, str] = {}
        self._streams = [Following(part, open_stream, self._hear, partial(self._lost, part), pauses) for part in parts]
        for stream in self._streams:
            opened(stream)

    def close(self) -> None:
        """Nothing more is told."""
        for stream in self._streams:
            stream.close()

    def _hear(self, instrument: str, event: FeedEvent) -> None:
        if isinstance(event, LiveBar):
            if event.complete:
                self._complete(instrument, event)
        elif not isinstance(event, Quote):
            self._listener(instrument, event)

    def _complete(self, instrument: str, bar: LiveBar) -> None:
        end = self._ends.get(instrument)
        if end is not None and bar.start_time < end:
            return
        why = self._cut.pop(instrument, None)
        if why is not None and bar.start_time != end:
            self._listener(instrument, FeedGap(end, bar.start_time, why))
        self._ends[instrument] = bar.start_time + self._interval.length
        self._listener(instrument, bar)

    def _lost(self, part: tuple[str, ...], why: str) -> None:
        for instrument in part:
            self._cut.setdefault(instrument, why)
            self._listener(instrument, FeedStatus(FeedState.INTERRUPTED, 0, why))
