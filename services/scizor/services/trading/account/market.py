"""The prices an account is valued and checked by, kept up to date as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from scizor.domain.live import FeedState, FeedStatus, Quote
from scizor.domain.trading.money import Rates
from scizor.domain.trading.question import Prices
from scizor.domain.trading.valuation import Mark
from scizor.ports.broker import BrokerConnection
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.live_prices import LivePrices
from scizor.ports.order_broker import BrokerAccount
from scizor.services.trading.account.hours import Hours
from scizor.services.trading.account.marking import mark_of

MOST_WANTED: Final = 100
"""Instruments with live prices at once: brokers give an account without extras this many."""
_NO_RATES: Final = Rates("")

Moved = Callable[[str], None]


class Market:
    """Of one account. A broker or a service that is away makes marks old and nothing else.

    Prices are wanted from when they are first asked for; beyond `MOST_WANTED` the one longest not asked for is let go.
    So whoever needs one goes on asking, as the appraiser does for what is held or may come to be.
    """

    def __init__(
        self,
        live: LivePrices,
        calendar: SessionCalendar,
        connection: BrokerConnection,
        clock: Clock,
    ) -> None:
        self.hours = Hours(calendar, connection, clock)
        self._clock = clock
        self._marks: dict[str, Mark] = {}
        self._shown: Mapping[str, Mark] = MappingProxyType(self._marks)
        self._wanted: dict[str, None] = {}
        self._scaled: dict[str, datetime] = {}
        self._first: dict[str, asyncio.Event] = {}
        self._listeners: list[Moved] = []
        self._figures: BrokerAccount | None = None
        self._rates = _NO_RATES
        self._closed: tuple[int, int, frozenset[str]] = (-1, -1, frozenset())
        self._changes = 0
        self._feed = live.open_quotes(self._heard)

    @property
    def figures(self) -> BrokerAccount | None:
        """What the broker said last that the account is worth; None before it has said anything."""
        return self._figures

    @property
    def rates(self) -> Rates:
        """Of exchange, by the broker; before it has told any, none is known, not even the base currency."""
        return self._rates

    def told(self, figures: BrokerAccount) -> None:
        """The broker told the account's figures."""
        self._figures = figures
        self._rates = Rates(figures.base_currency, MappingProxyType(dict(figures.rates)))

    def want(self, instruments: Iterable[str]) -> None:
        """Have their prices from now on."""
        new = False
        for one in instruments:
            new = new or one not in self._wanted
            self._wanted.pop(one, None)
            self._wanted[one] = None
        if new:
            self._let_go()
            self._changes += 1
            self._feed.want(self._wanted)

    async def priced(self, instrument: str, deadline_s: float) -> bool:
        """Have its price; whether there is one by then."""
        if instrument in self._marks:
            return True
        self.want([instrument])
        first = self._first.setdefault(instrument, asyncio.Event())
        try:
            async with asyncio.timeout(deadline_s):
                await first.wait()
        except TimeoutError:
            return False
        return instrument in self._marks

    def prices(self) -> Prices:
        """All that is known now. The marks go on changing: read them before anything else happens."""
        return Prices(self._shown, self._rates, self._closed_now())

    def rescaled(self, instrument: str, time: datetime) -> None:
        """Its shares were split then, by the broker's clock: what was paid before says nothing of a share of now."""
        ours = self.hours.ours(time)
        scaled = self._scaled[instrument] = max(ours, self._scaled.get(instrument, ours))
        mark = self._marks.get(instrument)
        if mark is not None and mark.time < scaled:
            del self._marks[instrument]

    def mark(self, instrument: str) -> Mark | None:
        """The instrument's."""
        return self._marks.get(instrument)

    def now(self) -> datetime:
        """The instant, as marks tell their times."""
        return self._clock.now()

    def listen(self, listener: Moved) -> Callable[[], None]:
        """Call it with every instrument whose mark changes; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Hear nothing more."""
        self._feed.close()

    def _heard(self, instrument: str, event: Quote | FeedStatus) -> None:
        if instrument not in self._wanted:
            return
        if isinstance(event, FeedStatus):
            if event.state is FeedState.REFUSED:
                self._wake(instrument)
            return
        mark = mark_of(event, self.hours.of(instrument))
        if mark is None or mark == self._marks.get(instrument):
            return
        scaled = self._scaled.get(instrument)
        if scaled is not None and mark.time < scaled:
            return
        self._marks[instrument] = mark
        self._wake(instrument)
        for listener in tuple(self._listeners):
            listener(instrument)

    def _wake(self, instrument: str) -> None:
        waiting = self._first.pop(instrument, None)
        if waiting is not None:
            waiting.set()

    def _let_go(self) -> None:
        while len(self._wanted) > MOST_WANTED:
            idle = next(iter(self._wanted))
            del self._wanted[idle]
            self._marks.pop(idle, None)
            self._wake(idle)

    def _closed_now(self) -> frozenset[str]:
        minute = self.hours.minute()
        if self._closed[:2] != (minute, self._changes):
            closed = frozenset(one for one in self._wanted if not self.hours.of(one).is_open)
            self._closed = (minute, self._changes, closed)
        return self._closed[2]
