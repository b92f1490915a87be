"""Which sessions an exchange held or will hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt

from scizor.domain.sessions import DayArray

FIRST_SESSION = date(1900, 1, 1)
"""Calendars tell nothing of what was before."""


@dataclass(frozen=True, slots=True)
class SessionHours:
    """Regular sessions: `days` as dates, and when each opens and closes, nanoseconds UTC. Shapes (n,)."""

    days: DayArray
    open_ns: npt.NDArray[np.int64]
    close_ns: npt.NDArray[np.int64]


class SessionCalendar(Protocol):
    """The sessions of exchanges, by the name instruments carry (`NASDAQ`, `ASX`)."""

    def code(self, exchange: str) -> str:
        """The calendar's ISO 10383 market code. Raises InvalidInput for an exchange without a calendar."""
        ...

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        """Session dates from `start` to `end`, both included, ascending, shape (n,); raises as `code`."""
        ...

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        """The regular sessions of those dates; raises as `code`."""
        ...

    def time_zone(self, exchange: str) -> str:
        """The exchange's zone, IANA; raises as `code`."""
        ...
