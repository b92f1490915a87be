"""Bars of the past, and those that keep coming."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scizor.services.ibsim.limits import SMALL_BARS
from scizor.services.ibsim.market.api import BarSize, Listing, MarketError, SimBar
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.replies import history as replies
from scizor.services.ibsim.wire.requests import (
    HeadTimestampRequest,
    HistoryRequest,
    RealTimeBarsRequest,
    read_versioned_id,
)

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

_HMDS = "Historical Market Data Service error message:"
_SCHEDULE = "SCHEDULE"
_SCHEDULE_FROM = 165
_DAILY = {BarSize.D1, BarSize.W1, BarSize.MO1}
_UTC_TIME = re.compile(r"\d{8}-\d{2}:\d{2}:\d{2}")
_BAD_TIME = (
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss xx/xxxx "
    "where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern  Note that there is a space between "
    "the date and time, and between the time and time-zone.  You can also provide yyyymmddd-hh:mm:ss time is in UTC. "
    "Note that there is a dash between the date and time in UTC notation."
)
# What is asked for to see the bar under way and the one before it.
_RECENT = {BarSize.D1: "2 D", BarSize.W1: "2 W", BarSize.MO1: "2 M"}
_RECENT_INTRADAY = dict.fromkeys((BarSize.H2, BarSize.H3, BarSize.H4, BarSize.H8), "1 D")


async def request_history(session: Session, fields: Fields) -> None:
    """Check a request against all rules, then answer it in its own time."""
    request = HistoryRequest.read(fields)
    with session.answering(request.req_id):
        session.check_id(Kind.HISTORY, request.req_id)
        size, end = parse_bar_size(request.bar_size), parse_end(request.end)
        listing = session.gateway.resolve(request.contract)
        _check(session, request, listing, size, end)
        session.streams.start(Kind.HISTORY, request.req_id, _answer(session, request, listing, size, end))


async def cancel_history(session: Session, fields: Fields) -> None:
    """Stop a request that is not done, or updates."""
    req_id = read_versioned_id(fields)
    if session.streams.cancel(Kind.HISTORY, req_id):
        session.error(req_id, 162, f"{_HMDS}API historical data query cancelled: {req_id}")
    else:
        session.error(req_id, 366, f"No historical data query found for ticker id:{req_id}")


async def request_head_timestamp(session: Session, fields: Fields) -> None:
    """The first instant with data."""
    request = HeadTimestampRequest.read(fields)
    with session.answering(request.req_id):
        session.check_id(Kind.HEAD_TIMESTAMP, request.req_id)
        listing = session.gateway.resolve(request.contract)
        _check_room(session)
        session.streams.start(Kind.HEAD_TIMESTAMP, request.req_id, _answer_head(session, request, listing))


async def cancel_head_timestamp(session: Session, fields: Fields) -> None:
    """Forget the question; a gateway says nothing to that."""
    session.streams.cancel(Kind.HEAD_TIMESTAMP, fields.integer())


async def request_real_time_bars(session: Session, fields: Fields) -> None:
    """Bars of five seconds, as they end."""
    request = RealTimeBarsRequest.read(fields)
    with session.answering(request.req_id):
        session.check_id(Kind.REAL_TIME_BARS, request.req_id)
        if request.bar_size_s != 5:
            raise MarketError(321, "Error validating request.-'bD' : cause - Real-time bars have 5 seconds")
        listing = session.gateway.resolve(request.contract)
        session.check_data_line()
        if not session.gateway.pacing.admits_real_time_bars():
            raise MarketError(420, "Invalid Real-time Query:Historical data request pacing violation")
        session.streams.start(Kind.REAL_TIME_BARS, request.req_id, _stream_bars(session, request, listing))


async def cancel_real_time_bars(session: Session, fields: Fields) -> None:
    """Stop them; what does not run needs no stopping."""
    session.streams.cancel(Kind.REAL_TIME_BARS, read_versioned_id(fields))


def parse_bar_size(text: str) -> BarSize:
    """The size as the wire spells it. Raises MarketError(321)."""
    try:
        return BarSize(text)
    except ValueError:
        legal = ", ".join(size.value for size in BarSize)
        cause = f"Historical data bar size setting is invalid. Legal ones are: {legal}"
        raise MarketError(321, f"Error validating request.-'bN' : cause - {cause}") from None


def parse_end(text: str) -> datetime | None:
    """UTC with a dash, or a time with its zone; empty is now. Raises MarketError(10314) for anything else."""
    if not text:
        return None
    try:
        if _UTC_TIME.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
        day, clock, zone = text.split(" ")
        return datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OSError, KeyError):
        raise MarketError(10314, _BAD_TIME) from None


def _check(session: Session, request: HistoryRequest, listing: Listing, size: BarSize, end: datetime | None) -> None:
    gateway = session.gateway
    if request.keep_up_to_date and (end is not None or size is BarSize.S1):
        raise MarketError(
            321, "Error validating request.-'bN' : cause - Updates need an empty end and bars of 5 secs or more"
        )
    if request.what == _SCHEDULE and (session.version < _SCHEDULE_FROM or size is not BarSize.D1):
        raise MarketError(321, "Error validating request.-'bN' : cause - A schedule has bars of 1 day")
    _check_room(session)
    if size in SMALL_BARS:
        contract = (listing.con_id, request.contract.exchange, request.what)
        identical = (contract, size, request.end, request.duration, request.regular_hours)
        broken = gateway.pacing.broken_rule(identical, contract, weight=2 if request.what == "BID_ASK" else 1)
        if broken:
            raise MarketError(162, f"{_HMDS}Historical data request pacing violation: {broken}")


def _check_room(session: Session) -> None:
    """Raises MarketError when too many are open; a head timestamp is a request for history too."""
    most = session.gateway.limits.open_histories
    if session.gateway.count(Kind.HISTORY, Kind.HEAD_TIMESTAMP) >= most:
        cause = f"Only {most} simultaneous API historical data requests allowed."
        raise MarketError(322, f"Error processing request.-'cc' : cause - {cause}")


async def _answer(
    session: Session, request: HistoryRequest, listing: Listing, size: BarSize, end: datetime | None
) -> None:
    market, req_id, zone = session.gateway.market, request.req_id, listing.time_zone_id
    with session.answering(req_id):
        await asyncio.sleep(session.gateway.pace.history_latency_s)
        if request.what == _SCHEDULE:
            sessions = market.schedule(listing, end, request.duration)
            await session.send(replies.historical_schedule(req_id, sessions, zone))
            return
        rth = request.regular_hours
        bars = market.bars(listing, size, end, request.duration, request.what, regular_hours=rth)
        time = replies.bar_time(zone, daily=size in _DAILY, epoch=request.epoch_times)
        until = end or market.clock.now()
        await session.send(replies.historical_data(req_id, bars, time, zone, until))
        if request.keep_up_to_date:
            await _update(session, request, listing, size, bars[-1] if bars else None, time)


async def _update(
    session: Session,
    request: HistoryRequest,
    listing: Listing,
    size: BarSize,
    last: SimBar | None,
    time: replies.BarTime,
) -> None:
    market = session.gateway.market
    recent = _RECENT.get(size) or _RECENT_INTRADAY.get(size, "3600 S")
    while True:
        await market.clock.sleep(session.gateway.pace.bars_s)
        try:
            bars = market.bars(listing, size, None, recent, request.what, regular_hours=request.regular_hours)
        except MarketError:
            continue  # nothing has traded of late
        for bar in bars:
            if last is None or bar.start > last.start or (bar.start == last.start and bar != last):
                session.offer(replies.historical_update(request.req_id, bar, time))
        last = bars[-1] if bars else last


async def _answer_head(session: Session, request: HeadTimestampRequest, listing: Listing) -> None:
    with session.answering(request.req_id):
        await asyncio.sleep(session.gateway.pace.history_latency_s)
        head = session.gateway.market.head_timestamp(listing, request.what, regular_hours=request.regular_hours)
        await session.send(replies.head_timestamp(request.req_id, head, epoch=request.epoch_times))


async def _stream_bars(session: Session, request: RealTimeBarsRequest, listing: Listing) -> None:
    market, step = session.gateway.market, timedelta(seconds=5)
    told = market.clock.now()
    while True:
        now = market.clock.now()
        await market.clock.sleep(5 - now.timestamp() % 5)
        try:
            bars = market.bars(listing, BarSize.S5, None, "60 S", request.what, regular_hours=request.regular_hours)
        except MarketError:
            continue  # nothing has traded of late
        for bar in bars:
            if told < bar.start + step <= market.clock.now():
                session.offer(replies.real_time_bar(request.req_id, bar))
                told = bar.start + step
