"""Whether exchanges are open by the broker's clock, which in a replay is another than ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.ports.broker import BrokerConnection
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock

_REACH: Final = timedelta(days=14)  # no exchange was closed for longer in living memory
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """`last_close`, `close_before`: of the two newest sessions that are over, by our clock; None where not known."""

    is_open: bool
    last_close: datetime | None = None
    close_before: datetime | None = None


class Hours:
    """Asked of each exchange once a minute: sessions begin and end on the minute.

    An exchange without a calendar counts as open: what it would do with an order only the broker can tell. Load the
    calendars first: the first question of an exchange would hold everybody for a second.
    """

    def __init__(self, calendar: SessionCalendar, connection: BrokerConnection, clock: Clock) -> None:
        self._calendar, self._connection, self._clock = calendar, connection, clock
        self._standings: dict[str, Standing] = {}
        self._minute = -1

    def broker_now(self) -> datetime:
        """The instant by the broker's clock."""
        return self._clock.now() + self._connection.status.clock_skew

    def ours(self, instant: datetime) -> datetime:
        """The instant that the broker's clock calls so, by ours."""
        return instant - self._connection.status.clock_skew

    def minute(self) -> int:
        """Which minute it is there, counted from any: what is asked within one is answered alike."""
        minute = int(self.broker_now().timestamp()) // 60
        if minute != self._minute:
            self._minute = minute
            self._standings.clear()
        return minute

    def of(self, instrument: str) -> Standing:
        """How the instrument's exchange stands."""
        self.minute()
        exchange = exchange_of(instrument)
        standing = self._standings.get(exchange)
        if standing is None:
            standing = self._standings[exchange] = self._asked(exchange)
        return standing

    def _asked(self, exchange: str) -> Standing:
        now = self.broker_now()
        try:
            hours = self._calendar.hours(exchange, (now - _REACH).date(), (now + timedelta(days=1)).date())
        except InvalidInput:
            return Standing(is_open=True)
        now_ns = int(now.timestamp()) * 1_000_000_000
        is_open = bool(np.any((hours.open_ns <= now_ns) & (now_ns < hours.close_ns)))
        over = [self.ours(_instant(int(close_ns))) for close_ns in hours.close_ns[hours.close_ns <= now_ns][-2:]]
        return Standing(is_open, *reversed(over))


def exchange_of(instrument: str) -> str:
    """The primary exchange in a reference such as `BHP.ASX.AUD`."""
    return instrument.rsplit(".", 2)[-2]


def _instant(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)
