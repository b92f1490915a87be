"""The feeds that are open, and who reads them.

A feed is opened for its first reader and closed a little after its last has left. A slow reader slows nobody: a tick
costs each reader an entry in a dict, and what it does not read in time is overtaken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from scizor.domain.broker import BrokerContract
from scizor.domain.errors import LimitExceeded, Reason, Unavailable
from scizor.domain.live import FeedStatus, LiveInterval
from scizor.ports.broker import BrokerConnection, QuoteSource
from scizor.ports.clock import Clock
from scizor.services.marketdata.live.channel import Channel
from scizor.services.marketdata.live.mailbox import Mailbox
from scizor.services.marketdata.live.news import Line, News, Topic
from scizor.services.marketdata.live.settings import LiveSettings


class LiveHub:
    """Shares the broker's feeds among the streams of this process."""

    def __init__(
        self, quotes: QuoteSource, connection: BrokerConnection, clock: Clock, settings: LiveSettings | None = None
    ) -> None:
        self._quotes, self._connection, self._clock = quotes, connection, clock
        self._settings = settings or LiveSettings()
        self._channels: dict[Topic, Channel] = {}
        self._lingering: dict[Topic, asyncio.TimerHandle] = {}
        self._mailboxes: set[Mailbox] = set()
        self._draining = False

    @property
    def streams(self) -> int:
        """How many read."""
        return len(self._mailboxes)

    @property
    def feeds(self) -> int:
        """How many feeds of the broker are open."""
        return sum(not channel.is_refused for channel in self._channels.values())

    @property
    def heard(self) -> datetime | None:
        """When the newest price of an open feed came, if one did."""
        return max((channel.heard for channel in self._channels.values() if channel.heard), default=None)

    @contextmanager
    def subscribe(self, lines: Sequence[Line], interval: LiveInterval | None = None) -> Iterator[Mailbox]:
        """Read these lines, each named once, until the block ends: quotes, or bars when `interval` is given.

        Each line's state comes first, then what is known of each, then what happens. Raises LimitExceeded(QUEUE_FULL)
        and, once drained, Unavailable(SHUTTING_DOWN).
        """
        self._demand_room(lines, interval)
        mailbox = Mailbox(self._settings.max_unread, self._settings.heartbeat_s)
        self._mailboxes.add(mailbox)
        joined: list[Channel] = []
        try:
            for line in lines:
                if isinstance(line.contract, FeedStatus):
                    mailbox.put(News(Topic(line.symbol, 0, interval), line.contract))
                else:
                    topic = Topic(line.symbol, line.contract.con_id, interval)
                    joined.append(self._channel(topic, line.contract))
                    joined[-1].add(mailbox)
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
            for channel in joined:
                self._leave(channel, mailbox)

    def drain(self) -> None:
        """End every stream once what it has unread is read, and take no more."""
        self._draining = True
        for mailbox in self._mailboxes:
            mailbox.close()

    async def close(self) -> None:
        """Drain, and give every feed back."""
        self.drain()
        for topic in list(self._channels):
            self._drop(topic)

    def _demand_room(self, lines: Sequence[Line], interval: LiveInterval | None) -> None:
        limits = self._settings
        if self._draining:
            raise Unavailable("the server is stopping: call again", Reason.SHUTTING_DOWN)
        if len(lines) > limits.max_symbols_per_stream:
            raise _full(limits.max_symbols_per_stream, "symbols may be read by one stream")
        if len(self._mailboxes) >= limits.max_streams:
            raise _full(limits.max_streams, "streams of live prices are open, the most there may be: retry later")
        wanted = {
            Topic(line.symbol, line.contract.con_id, interval)
            for line in lines
            if isinstance(line.contract, BrokerContract)
        }
        while self._feeds_with(wanted) > limits.max_feeds:
            unwanted = next((topic for topic in self._lingering if topic not in wanted), None)
            if unwanted is None:
                raise _full(limits.max_feeds, "feeds are what the broker gives, and others read them: ask for fewer")
            self._drop(unwanted)

    def _feeds_with(self, wanted: set[Topic]) -> int:
        """How many feeds there would be."""
        return len(wanted | {topic for topic, channel in self._channels.items() if not channel.is_refused})

    def _channel(self, topic: Topic, contract: BrokerContract) -> Channel:
        """The topic's channel, anew where the broker had refused it."""
        timer = self._lingering.pop(topic, None)
        if timer is not None:
            timer.cancel()
        channel = self._channels.get(topic)
        if channel is not None and not channel.is_refused:
            return channel
        if channel is not None:
            channel.close()
        channel = Channel(topic, contract, self._connection, self._clock)
        channel.open(self._quotes)
        self._channels[topic] = channel
        return channel

    def _leave(self, channel: Channel, mailbox: Mailbox) -> None:
        del channel.readers[mailbox]
        if not channel.readers and self._channels.get(channel.topic) is channel:
            loop = asyncio.get_running_loop()
            self._lingering[channel.topic] = loop.call_later(self._settings.linger_s, self._drop, channel.topic)

    def _drop(self, topic: Topic) -> None:
        self._channels.pop(topic).close()
        timer = self._lingering.pop(topic, None)
        if timer is not None:
            timer.cancel()


def _full(limit: int, what: str) -> LimitExceeded:
    return LimitExceeded(f"{limit} {what}", Reason.QUEUE_FULL, metadata={"limit": str(limit)})
