"""What a run needs to know of exchanges' hours, heard here and told there: a locked process has no calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import DayArray
from scizor.ports.calendar import SessionCalendar, SessionHours
from scizor.services.backtest.strategies.columns import Array
from scizor.services.history.load import History
from scizor.services.history.market import times_of

_Asked = tuple[str, str, str]
_COLUMNS = ("days", "open_ns", "close_ns")


class Heard:
    """A calendar that keeps what it told. `codes`: empty where an exchange has none."""

    def __init__(self, calendar: SessionCalendar) -> None:
        self._calendar = calendar
        self.codes: dict[str, str] = {}
        self.spans: dict[_Asked, SessionHours] = {}

    def code(self, exchange: str) -> str:
        """As the calendar says."""
        self.codes[exchange] = ""
        self.codes[exchange] = self._calendar.code(exchange)
        return self.codes[exchange]

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        """As the calendar says."""
        found = self._calendar.hours(exchange, start, end)
        self.spans[exchange, str(start), str(end)] = found
        return found

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        """As the calendar says; no run asks for it."""
        return self._calendar.sessions(exchange, start, end)

    def time_zone(self, exchange: str) -> str:
        """As the calendar says; no run asks for it."""
        return self._calendar.time_zone(exchange)


class Timetable:
    """A calendar of what was heard; whatever else is asked has no answer, as for an exchange without a calendar."""

    def __init__(self, codes: Mapping[str, str], spans: Mapping[_Asked, SessionHours]) -> None:
        self._codes, self._spans = codes, spans

    def code(self, exchange: str) -> str:
        """The market code. Raises InvalidInput."""
        if not self._codes.get(exchange):
            raise _unknown(exchange)
        return self._codes[exchange]

    def hours(self, exchange: str, start: date, end: date) -> SessionHours:
        """The regular sessions of those dates. Raises InvalidInput."""
        found = self._spans.get((exchange, str(start), str(end)))
        if found is None:
            raise _unknown(exchange)
        return found

    def sessions(self, exchange: str, start: date, end: date) -> DayArray:
        """Raises InvalidInput: no run asks for it."""
        raise _unknown(exchange)

    def time_zone(self, exchange: str) -> str:
        """Raises InvalidInput: no run asks for it."""
        raise _unknown(exchange)


def timetable_for(history: History, calendar: SessionCalendar) -> Timetable:
    """What the calendar says to a run on this history. Blocks."""
    heard = Heard(calendar)
    times_of([one.series for one in history.symbols], heard)
    return Timetable(heard.codes, heard.spans)


def timetable_parts(history: History, calendar: SessionCalendar) -> tuple[dict[str, Any], dict[str, Array]]:
    """What the calendar says to a run on this history, as a document and arrays. Blocks."""
    heard = Heard(calendar)
    times_of([one.series for one in history.symbols], heard)
    arrays = {
        f"hours.{place}.{name}": getattr(span, name)
        for place, span in enumerate(heard.spans.values())
        for name in _COLUMNS
    }
    return {"codes": heard.codes, "spans": [list(asked) for asked in heard.spans]}, arrays


def timetable_of(document: Mapping[str, Any], arrays: Mapping[str, Array]) -> Timetable:
    """The calendar that was told of."""
    spans = {
        (exchange, start, end): SessionHours(*(arrays[f"hours.{place}.{name}"] for name in _COLUMNS))
        for place, (exchange, start, end) in enumerate(document["spans"])
    }
    return Timetable(document["codes"], spans)


def _unknown(exchange: str) -> InvalidInput:
    return InvalidInput.of_field("exchange", f"nothing is known of the hours of {exchange}")
