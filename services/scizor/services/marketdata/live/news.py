"""What goes from a feed to its readers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from scizor.domain.broker import BrokerContract
from scizor.domain.live import FeedEvent, FeedStatus, LiveBar, LiveInterval, Quote

_ANY_QUOTE: Final = "quote"


@dataclass(frozen=True, slots=True)
class Line:
    """A symbol, by its instrument's full id, and the contract its prices are of; or why there is none."""

    symbol: str
    contract: BrokerContract | FeedStatus


class Topic(NamedTuple):
    """What a feed is of. `interval` None: quotes. A tuple, as each tick looks it up for each reader."""

    symbol: str
    con_id: int
    interval: LiveInterval | None = None


class News:
    """One event of a topic, one object for all its readers.

    `overtakes`: unread news of the same topic that this one makes worthless have the same value; None: there are none.
    `lasts`: must be read, whatever comes after it. `encoded`: room for the wire's form, which the first reader fills.
    """

    __slots__ = ("encoded", "event", "lasts", "overtakes", "source", "topic")

    def __init__(self, topic: Topic, event: FeedEvent, source: str = "") -> None:
        self.topic, self.event, self.source = topic, event, source
        self.encoded: bytes | None = None
        self.overtakes: str | datetime | None = None
        if isinstance(event, Quote):
            self.overtakes, self.lasts = _ANY_QUOTE, False
        elif isinstance(event, LiveBar):
            self.overtakes, self.lasts = event.start_time, event.complete
        else:
            self.lasts = True
