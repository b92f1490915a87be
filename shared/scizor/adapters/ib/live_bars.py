"""Bars as they form: of five seconds by real-time bars, longer ones by history that is kept up to date."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from scizor.adapters.ib.bars import live_volume
from scizor.adapters.ib.feeds import FeedContext, Listener, LiveFeed
from scizor.adapters.ib.history import EPOCH_SECONDS, NO_OPTIONS, REGULAR_HOURS, WHAT
from scizor.adapters.ib.messages import HISTORY_FIELDS, FiveSeconds, History, HistoryUpdate, Message
from scizor.adapters.ib.pacing import Ticket
from scizor.adapters.ib.session import Send, Session
from scizor.adapters.ib.translate import instant, wire_contract
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.live import LiveBar, LiveInterval

_DAY = "1 D"
_SIZES = {
    LiveInterval.MINUTE_1: "1 min",
    LiveInterval.MINUTE_5: "5 mins",
    LiveInterval.MINUTE_15: "15 mins",
    LiveInterval.MINUTE_30: "30 mins",
    LiveInterval.HOUR_1: "1 hour",
}


class FiveSecondFeed(LiveFeed):
    """Each bar comes once, when it is over. Real-time bars are paced as bars shorter than a minute are."""

    async def subscribe(self, session: Session) -> None:
        """When its turn has come."""
        contract, wanted = self.contract, wire_contract(self.contract)
        line = (contract.con_id, contract.exchange, WHAT)
        async with self.context.lane.turn(Ticket((contract.con_id, "five seconds"), line, small=True)):
            self.request(
                session,
                lambda client, req_id: client.reqRealTimeBars(req_id, wanted, 5, WHAT, bool(REGULAR_HOURS), NO_OPTIONS),
            )

    def cancel(self) -> Send:
        """By its own message."""
        return WireClient.cancelRealTimeBars

    def told(self, message: Message) -> None:
        """Bars."""
        if isinstance(message, FiveSeconds):
            start = datetime.fromtimestamp(message.start_s, UTC)
            prices = (message.open, message.high, message.low, message.close)
            self.tell(LiveBar(start, *prices, live_volume(message.volume), complete=True))


class FormingBarFeed(LiveFeed):
    """The newest bar again and again; it is told complete when the next one begins.

    After an interruption the bars that have ended meanwhile are told first.
    """

    def __init__(
        self, contract: BrokerContract, listener: Listener, context: FeedContext, interval: LiveInterval
    ) -> None:
        super().__init__(contract, listener, context)
        self._interval = interval
        self._newest: LiveBar | None = None
        self._first_answer: asyncio.Future[None] | None = None
        self._holds_place = False

    async def subscribe(self, session: Session) -> None:
        """When its turn has come."""
        contract, wanted, size = self.contract, wire_contract(self.contract), _SIZES[self._interval]

        def send(client: WireClient, req_id: int) -> None:
            client.reqHistoricalData(
                req_id, wanted, "", _DAY, size, WHAT, REGULAR_HOURS, EPOCH_SECONDS, True, NO_OPTIONS
            )

        ticket = Ticket((contract.con_id, "live", size), (contract.con_id, contract.exchange, WHAT))
        async with self.context.lane.turn(ticket):
            self._first_answer = asyncio.get_running_loop().create_future()
            self.request(session, send)
            try:
                async with asyncio.timeout(self.context.settings.history_s):
                    await self._first_answer
            except TimeoutError:
                raise SourceFailure(
                    FailureCategory.TIMEOUT, f"no bars within {self.context.settings.history_s:g} s"
                ) from None
            self.context.lane.open_stream()
            self._holds_place = True

    def cancel(self) -> Send:
        """By its own message."""
        return WireClient.cancelHistoricalData

    def ended(self) -> None:
        """Its place among the open requests is free."""
        if self._holds_place:
            self._holds_place = False
            self.context.lane.close_stream()

    def told(self, message: Message) -> None:
        """Bars."""
        if isinstance(message, History):
            starts = range(0, len(message.fields), HISTORY_FIELDS)
            self._take_history([_forming(message.fields[start : start + HISTORY_FIELDS]) for start in starts])
            if self._first_answer and not self._first_answer.done():
                self._first_answer.set_result(None)
        elif isinstance(message, HistoryUpdate):
            self._take(_forming(message.fields))

    def _take_history(self, bars: list[LiveBar]) -> None:
        """Only what follows the newest told is news; at the first answer that is the last bar."""
        seen = self._newest
        fresh = [bar for bar in bars if seen is None or bar.start_time >= seen.start_time]
        for bar in fresh if seen else fresh[-1:]:
            self._take(bar)

    def _take(self, bar: LiveBar) -> None:
        newest, self._newest = self._newest, bar
        if newest and newest.start_time < bar.start_time:
            self.tell(replace(newest, complete=True), bar)
        else:
            self.tell(bar)


def _forming(fields: Sequence[str]) -> LiveBar:
    opened, high, low, close = (float(price) for price in fields[1:5])
    return LiveBar(instant(fields[0]), opened, high, low, close, live_volume(fields[5]), complete=False)
