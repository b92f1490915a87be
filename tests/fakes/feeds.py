"""Live prices pushed by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from scizor.domain.broker import BrokerContract
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveInterval
from scizor.ports.clock import Clock


class FakeFeed:
    def __init__(
        self,
        source: FakeQuotes,
        contract: BrokerContract,
        interval: LiveInterval | None,
        listener: Callable[[FeedEvent], None],
    ) -> None:
        self.contract, self.interval = contract, interval
        self._source, self._listener = source, listener
        self._state = FeedState.PENDING
        self._lost: str | None = None
        self._last: datetime | None = None

    def tell(self, event: FeedEvent) -> None:
        if self._state is FeedState.REFUSED:
            return
        if isinstance(event, FeedStatus):
            self._state = event.state
            self._lost = event.message if event.state is FeedState.INTERRUPTED else self._lost
        elif not isinstance(event, FeedGap):
            self._activate()
        self._listener(event)

    def _activate(self) -> None:
        now = self._source.now()
        if self._lost is not None:
            self._listener(FeedGap(self._last, now, self._lost))
            self._lost = None
        if self._state is not FeedState.ACTIVE:
            self._state = FeedState.ACTIVE
            self._listener(FeedStatus(FeedState.ACTIVE))
        self._last = now

    def close(self) -> None:
        self._source.feeds = [feed for feed in self._source.feeds if feed is not self]


class FakeQuotes:
    """`feeds`: those open now; `opened`: how many were ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.feeds: list[FakeFeed] = []
        self.opened = 0
        self._refused: dict[int, FeedStatus] = {}

    def now(self) -> datetime:
        return self._clock.now()

    def open_quotes(self, contract: BrokerContract, listener: Callable[[FeedEvent], None]) -> FakeFeed:
        return self._open(contract, None, listener)

    def open_bars(
        self, contract: BrokerContract, interval: LiveInterval, listener: Callable[[FeedEvent], None]
    ) -> FakeFeed:
        return self._open(contract, interval, listener)

    def push(self, contract: BrokerContract, event: FeedEvent, interval: LiveInterval | None = None) -> None:
        for feed in list(self.feeds):
            if (feed.contract.con_id, feed.interval) == (contract.con_id, interval):
                feed.tell(event)

    def refuse(self, contract: BrokerContract, status: FeedStatus) -> None:
        self._refused[contract.con_id] = status
        for feed in list(self.feeds):
            if feed.contract.con_id == contract.con_id:
                feed.tell(status)

    def interrupt(self, message: str) -> None:
        for feed in list(self.feeds):
            feed.tell(FeedStatus(FeedState.INTERRUPTED, message=message))

    def _open(
        self, contract: BrokerContract, interval: LiveInterval | None, listener: Callable[[FeedEvent], None]
    ) -> FakeFeed:
        feed = FakeFeed(self, contract, interval, listener)
        self.feeds.append(feed)
        self.opened += 1
        feed.tell(FeedStatus(FeedState.PENDING))
        if contract.con_id in self._refused:
            feed.tell(self._refused[contract.con_id])
        return feed
