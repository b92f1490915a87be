"""One feed, what is known of it, and those who read it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from scizor.domain.broker import BrokerContract, ConnectionState
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus
from scizor.ports.broker import BrokerConnection, Feed, QuoteSource
from scizor.ports.clock import Clock
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import News, Topic

_UP: Final = (ConnectionState.READY, ConnectionState.DEGRADED)


class Channel:
    """Tells every reader what the feed tells. Late ones begin with the feed's state and its newest price.

    `heard`: when the newest price came, if one did.
    """

    def __init__(self, topic: Topic, contract: BrokerContract, connection: BrokerConnection, clock: Clock) -> None:
        self.topic = topic
        self.readers: dict[Mailbox, None] = {}
        self.heard: datetime | None = None
        self._connection = connection
        self._label = _SourceLabel(contract, clock)
        self._status = FeedStatus(FeedState.PENDING)
        self._newest: News | None = None
        self._contract = contract
        self._feed: Feed | None = None

    @property
    def is_refused(self) -> bool:
        """Whether nothing will come."""
        return self._status.state is FeedState.REFUSED

    def open(self, quotes: QuoteSource) -> None:
        """Begin to listen."""
        interval = self.topic.interval
        if interval is None:
            self._feed = quotes.open_quotes(self._contract, self._hear)
        else:
            self._feed = quotes.open_bars(self._contract, interval, self._hear)

    def close(self) -> None:
        """Give the feed back."""
        if self._feed is not None:
            self._feed.close()

    def add(self, reader: Mailbox) -> None:
        """Tell the reader how things stand, and from now on whatever comes."""
        reader.put(News(self.topic, self._status))
        if self._newest is not None:
            reader.put(self._newest)
        self.readers[reader] = None

    def _hear(self, event: FeedEvent) -> None:
        """The feed's listener."""
        if isinstance(event, FeedStatus):
            self._stand(event)
            return
        if self._status.state is not FeedState.ACTIVE and not isinstance(event, FeedGap):
            self._stand(FeedStatus(FeedState.ACTIVE))
        news = News(self.topic, event, self._label.now())
        if not isinstance(event, FeedGap):
            self._newest, self.heard = news, self._label.asked
        self._tell(news)

    def _stand(self, status: FeedStatus) -> None:
        """The feed's state, as far as it is news. One that waits for a connection that is away is interrupted."""
        connection = self._connection.status
        if status.state is FeedState.PENDING and connection.state not in _UP:
            status = FeedStatus(FeedState.INTERRUPTED, status.code, connection.message or "the broker is not connected")
        if status != self._status:
            self._status = status
            self._tell(News(self.topic, status))

    def _tell(self, news: News) -> None:
        for reader in self.readers:
            reader.put(news)


class _SourceLabel:
    """Where today's prices of a contract come from; what day it is, is asked in the contract's zone, once a day."""

    def __init__(self, contract: BrokerContract, clock: Clock) -> None:
        self._contract, self._clock = contract, clock
        self._zone = ZoneInfo(contract.time_zone)
        self._name, self._until = "", datetime.min.replace(tzinfo=UTC)
        self.asked = self._until

    def now(self) -> str:
        self.asked = now = self._clock.now()
        if now >= self._until:
            today = now.astimezone(self._zone).date()
            self._name = self._contract.source_of(today)
            self._until = datetime.combine(today + timedelta(days=1), time(), self._zone).astimezone(UTC)
        return self._name
