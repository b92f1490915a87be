"""Sessions of exchanges from `exchange_calendars`, loaded once each and kept as arrays.

The library brings pandas, whose import takes about a second: it is imported at first use, and `warm` lets a starting
service do so in a thread while it already answers.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import DayArray, to_day
from scizor.ports.calendar import SessionHours
from scizor.ports.clock import Clock

_FIRST_DAY = date(1900, 1, 1)
_DAYS_AHEAD = 366
_DAYS_AHEAD_AT_LEAST = 31
_US = ("NASDAQ", "NYSE", "ARCA", "BATS", "AMEX")
_CODES = {**dict.fromkeys(_US, "XNYS"), "ASX": "XASX"}


@dataclass(frozen=True, slots=True)
class _Calendar:
    """What is kept of one."""

    hours: SessionHours
    time_zone: str


class ExchangeSessions:
    """Sessions from 1900 to a year from now. Safe in any thread; the first use of an exchange takes a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._loaded: dict[str, _Calendar] = {}

    def code(self, exchange: str) -> str:
        """The calendar's ISO 10383 market code. Raises InvalidInput for an exchange without a calendar."""
        if exchange not in _CODES:
            known = ", ".join(sorted(_CODES))
            raise InvalidInput.of_field(
                "primary_exchange", f"has no calendar of sessions: {exchange}; known are {known}"
            )
        return _CODES[exchange]

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        """Session dates from `start` to `end`, both included, ascending, shape (n,)."""
        return self.hours(exchange, start, end).days

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        """The regular sessions of those dates, early closes included; raises as `code`."""
        held = self._held(self.code(exchange)).hours
        first, last = np.searchsorted(held.days, [to_day(start), to_day(end) + 1])
        return SessionHours(held.days[first:last], held.open_ns[first:last], held.close_ns[first:last])

    def time_zone(self, exchange: str) -> str:
        """The exchange's zone, IANA; raises as `code`."""
        return self._held(self.code(exchange)).time_zone

    def warm(self) -> None:
        """Load every known calendar."""
        for code in sorted(set(_CODES.values())):
            self._held(code)

    def _held(self, code: str) -> _Calendar:
        with self._lock:
            held = self._loaded.get(code)
            if held is None or held.hours.days[-1] < to_day(self._clock.now().date()) + _DAYS_AHEAD_AT_LEAST:
                held = self._loaded[code] = self._load(code)
            return held

    def _load(self, code: str) -> _Calendar:
        import exchange_calendars  # noqa: PLC0415 - see the module's docstring

        end = self._clock.now().date() + timedelta(days=_DAYS_AHEAD)
        with warnings.catch_warnings():
            # It still uses what pandas 4 will change; nothing here depends on that.
            warnings.simplefilter("ignore", DeprecationWarning)
            calendar = exchange_calendars.get_calendar(code, start=_FIRST_DAY.isoformat(), end=end.isoformat())
        days: DayArray = calendar.sessions.to_numpy().astype("datetime64[D]").astype(np.int32)
        hours = SessionHours(days, calendar.opens_nanos.copy(), calendar.closes_nanos.copy())
        for column in (hours.days, hours.open_ns, hours.close_ns):
            column.setflags(write=False)
        return _Calendar(hours, calendar.tz.key)
