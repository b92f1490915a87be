"""Messages of historical data and of real-time bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from scizor.services.ibsim.market.api import SimBar
from scizor.services.ibsim.wire.fields import encode, number
from scizor.services.ibsim.wire.ids import Out

BarTime = Callable[[SimBar], str]


def bar_time(zone: str, *, daily: bool, epoch: bool) -> BarTime:
    """How a bar's time is told: the session's date for daily bars, else epoch seconds or the exchange's time."""
    if daily:
        return lambda bar: bar.session.isoformat().replace("-", "")  # ten times as fast as a format
    if epoch:
        return lambda bar: str(int(bar.start.timestamp()))
    tz = ZoneInfo(zone)
    return lambda bar: f"{bar.start.astimezone(tz):%Y%m%d %H:%M:%S} {zone}"


def historical_data(req_id: int, bars: Sequence[SimBar], time: BarTime, zone: str, until: datetime) -> bytes:
    """All bars of a request, and the time they span."""
    tz = ZoneInfo(zone)
    first = bars[0].start if bars else until
    span = [f"{instant.astimezone(tz):%Y%m%d %H:%M:%S} {zone}" for instant in (first, until)]
    head = encode((Out.HISTORICAL_DATA, req_id, *span, len(bars)))
    return head + "".join(map(partial(_bar_fields, time), bars)).encode("ascii")


def _bar_fields(time: BarTime, bar: SimBar) -> str:
    """A bar's eight fields. Written out, since a request may have millions of them all told."""
    prices = f"{number(bar.open)}\0{number(bar.high)}\0{number(bar.low)}\0{number(bar.close)}"
    return f"{time(bar)}\0{prices}\0{bar.volume}\0{number(bar.average)}\0{bar.count}\0"


def historical_update(req_id: int, bar: SimBar, time: BarTime) -> bytes:
    """The last bar as it is now."""
    prices = (bar.open, bar.close, bar.high, bar.low, bar.average)
    return encode((Out.HISTORICAL_DATA_UPDATE, req_id, bar.count, time(bar), *prices, bar.volume))


def historical_schedule(req_id: int, sessions: Sequence[tuple[datetime, datetime, date]], zone: str) -> bytes:
    """Open, close and date of each session, in the exchange's time."""
    tz = ZoneInfo(zone)

    def local(instant: datetime) -> str:
        return f"{instant.astimezone(tz):%Y%m%d-%H:%M:%S}"

    span = [local(sessions[0][0]), local(sessions[-1][1])] if sessions else ["", ""]
    rows = [text for opens, closes, day in sessions for text in (local(opens), local(closes), f"{day:%Y%m%d}")]
    return encode((Out.HISTORICAL_SCHEDULE, req_id, *span, zone, len(sessions), *rows))


def head_timestamp(req_id: int, instant: datetime, *, epoch: bool) -> bytes:
    """The earliest instant with data: epoch seconds, or UTC with the dash that says so."""
    text = str(int(instant.timestamp())) if epoch else f"{instant.astimezone(UTC):%Y%m%d-%H:%M:%S}"
    return encode((Out.HEAD_TIMESTAMP, req_id, text))


def real_time_bar(req_id: int, bar: SimBar) -> bytes:
    """A bar of five seconds that has just ended."""
    prices = (bar.open, bar.high, bar.low, bar.close)
    start = int(bar.start.timestamp())
    return encode((Out.REAL_TIME_BARS, 3, req_id, start, *prices, bar.volume, bar.average, bar.count))
