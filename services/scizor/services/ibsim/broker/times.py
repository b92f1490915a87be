"""Instants in orders, as clients spell them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from scizor.services.ibsim.broker.words import Refusal

_PARTS = re.compile(r"(\d{8})(?:([ -])(\d{2}:\d{2}(?::\d{2})?)(?: (\S+))?)?")
_END_OF_DAY = "23:59:59"
_BAD_TIME = (
    "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xxx where yyyymmdd and "
    "xxx are optional. E.g.: 20031126 15:59:00 US/Eastern"
)


def parse_instant(text: str, exchange_zone: str) -> datetime:
    """`20240314 15:59:00 US/Eastern`, `20240314-19:59:00` (UTC), in the exchange's zone without one, or a whole day.

    Raises Refusal(337).
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        raise Refusal(337, _BAD_TIME)
    day, dash, clock, zone = found.groups()  # fromisoformat takes dates without dashes, and times without seconds
    try:
        local = datetime.fromisoformat(f"{day}T{clock or _END_OF_DAY}")
        return local.replace(tzinfo=UTC if dash == "-" else ZoneInfo(zone or exchange_zone)).astimezone(UTC)
    except (ValueError, OSError, KeyError):
        raise Refusal(337, _BAD_TIME) from None
