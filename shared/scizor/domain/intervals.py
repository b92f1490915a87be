"""How long one bar lasts."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum


class Interval(IntEnum):
    """Numbers equal the contract's."""

    DAY_1 = 1
    MINUTE_1 = 2
    MINUTE_5 = 3
    MINUTE_15 = 4
    MINUTE_30 = 5
    HOUR_1 = 6

    @property
    def intraday(self) -> bool:
        """Whether its bars are keyed by an instant, not by a session's date."""
        return self is not Interval.DAY_1

    @property
    def word(self) -> str:
        """As people write it, such as 30m: the command takes it so."""
        unit, count = self.name.split("_")
        return count + unit[0].lower()

    @property
    def length(self) -> timedelta:
        """The time one bar covers; a day's is its calendar day."""
        return _LENGTHS[self]


_LENGTHS = {
    Interval.DAY_1: timedelta(days=1),
    Interval.MINUTE_1: timedelta(minutes=1),
    Interval.MINUTE_5: timedelta(minutes=5),
    Interval.MINUTE_15: timedelta(minutes=15),
    Interval.MINUTE_30: timedelta(minutes=30),
    Interval.HOUR_1: timedelta(hours=1),
}
