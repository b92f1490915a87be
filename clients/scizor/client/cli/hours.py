"""An exchange's sessions in words, in UTC and in the exchange's own time."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table

from scizor.client.cli.tables import facts, span
from scizor.marketdata.v1.market_data_service_pb2 import GetMarketHoursResponse, MarketSession


def hours_facts(exchange: str, hours: GetMarketHoursResponse, now: datetime) -> Table:
    """The sessions around the date asked for."""
    zone = _zone(hours.time_zone)
    return facts(
        f"{exchange} ({hours.calendar}, {hours.time_zone})",
        [
            ("now", "open" if hours.open else "closed"),
            ("", market_line(exchange, hours, now)),
            ("previous", _session(hours.previous, zone)),
            ("session", _session(hours.session, zone) or "none on this date"),
            ("next", _session(hours.next, zone)),
        ],
    )


def market_line(exchange: str, hours: GetMarketHoursResponse, now: datetime) -> str:
    """Whether the exchange is open, and until or from when; empty once `hours`, asked for earlier, do not tell."""
    zone = _zone(hours.time_zone)
    for session in (hours.session, hours.next):
        opens, closes = _instant(session.open_time), _instant(session.close_time)
        if not session.date or now >= closes:
            continue
        if now >= opens:
            return f"{exchange} is open; it closes {_clock(closes, zone)}, in {span((closes - now).total_seconds())}"
        return f"{exchange} is closed; it opens {_clock(opens, zone)}, in {span((opens - now).total_seconds())}"
    return ""


def _session(session: MarketSession, zone: tzinfo) -> str:
    if not session.date:
        return ""
    opens, closes = _instant(session.open_time), _instant(session.close_time)
    own = f"{opens.astimezone(zone):%H:%M} to {closes.astimezone(zone):%H:%M} its own time"
    return f"{session.date}  {opens:%Y-%m-%d %H:%M} to {closes:%H:%M} UTC, {own}"


def _clock(instant: datetime, zone: tzinfo) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC ({instant.astimezone(zone):%a %H:%M} in {zone})"


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # a machine without the zones' tables still tells UTC
        return UTC


def _instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
