"""Which sessions an exchange held or will hold."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from scizor.domain.sessions import DayArray


class SessionCalendar(Protocol):
    """The sessions of exchanges, by the name instruments carry (`NASDAQ`, `ASX`)."""

    def code(self, exchange: str) -> str:
        """The calendar's ISO 10383 market code. Raises InvalidInput for an exchange without a calendar."""
        ...

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        """Session dates from `start` to `end`, both included, ascending, shape (n,)."""
        ...
