"""Exchange sessions out of `exchange_calendars`."""

from scizor.adapters.calendar.sessions import ExchangeSessions

__all__ = ["ExchangeSessions"]
