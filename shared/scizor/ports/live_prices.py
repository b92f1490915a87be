"""Live prices as trading needs them, of instruments that it names by reference (`BHP.ASX.AUD`).

Nothing here raises: a source that is away makes prices old, and comes back by itself. Listeners are called in the event
loop, must not block and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from scizor.domain.live import FeedGap, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.ports.broker import Feed

QuoteListener = Callable[[str, Quote | FeedStatus], None]
"""Told the instrument and its newest market, or that its feed is refused or interrupted."""

BarListener = Callable[[str, LiveBar | FeedGap | FeedStatus], None]
"""Told the instrument and its complete bars, each once, oldest first; a gap before the bar behind it."""


class QuoteFeed(Feed, Protocol):
    """Quotes of a set of instruments that may change."""

    def want(self, instruments: Collection[str]) -> None:
        """Quotes of these from now on, and of no others."""
        ...


class LivePrices(Protocol):
    """Where live prices come from."""

    def open_quotes(self, listener: QuoteListener) -> QuoteFeed:
        """Quotes of nothing yet; of each the newest alone is told to a listener that is late."""
        ...

    def open_bars(self, instruments: Collection[str], interval: LiveInterval, listener: BarListener) -> Feed:
        """Bars that are over. What was missed while the source was away is told as a gap, never made up."""
        ...
