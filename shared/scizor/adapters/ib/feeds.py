"""What every live feed does: it subscribes at each session, tells interruptions and gaps, and asks again when silent.

PENDING -> ACTIVE with the first data; INTERRUPTED from a loss until data come again, which tells a gap first; REFUSED
is the end. All times are when the message was received.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.errors import BUSTED
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.receivers import Receiver
from scizor.adapters.ib.session import Send, Session
from scizor.adapters.ib.settings import IbSettings
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.live import FeedEvent, FeedGap, FeedState, FeedStatus, LiveBar, Quote

Listener = Callable[[FeedEvent], None]


@dataclass(frozen=True, slots=True)
class FeedContext:
    """What all feeds share. `closed` is called with a feed when it is over for good."""

    connection: IbConnection
    lane: HistoryLane
    settings: IbSettings
    closed: Callable[[LiveFeed], None]


class LiveFeed(Receiver, ABC):
    """One open subscription. A subclass says how it is sent, and calls `tell` with what came."""

    def __init__(self, contract: BrokerContract, listener: Listener, context: FeedContext) -> None:
        self.contract, self.context = contract, context
        self._listener = listener
        self._state = FeedState.PENDING
        self._over = False
        self._session: Session | None = None
        self._req_id = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry_s = context.settings.quote_s
        self._lost: str | None = None
        self._last_time: datetime | None = None
        listener(FeedStatus(FeedState.PENDING))

    def open(self, session: Session) -> None:
        """Subscribe on this session, in place of any subscription there is."""
        self._end()
        if not self._over:
            self._task = asyncio.create_task(self._open(session))

    def interrupt(self, reason: str) -> None:
        """Nothing is expected until it is opened again, which ends what is left of the subscription."""
        self._stop_waiting()
        self._tell_lost(FeedStatus(FeedState.INTERRUPTED, message=reason))

    def close(self) -> None:
        """Nothing more is told."""
        self._over = True
        self._end()
        self.context.closed(self)

    def tell(self, *events: Quote | LiveBar) -> None:
        """Data came: the feed is active."""
        if self._over:
            return
        self.heard()
        if self._lost is not None:
            self._listener(FeedGap(self._last_time, self.receive_time, self._lost))
            self._lost = None
        if self._state is not FeedState.ACTIVE:
            self._state = FeedState.ACTIVE
            self._listener(FeedStatus(FeedState.ACTIVE))
        self._last_time = self.receive_time
        for event in events:
            self._listener(event)

    @property
    def receive_time(self) -> datetime:
        """When what is being told came in."""
        return self._session.receive_time if self._session else self.context.connection.status.since

    def heard(self) -> None:
        """The subscription is alive."""
        self._retry_s = self.context.settings.quote_s
        self._stop_timer()

    def failed(self, reason: SourceFailure) -> None:
        """The gateway ended the subscription: for good, or until it is asked again."""
        self._end()
        if reason.category is FailureCategory.PACING:
            self.context.lane.slow_down()
        if reason.code == BUSTED:
            self._again()
        elif reason.category.passes:
            self._tell_lost(FeedStatus(FeedState.INTERRUPTED, reason.code, reason.message))
            if reason.category is not FailureCategory.DISCONNECTED:
                self._again_later()
        else:
            self._over = True
            self._listener(FeedStatus(FeedState.REFUSED, reason.code, reason.message))

    @abstractmethod
    async def subscribe(self, session: Session) -> None:
        """Send the request by `request`, when its turn has come. Raises SourceFailure."""

    @abstractmethod
    def cancel(self) -> Send:
        """How the request is ended."""

    def request(self, session: Session, send: Send) -> None:
        """Send under a new id; answers come to this feed."""
        self._session = session
        self._req_id = session.subscribe(self, send)

    def expect_data(self) -> None:
        """Ask again if nothing comes for long: a subscription may be lost without a word."""
        self._again_later()

    def ended(self) -> None:
        """The subscription is over; a new one may follow."""

    async def _open(self, session: Session) -> None:
        try:
            await self.subscribe(session)
        except SourceFailure as failure:
            self.failed(failure)

    def _tell_lost(self, status: FeedStatus) -> None:
        if self._state is not FeedState.INTERRUPTED and not self._over:
            self._state, self._lost = FeedState.INTERRUPTED, status.message
            self._listener(status)

    def _again_later(self) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self._retry_s, self._again)
        self._retry_s = min(self._retry_s * 2, self.context.settings.retry_most_s)

    def _again(self) -> None:
        session = self.context.connection.usable
        if session:
            self.open(session)

    def _end(self) -> None:
        self._stop_waiting()
        if self._session and self._req_id:
            self._session.unsubscribe(self._req_id, self.cancel())
        self._req_id = 0
        self.ended()

    def _stop_waiting(self) -> None:
        self._stop_timer()
        if self._task and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = None

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
