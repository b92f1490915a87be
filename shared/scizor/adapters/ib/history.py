"""Bars of the past: TRADES in regular hours, which are split-adjusted as of the answer."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from scizor.adapters.ib.bars import bars_of
from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.durations import BAR_SIZES, duration, end_of, span_days
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.messages import HeadTimestamp, History, Message
from scizor.adapters.ib.pacing import Ticket
from scizor.adapters.ib.receivers import Reply
from scizor.adapters.ib.session import Send
from scizor.adapters.ib.settings import IbSettings
from scizor.adapters.ib.translate import instant, wire_contract
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import BrokerContract, FailureCategory, SourceFailure
from scizor.domain.intervals import Interval
from scizor.ports.broker import HistoryAnswer, HistoryRequest
from scizor.ports.clock import Clock

WHAT = "TRADES"
REGULAR_HOURS = 1
EPOCH_SECONDS = 2
NO_OPTIONS: list[object] = []
T = TypeVar("T")


class IbHistory:
    """Every request waits for its turn; its deadline counts from there."""

    def __init__(self, connection: IbConnection, lane: HistoryLane, settings: IbSettings, clock: Clock) -> None:
        self._connection, self._lane, self._settings, self._clock = connection, lane, settings, clock

    @property
    def parallel(self) -> int:
        """How many requests are worth having under way at once."""
        return self._lane.parallel

    def span_days(self, interval: Interval) -> int:
        """The most calendar days one request may cover."""
        return span_days(interval)

    async def bars(self, request: HistoryRequest) -> HistoryAnswer:
        """One request's bars. Raises InvalidInput for too long a span, and SourceFailure."""
        contract, interval = request.contract, request.interval
        length = duration(interval, request.first, request.last)
        size = BAR_SIZES[interval].text
        wanted = wire_contract(contract)

        def send(client: WireClient, req_id: int) -> None:
            end = end_of(request.last, contract.time_zone, self._clock.now())
            client.reqHistoricalData(
                req_id, wanted, end, length, size, WHAT, REGULAR_HOURS, EPOCH_SECONDS, False, NO_OPTIONS
            )

        ticket = Ticket((contract.con_id, request.last, length, size), (contract.con_id, contract.exchange, WHAT))
        fields = await self._ask(ticket, _BarsReply, send, WireClient.cancelHistoricalData)
        received = self._clock.now() + self._connection.status.clock_skew
        bars, sources = bars_of(fields or (), contract, interval, request.first, request.last)
        scale_date = received.astimezone(ZoneInfo(contract.time_zone)).date()
        return HistoryAnswer(bars, sources, scale_date, received, requests=1)

    async def earliest(self, contract: BrokerContract) -> date | None:
        """The session of the head timestamp; None where there is none. Raises SourceFailure."""
        wanted = wire_contract(contract)

        def send(client: WireClient, req_id: int) -> None:
            client.reqHeadTimeStamp(req_id, wanted, WHAT, REGULAR_HOURS, EPOCH_SECONDS)

        ticket = Ticket((contract.con_id, "head"), (contract.con_id, contract.exchange, WHAT))
        # A head timestamp keeps its place among the open requests until it is cancelled.
        text = await self._ask(ticket, _HeadReply, send, WireClient.cancelHeadTimeStamp, always_cancel=True)
        return instant(text).astimezone(ZoneInfo(contract.time_zone)).date() if text else None

    async def _ask(
        self, ticket: Ticket, reply: Callable[[], Reply[T]], send: Send, cancel: Send, *, always_cancel: bool = False
    ) -> T | None:
        """The reply, or None where the source has no data. The lane learns how it went."""
        async with self._lane.turn(ticket):
            session = await self._connection.wait_ready(self._settings.ready_s)
            try:
                answer = await session.ask(reply(), send, self._settings.history_s, cancel, always_cancel=always_cancel)
            except SourceFailure as failure:
                if failure.category is FailureCategory.PACING:
                    self._lane.slow_down()
                if failure.category is not FailureCategory.NO_DATA:
                    raise
                answer = None
            self._lane.went_well()
            return answer


class _BarsReply(Reply[Sequence[str]]):
    def told(self, message: Message) -> None:
        if isinstance(message, History):
            self.succeed(message.fields)


class _HeadReply(Reply[str]):
    def told(self, message: Message) -> None:
        if isinstance(message, HeadTimestamp):
            self.succeed(message.text)
