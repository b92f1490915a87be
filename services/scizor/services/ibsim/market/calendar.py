"""When exchanges are open: each calendar's sessions as arrays, with their opens and closes.

`exchange_calendars` brings pandas, whose import takes about a second: it is imported at first use, and `warm` lets a
starting process do so in a thread while it already answers.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from scizor.domain.sessions import DayArray, to_day

SecondArray = npt.NDArray[np.int64]

# All random series count sessions from here, so it never moves.
_FIRST_DAY = date(1990, 1, 1)
_DAYS_AHEAD_AT_LEAST = 31
# Two calendars, this year's and, for a clock that passes into it, the next one's.
_TABLES_KEPT = 4


@dataclass(frozen=True)
class ExchangeHours:
    """An exchange group's calendar code, zone, regular open (seconds after midnight) and length, and quoted hours."""

    code: str
    zone_id: str
    open_local_s: int
    length_s: int
    quoted_from: str
    quoted_to: str

    @cached_property
    def zone(self) -> ZoneInfo:
        """The exchange's own time."""
        return ZoneInfo(self.zone_id)


US = ExchangeHours("XNYS", "America/New_York", 34_200, 23_400, "0400", "2000")
ASX = ExchangeHours("XASX", "Australia/Sydney", 36_000, 21_600, "1000", "1600")
HOURS = {"NASDAQ": US, "NYSE": US, "ARCA": US, "BATS": US, "ASX": ASX}


@dataclass(frozen=True)
class SessionTable:
    """Every session of a calendar since 1990, ascending. `day`: since 1970-01-01; opens, closes: Unix seconds."""

    hours: ExchangeHours
    day: DayArray
    open_s: SecondArray
    close_s: SecondArray
    dates: list[date] = field(repr=False)
    opens: list[datetime] = field(repr=False)

    def local_date(self, instant_s: float) -> date:
        """The exchange's date at an instant."""
        return datetime.fromtimestamp(instant_s, self.hours.zone).date()

    def length_s(self, index: int) -> int:
        """How long that session is."""
        return int(self.close_s[index] - self.open_s[index])

    def index_from(self, session: date) -> int:
        """The first session on or after that date."""
        return int(np.searchsorted(self.day, to_day(session)))

    def begun_by(self, limit_s: int) -> int:
        """How many sessions opened before that instant."""
        return int(np.searchsorted(self.open_s, limit_s))


class Calendars:
    """One table a calendar, loaded when first needed and again when time nears its end. Safe in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, SessionTable] = {}

    def table(self, primary_exchange: str, now: datetime) -> SessionTable:
        """The sessions of an exchange from 1990 to the end of the year after `now`."""
        hours = HOURS[primary_exchange]
        held = self._tables.get(hours.code)
        if held is not None and held.day[-1] >= to_day(now.date()) + _DAYS_AHEAD_AT_LEAST:
            return held
        with self._lock:
            self._tables[hours.code] = table = _load(hours, date(now.year + 1, 12, 31))
            return table

    def warm(self, now: datetime) -> None:
        """Load every calendar."""
        for exchange in ("NYSE", "ASX"):
            self.table(exchange, now)


@lru_cache(maxsize=_TABLES_KEPT)
def _load(hours: ExchangeHours, end: date) -> SessionTable:
    import exchange_calendars  # noqa: PLC0415 - see the module's docstring

    with warnings.catch_warnings():
        # It still uses what pandas 4 will change; nothing here depends on that.
        warnings.simplefilter("ignore", DeprecationWarning)
        calendar = exchange_calendars.get_calendar(hours.code, start=_FIRST_DAY.isoformat(), end=end.isoformat())
        day = calendar.sessions.to_numpy().astype("datetime64[D]").astype(np.int32)
        open_s, close_s = (
            instants.to_numpy(dtype="datetime64[ns]").astype("datetime64[s]").astype(np.int64)
            for instants in (calendar.opens.dt.tz_localize(None), calendar.closes.dt.tz_localize(None))
        )
    dates = day.astype("datetime64[D]").astype(object).tolist()
    opens = [datetime.fromtimestamp(second, UTC) for second in open_s.tolist()]
    return SessionTable(hours, day, open_s, close_s, dates, opens)
