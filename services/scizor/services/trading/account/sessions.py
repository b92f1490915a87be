"""To which session an instant belongs, for an account as a whole."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from scizor.domain.sessions import from_day
from scizor.ports.calendar import SessionCalendar

_REACH: Final = timedelta(days=14)


class AccountSessions:
    """The sessions of one exchange, New York's unless said otherwise: that is where the broker keeps an account's day.

    A day there holds the whole American session with what is traded before and after it. A day without a session, such
    as a Sunday, whose evening is Monday morning in Sydney, belongs to the session after it. Load the calendar first.
    """

    def __init__(self, calendar: SessionCalendar, exchange: str = "NYSE") -> None:
        self._calendar, self._exchange = calendar, exchange
        self._zone: ZoneInfo | None = None
        self._known: dict[date, date] = {}

    def of(self, instant: datetime) -> date:
        """The session's date."""
        if self._zone is None:
            self._zone = ZoneInfo(self._calendar.time_zone(self._exchange))
        day = instant.astimezone(self._zone).date()
        session = self._known.get(day)
        if session is None:
            ahead = self._calendar.sessions(self._exchange, day, day + _REACH)
            session = from_day(int(ahead[0])) if len(ahead) else day
            self._known = {day: session}
        return session
