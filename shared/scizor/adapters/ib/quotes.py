"""Live prices: the feeds that are open, each subscribed anew at every session."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.feeds import FeedContext, Listener, LiveFeed
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.live_bars import FiveSecondFeed, FormingBarFeed
from scizor.adapters.ib.messages import DataType, Message, Tick
from scizor.adapters.ib.session import Send, Session
from scizor.adapters.ib.settings import IbSettings
from scizor.adapters.ib.translate import wire_contract
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import BrokerContract
from scizor.domain.live import LiveInterval, MarketDataType, Quote

_LARGEST = 1e300
_GATHER_S = 0.05
_DELAYED_FROM = 66
_PRICES = {1: "bid", 2: "ask", 4: "last", 6: "high", 7: "low", 9: "previous_close", 14: "open"}
_PRICES |= {66: "bid", 67: "ask", 68: "last", 72: "high", 73: "low", 75: "previous_close", 76: "open"}
_SIZES = {0: "bid_size", 3: "ask_size", 5: "last_size", 8: "volume"}
_SIZES |= {69: "bid_size", 70: "ask_size", 71: "last_size", 74: "volume"}
_WHEN_DELAYED = {MarketDataType.LIVE: MarketDataType.DELAYED, MarketDataType.FROZEN: MarketDataType.DELAYED_FROZEN}
_WHEN_LIVE = {delayed: live for live, delayed in _WHEN_DELAYED.items()}


class IbQuotes:
    """Holds the open feeds and follows the connection."""

    def __init__(self, connection: IbConnection, lane: HistoryLane, settings: IbSettings) -> None:
        self._connection = connection
        self._feeds: dict[LiveFeed, None] = {}
        self._context = FeedContext(connection, lane, settings, self._remove)
        connection.listen(self)

    def open_quotes(self, contract: BrokerContract, listener: Listener) -> LiveFeed:
        """Quotes: each event holds all that is known by then."""
        return self._add(QuoteFeed(contract, listener, self._context))

    def open_bars(self, contract: BrokerContract, interval: LiveInterval, listener: Listener) -> LiveFeed:
        """Bars as they form; those of five seconds come when they are over."""
        if interval is LiveInterval.SECONDS_5:
            return self._add(FiveSecondFeed(contract, listener, self._context))
        return self._add(FormingBarFeed(contract, listener, self._context, interval))

    def session_opened(self, session: Session) -> None:
        """Everything is subscribed anew."""
        for feed in list(self._feeds):
            feed.open(session)

    def session_interrupted(self, reason: str) -> None:
        """All feeds tell it."""
        for feed in list(self._feeds):
            feed.interrupt(reason)

    def close(self) -> None:
        """Close what is open."""
        for feed in list(self._feeds):
            feed.close()

    def _add(self, feed: LiveFeed) -> LiveFeed:
        self._feeds[feed] = None
        session = self._connection.usable
        if session:
            feed.open(session)
        return feed

    def _remove(self, feed: LiveFeed) -> None:
        self._feeds.pop(feed, None)


class QuoteFeed(LiveFeed):
    """Ticks gathered into quotes: what came in together is told as one."""

    def __init__(self, contract: BrokerContract, listener: Listener, context: FeedContext) -> None:
        super().__init__(contract, listener, context)
        self._known: dict[str, Any] = {}
        self._type = MarketDataType.UNKNOWN
        self._news = self._gathered = False
        self._gathering: asyncio.TimerHandle | None = None

    async def subscribe(self, session: Session) -> None:
        """From nothing: what was known before belongs to another time."""
        self._known, self._type = {}, MarketDataType.UNKNOWN
        wanted = wire_contract(self.contract)
        self.request(session, lambda client, req_id: client.reqMktData(req_id, wanted, "", False, False, []))
        self.expect_data()

    def cancel(self) -> Send:
        """By its own message."""
        return WireClient.cancelMktData

    def told(self, message: Message) -> None:
        """A tick, or how fresh those that follow are."""
        if isinstance(message, DataType):
            self._type = MarketDataType(message.number) if 1 <= message.number <= 4 else MarketDataType.UNKNOWN
        elif isinstance(message, Tick):
            self._take(message)

    def settled(self) -> None:
        """One quote of all that came in together; the first waits for the rest of the market as it is."""
        if not self._news:
            return
        if self._gathered:
            self._tell_news()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHER_S, self._tell_first)

    def ended(self) -> None:
        """What was gathered belongs to another time."""
        if self._gathering:
            self._gathering.cancel()
        self._gathering, self._gathered, self._news = None, False, False

    def _tell_first(self) -> None:
        self._gathering, self._gathered = None, True
        self._tell_news()

    def _tell_news(self) -> None:
        self._news = False
        self.tell(replace(Quote(self.receive_time, self._type), **self._known))

    def _take(self, tick: Tick) -> None:
        if tick.kind in _PRICES:
            # -1 says that there is no such price; shares have no others below or at zero.
            self._known[_PRICES[tick.kind]] = tick.value if 0 < tick.value < _LARGEST else None
        elif tick.kind in _SIZES:
            self._known[_SIZES[tick.kind]] = tick.value if 0 <= tick.value < _LARGEST else None
        else:
            self.heard()
            return
        self._news = True
        if tick.kind >= _DELAYED_FROM:
            self._type = _WHEN_DELAYED.get(self._type, self._type or MarketDataType.DELAYED)
        else:
            self._type = _WHEN_LIVE.get(self._type, self._type or MarketDataType.LIVE)
