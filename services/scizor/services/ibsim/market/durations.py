"""Durations and bar sizes as a gateway reads and refuses them.

The limits are those of IB's "historical data limitations" page (step sizes) as of 2026-11; the texts are the gateway's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from scizor.services.ibsim.market.api import BarSize, MarketError

DAY_S = 86_400
_UNIT_S = MappingProxyType({"S": 1, "D": DAY_S, "W": 7 * DAY_S, "M": 30 * DAY_S, "Y": 365 * DAY_S})
_DURATION = re.compile(r"([0-9]{1,9}) ([SDWMY])")
_MOST = MappingProxyType(
    {
        "S": (DAY_S, "Historical data request for greater than 86400 seconds rejected."),
        "D": (365, "Historical data requests for durations longer than 365 days must be made in years."),
        "W": (52, "Historical data requests for durations longer than 52 weeks must be made in years."),
        "M": (12, "Historical data requests for durations longer than 12 months must be made in years."),
    }
)
_HOUR = 3_600
_SIZE_S = MappingProxyType(
    {
        BarSize.S1: 1,
        BarSize.S5: 5,
        BarSize.S10: 10,
        BarSize.S15: 15,
        BarSize.S30: 30,
        BarSize.M1: 60,
        BarSize.M2: 120,
        BarSize.M3: 180,
        BarSize.M5: 300,
        BarSize.M10: 600,
        BarSize.M15: 900,
        BarSize.M20: 1_200,
        BarSize.M30: 1_800,
        BarSize.H1: _HOUR,
        BarSize.H2: 2 * _HOUR,
        BarSize.H3: 3 * _HOUR,
        BarSize.H4: 4 * _HOUR,
        BarSize.H8: 8 * _HOUR,
        BarSize.D1: DAY_S,
        BarSize.W1: 7 * DAY_S,
        BarSize.MO1: 30 * DAY_S,
    }
)
# Up to this duration, bars may be this fine; longer ones have days at the finest.
_FINEST = (
    (1_800, 1),
    (_HOUR, 5),
    (4 * _HOUR, 10),
    (8 * _HOUR, 30),
    (DAY_S, 60),
    (2 * DAY_S, 120),
    (7 * DAY_S, 180),
    (30 * DAY_S, 1_800),
)
# From this duration on, bars may be this coarse.
_COARSEST = (
    (30 * DAY_S, 30 * DAY_S),
    (7 * DAY_S, 7 * DAY_S),
    (DAY_S, DAY_S),
    (8 * _HOUR, 8 * _HOUR),
    (4 * _HOUR, 3 * _HOUR),
    (_HOUR, _HOUR),
    (1_800, 1_800),
    (120, 120),
    (0, 60),
)


@dataclass(frozen=True, slots=True)
class Duration:
    """How far back a request goes: `count` of `unit`, which is S, D, W, M or Y."""

    count: int
    unit: str

    @property
    def seconds(self) -> int:
        """Its length by the calendar, months of 30 and years of 365 days."""
        return self.count * _UNIT_S[self.unit]

    def before(self, end: date) -> date:
        """The last date that is no longer within it, counted back from `end`; for W, M and Y."""
        if self.unit == "W":
            return end - timedelta(weeks=min(self.count, 52 * 200))
        months = self.count * (12 if self.unit == "Y" else 1)
        year, month = divmod(end.year * 12 + end.month - 1 - months, 12)
        if year < 1:
            return date.min
        days_in_month = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
        return date(year, month + 1, min(end.day, days_in_month))


def refusal(cause: str) -> MarketError:
    """Error 321, as the gateway's validation answers."""
    return MarketError(321, f"Error validating request.-'bH' : cause - {cause}")


def parse_duration(text: str) -> Duration:
    """Of a text such as `3 Y`. Raises MarketError(321)."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise refusal("Historical data requested duration is invalid.")
    duration = Duration(int(match[1]), match[2])
    most, cause = _MOST.get(duration.unit, (duration.count, ""))
    if duration.count > most:
        raise refusal(cause)
    return duration


def check_step(duration: Duration, size: BarSize) -> None:
    """Raises MarketError when that many bars, or none, would be asked for: 162 too fine, 321 too coarse."""
    finest = next((fine for longest, fine in _FINEST if duration.seconds <= longest), DAY_S)
    coarsest = next(coarse for shortest, coarse in _COARSEST if duration.seconds >= shortest)
    if size_s(size) < finest:
        raise MarketError(162, "Historical Market Data Service error message:Time length exceed max.")
    if size_s(size) > coarsest:
        raise refusal("Historical data requested duration is invalid.")


def size_s(size: BarSize) -> int:
    """A bar's length in seconds; weeks and months by their name only."""
    return _SIZE_S[size]
