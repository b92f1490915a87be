"""From sessions to the end and duration a request for history is made of.

Ends are explicit UTC; a zone-less end is deprecated and read in the gateway's zone. An end in the future is left empty,
which is how the broker spells now. Durations are the broker's step sizes: for a bar size only some are taken, and more
than 365 days must be asked for in years. A duration may reach further back than asked: answers are trimmed.
Source: TWS API, "Historical Data Limitations" (step sizes), 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval

_DAYS_OF_YEAR = 365
_SESSIONS_OF_YEAR = 252
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class BarSize:
    """A bar size as the broker spells it, and the durations it takes: (calendar days surely covered, spelling)."""

    text: str
    steps: tuple[tuple[int, str], ...]

    @property
    def span_days(self) -> int:
        """The most calendar days one request covers."""
        return self.steps[-1][0]


_DAY, _TWO_DAYS, _WEEK, _MONTH = (1, "1 D"), (2, "2 D"), (7, "1 W"), (28, "1 M")
BAR_SIZES = {
    Interval.MINUTE_1: BarSize("1 min", (_DAY,)),
    Interval.MINUTE_5: BarSize("5 mins", (_DAY, _TWO_DAYS, _WEEK)),
    Interval.MINUTE_15: BarSize("15 mins", (_DAY, _TWO_DAYS, _WEEK)),
    Interval.MINUTE_30: BarSize("30 mins", (_DAY, _TWO_DAYS, _WEEK, _MONTH)),
    Interval.HOUR_1: BarSize("1 hour", (_DAY, _TWO_DAYS, _WEEK, _MONTH)),
    Interval.DAY_1: BarSize(
        "1 day",
        # A duration of N days means N sessions, so a year's worth of days would reach back seventeen months.
        (*((days, f"{days} D") for days in range(1, _SESSIONS_OF_YEAR)), (_DAYS_OF_YEAR, "1 Y")),
    ),
}


def span_days(interval: Interval) -> int:
    """The most calendar days one request may cover."""
    return BAR_SIZES[interval].span_days


def duration(interval: Interval, first: date, last: date) -> str:
    """The shortest duration that covers these days. Raises InvalidInput when none does."""
    days = (last - first).days + 1
    size = BAR_SIZES[interval]
    if not 1 <= days <= size.span_days:
        raise InvalidInput.of_field("last", f"must be {size.span_days} days or less from first, which {first} is")
    return next(text for covered, text in size.steps if covered >= days)


def end_of(last: date, time_zone: str, now: datetime) -> str:
    """The end of the session date where the contract is traded, as UTC; empty when that is yet to come."""
    end = datetime.combine(last, _LAST_SECOND, ZoneInfo(time_zone)).astimezone(UTC)
    return f"{end:%Y%m%d-%H:%M:%S}" if end < now else ""
