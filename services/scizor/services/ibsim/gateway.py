"""The gateway: what all connections share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import structlog

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.broker.events import Event
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.hooks import Faults
from scizor.services.ibsim.limits import HistoryPacing, Limits, TickByTickPacing
from scizor.services.ibsim.market.api import ContractQuery, Listing, Market, MarketError
from scizor.services.ibsim.market.clock import ReplayClock
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.replies.session import NO_REQUEST, current_time

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

_ALL_IS_WELL = (2104, "Market data farm connection is OK:usfarm")
_log = structlog.get_logger("ibsim")


class DataAccess(Enum):
    """What the login has subscribed to for a contract."""

    LIVE = "live"
    DELAYED = "delayed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen. Bars go by the market's time, the rest by real time."""

    history_latency_s: float = 0.02
    quotes_s: float = 0.25
    matching_s: float = 0.25
    bars_s: float = 5.0


class Gateway:
    """One login at one market.

    `connections`: by client id, those that have started the API; `access`: by ticker, where it is not live.
    """

    def __init__(
        self,
        market: Market,
        broker: Broker,
        *,
        limits: Limits | None = None,
        pace: Pace | None = None,
        faults: Faults | None = None,
        access: Mapping[str, DataAccess] | None = None,
    ) -> None:
        self.market = market
        self.broker = broker
        self.limits = limits or Limits()
        self.pace = pace or Pace()
        self.faults = faults or Faults()
        self.pacing = HistoryPacing(self.limits)
        self.tick_pacing = TickByTickPacing(self.limits)
        self.connections: dict[int, Session] = {}
        self._access = access or {}

    def access(self, listing: Listing) -> DataAccess:
        """Which quotes the login may see of a contract."""
        return self._access.get(listing.symbol, DataAccess.LIVE)

    def find(self, query: ContractQuery) -> Sequence[Listing]:
        """Every contract that fits. Raises MarketError: 200, and 321 for a ticker without a type."""
        if not query.con_id and not query.sec_type:
            raise MarketError(321, "Error validating request.-'bE' : cause - Please enter a valid security type")
        return self.market.find(query)

    def resolve(self, query: ContractQuery) -> Listing:
        """The one contract a client means. Raises MarketError: 200, and 321 where none is spelled out."""
        if not query.exchange:
            raise MarketError(321, "Error validating request.-'bT' : cause - Please enter exchange")
        found = self.find(query)
        if len(found) > 1:
            raise MarketError(200, f"The contract description specified for {query.symbol} is ambiguous.")
        return found[0]

    def count(self, *kinds: Kind) -> int:
        """How many of these run on all connections."""
        return sum(session.streams.count(*kinds) for session in self.connections.values())

    def publish(self, events: Iterable[Event]) -> None:
        """Tell every connection what concerns it, unless faults say otherwise."""
        for event in events:
            for told in self.faults.on_event(event):
                self.tell(told)

    def tell(self, event: Event) -> None:
        """Tell every connection what concerns it."""
        for session in list(self.connections.values()):
            session.notify(event)

    def next_order_id(self, client_id: int) -> int:
        """The lowest id that this client may give an order."""
        return self.faults.next_order_id(self.broker.next_order_id(client_id))

    def jump(self, to: datetime) -> None:
        """Go on from a later instant, as if what lies between had passed: the market fills what it would have filled.

        Everyone is told the time, and that all is well: without a reason nobody looks at a clock again.
        """
        clock = self.market.clock
        if not isinstance(clock, ReplayClock):
            raise InvalidInput.of_field("do", "the time of a replay alone can jump")
        clock.jump(to)
        self.publish(self.broker.match())
        for session in list(self.connections.values()):
            session.push(current_time(clock.now()))
        self.broadcast_error(*_ALL_IS_WELL)

    def broadcast_error(self, code: int, text: str) -> None:
        """A notice to everyone, such as 1100."""
        for session in list(self.connections.values()):
            session.error(NO_REQUEST, code, text)

    def hang_up(self) -> None:
        """End every connection, without a word."""
        for session in list(self.connections.values()):
            session.hang_up()

    async def dismiss(self) -> None:
        """End every connection when it has been told what waits."""
        await asyncio.gather(*(session.dismiss() for session in self.connections.values()))

    async def run_matching(self) -> None:
        """Let the market fill orders, for as long as this runs."""
        while True:
            await asyncio.sleep(self.pace.matching_s)
            try:
                self.publish(self.broker.match())
            except Exception as error:  # noqa: BLE001 - a full disk must not end the fills for good
                _log.error("matching_failed", exc_info=error)
