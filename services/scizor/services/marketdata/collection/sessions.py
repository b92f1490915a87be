"""Which sessions of an exchange have begun, and which of them are over and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from scizor.domain.sessions import DayArray
from scizor.ports.calendar import SessionCalendar
from scizor.services.marketdata.collection.settings import CollectionSettings

SECOND_NS = 1_000_000_000
LOOK_BACK = timedelta(days=14)
"""No exchange is closed for longer."""


@dataclass(frozen=True, slots=True)
class Held:
    """Sessions that have begun by some instant: `days` ascending, the first `settled` of them with a final bar."""

    days: DayArray
    settled: int

    @property
    def over(self) -> DayArray:
        """Those that are over."""
        return self.days[: self.settled]

    @property
    def under_way(self) -> DayArray:
        """Those whose bar is still partial: one, or none."""
        return self.days[self.settled :]


class SessionTimes:
    """The calendar with the time that a close takes to settle."""

    def __init__(self, calendar: SessionCalendar, settings: CollectionSettings) -> None:
        self._calendar = calendar
        self._settings = settings

    def demand_calendar(self, exchange: str) -> None:
        """Raises InvalidInput for an exchange without a calendar."""
        self._calendar.code(exchange)

    def held(self, exchange: str, first: date, last: date, at: datetime) -> Held:
        """Those of the dates that began before `at`. Raises InvalidInput for an exchange without a calendar."""
        hours = self._calendar.hours(exchange, first, last)
        now_ns = to_ns(at)
        begun = int(np.searchsorted(hours.open_ns, now_ns, side="right"))
        return Held(
            hours.days[:begun], int(np.searchsorted(hours.close_ns + self._delay_ns(exchange), now_ns, "right"))
        )

    def settle_ns(self, exchange: str, first: date, last: date) -> tuple[DayArray, list[int]]:
        """The sessions of the dates, and when each is settled. Raises as `held`."""
        hours = self._calendar.hours(exchange, first, last)
        return hours.days, (hours.close_ns + self._delay_ns(exchange)).tolist()

    def newest_settled(self, exchange: str, at: datetime) -> datetime:
        """When the newest session that is over at `at` was settled. Raises as `held`."""
        _, settle_ns = self.settle_ns(exchange, at.date() - LOOK_BACK, at.date() + timedelta(days=1))
        newest_ns = max((each for each in settle_ns if each <= to_ns(at)), default=0)
        return datetime.fromtimestamp(newest_ns / SECOND_NS, UTC)

    def _delay_ns(self, exchange: str) -> int:
        delay_s = self._settings.close_delays_s.get(exchange, self._settings.close_delay_s)
        return int(delay_s * SECOND_NS)


def to_ns(instant: datetime) -> int:
    """Nanoseconds since 1970-01-01 UTC, exact to the microsecond."""
    return int(instant.timestamp()) * SECOND_NS + instant.microsecond * 1000
