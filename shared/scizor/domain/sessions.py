"""Session dates. A daily bar belongs to a date, not to an instant; arrays hold it as days since 1970-01-01."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from scizor.domain.errors import InvalidInput, Reason

DayArray = npt.NDArray[np.int32]
DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)


def to_day(session: date) -> int:
    """Days since 1970-01-01."""
    return (session - _EPOCH).days


def from_day(day: int) -> date:
    """The date that is `day` days after 1970-01-01."""
    return _EPOCH + timedelta(days=int(day))


def days_to_yyyymmdd(days: DayArray) -> DayArray:
    """Session dates as numbers such as 20100104. Shapes (n,) to (n,)."""
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    month_index = months.astype(np.int64)
    day_of_month = days.astype(np.int64) - months.astype("datetime64[D]").astype(np.int64) + 1
    years, month_of_year = 1970 + month_index // 12, month_index % 12 + 1
    return (years * 10_000 + month_of_year * 100 + day_of_month).astype(np.int32)


def yyyymmdd_to_days(numbers: npt.NDArray[np.int32]) -> tuple[DayArray, npt.NDArray[np.bool_]]:
    """Days since 1970-01-01 and which numbers are a date at all. Where not, the day is 0. Shapes (n,)."""
    years, rest = np.divmod(numbers.astype(np.int64), 10_000)
    months, days_of_month = np.divmod(rest, 100)
    plausible = (
        (years >= 1) & (years <= 9999) & (months >= 1) & (months <= 12) & (days_of_month >= 1) & (days_of_month <= 31)
    )
    month_index = np.where(plausible, (years - 1970) * 12 + months - 1, 0)
    firsts = month_index.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = (firsts + np.where(plausible, days_of_month - 1, 0)).astype(np.int32)
    valid = plausible & (days_to_yyyymmdd(days) == numbers)
    return np.where(valid, days, 0).astype(np.int32), valid


@dataclass(frozen=True, slots=True)
class SessionRange:
    """Sessions from `start` to `end`, both included; None is open."""

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        if self.start and self.end and self.start > self.end:
            raise InvalidInput.of_field(
                "start", f"must not be after end ({self.start} > {self.end})", Reason.DATE_RANGE_INVALID
            )

    def behind(self, session: date) -> SessionRange | None:
        """What is left of it behind a session; None when nothing is."""
        if session >= (self.end or date.max):
            return None
        return SessionRange(max(self.start or date.min, session + timedelta(days=1)), self.end)


def parse_session(field: str, text: str) -> date | None:
    """A date written YYYY-MM-DD, or None for an empty text. Raises InvalidInput naming the field."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        rule = f"must be a date of the calendar as YYYY-MM-DD, not {text!r}"
        raise InvalidInput.of_field(field, rule, Reason.DATE_RANGE_INVALID) from None
