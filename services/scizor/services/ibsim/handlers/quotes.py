"""Quotes and the tape."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from scizor.services.ibsim.gateway import DataAccess
from scizor.services.ibsim.market.api import Listing, MarketError, SimQuote
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.replies import ticks as replies
from scizor.services.ibsim.wire.replies.ticks import DELAYED, LIVE, TickTypes
from scizor.services.ibsim.wire.requests import MarketDataRequest, TickByTickRequest, read_versioned_id

if TYPE_CHECKING:
    from scizor.services.ibsim.session import Session

_DELAY = timedelta(minutes=15)
_LIVE_TYPE, _FROZEN_TYPE, _DELAYED_TYPE, _DELAYED_FROZEN_TYPE = 1, 2, 3, 4
_KINDS = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}


async def choose_data_type(session: Session, fields: Fields) -> None:
    """Whether the requests that follow want live, frozen, delayed or delayed and frozen data."""
    data_type = read_versioned_id(fields)
    if data_type not in {_LIVE_TYPE, _FROZEN_TYPE, _DELAYED_TYPE, _DELAYED_FROZEN_TYPE}:
        raise MarketError(321, "Error validating request.-'bM' : cause - Unknown market data type")
    session.data_type = data_type


async def request_market_data(session: Session, fields: Fields) -> None:
    """Quotes of the kind that was chosen, or what the login has instead."""
    request = MarketDataRequest.read(fields)
    with session.answering(request.req_id):
        session.check_id(Kind.QUOTES, request.req_id)
        listing = session.gateway.resolve(request.contract)
        session.check_data_line()
        delayed = _is_delayed(session, request.req_id, listing)
        frozen = session.data_type in {_FROZEN_TYPE, _DELAYED_FROZEN_TYPE}
        quotes = _stream_quotes(session, request, listing, delayed=delayed, frozen=frozen)
        session.streams.start(Kind.QUOTES, request.req_id, quotes)


async def cancel_market_data(session: Session, fields: Fields) -> None:
    """Stop quotes. A gateway says when there are none."""
    req_id = read_versioned_id(fields)
    if not session.streams.cancel(Kind.QUOTES, req_id):
        session.error(req_id, 300, f"Can't find EId with tickerId:{req_id}")


async def request_tick_by_tick(session: Session, fields: Fields) -> None:
    """Each trade or quote as it comes."""
    request = TickByTickRequest.read(fields)
    with session.answering(request.req_id):
        session.check_id(Kind.TICK_BY_TICK, request.req_id)
        kind = _KINDS.get(request.kind)
        if kind is None:
            raise MarketError(321, "Error validating request.-'bT' : cause - Invalid tick type")
        listing = session.gateway.resolve(request.contract)
        if session.gateway.access(listing) is not DataAccess.LIVE:
            raise MarketError(10189, "Failed to request tick-by-tick data.No market data permissions for the contract")
        gateway = session.gateway
        is_full = gateway.count(Kind.TICK_BY_TICK) >= gateway.limits.tick_by_tick
        if is_full or not gateway.tick_pacing.admits(listing.con_id):
            raise MarketError(10190, "Max number of tick-by-tick requests has been reached")
        session.streams.start(Kind.TICK_BY_TICK, request.req_id, _stream_ticks(session, request.req_id, kind, listing))


async def cancel_tick_by_tick(session: Session, fields: Fields) -> None:
    """Stop them; what does not run needs no stopping."""
    session.streams.cancel(Kind.TICK_BY_TICK, fields.integer())


def _is_delayed(session: Session, req_id: int, listing: Listing) -> bool:
    """Whether quotes come late; raises MarketError when none come, and warns when late ones come instead of live."""
    access = session.gateway.access(listing)
    if access is DataAccess.LIVE:
        return False
    if access is DataAccess.NONE:
        raise MarketError(354, "Requested market data is not subscribed.Check API status by selecting the Account menu")
    if session.data_type in {_LIVE_TYPE, _FROZEN_TYPE}:
        raise MarketError(
            10089,
            "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
            f"dialog for more details.Delayed market data is available.{listing.symbol} {listing.primary_exchange}",
        )
    session.error(req_id, 10167, "Requested market data is not subscribed. Displaying delayed market data.")
    return True


async def _stream_quotes(
    session: Session, request: MarketDataRequest, listing: Listing, *, delayed: bool, frozen: bool
) -> None:
    market, req_id = session.gateway.market, request.req_id
    types = DELAYED if delayed else LIVE
    told_type = 0
    told: dict[int, bytes] = {}
    with session.answering(req_id):
        await session.send(replies.tick_parameters(req_id, listing.min_tick))
        while True:
            quote = market.quote(listing, market.clock.now() - _DELAY if delayed else None)
            data_type = (_DELAYED_TYPE if delayed else _LIVE_TYPE) + (frozen and not quote.in_session)
            if data_type != told_type:
                await session.send(replies.market_data_type(req_id, data_type))
                told_type = data_type
            ticks = _ticks(req_id, types, quote if quote.in_session or frozen else _without_book(quote))
            news = [message for tick_type, message in ticks.items() if told.get(tick_type) != message]
            if told.get(types.volume) != ticks[types.volume]:
                news.append(replies.tick_string(req_id, types.last_time, str(int(quote.time.timestamp()))))
            for message in news:
                session.offer(message)
            told = ticks
            if request.snapshot:
                await session.send(replies.snapshot_end(req_id))
                return
            await asyncio.sleep(session.gateway.pace.quotes_s)


def _without_book(quote: SimQuote) -> SimQuote:
    """The quote of a closed market: nobody bids, nobody asks."""
    return replace(quote, bid=-1.0, ask=-1.0, bid_size=0, ask_size=0)


def _ticks(req_id: int, types: TickTypes, quote: SimQuote) -> dict[int, bytes]:
    """A quote as messages, by tick type; prices bring the size that belongs to them."""
    prices = (
        (types.bid, quote.bid, quote.bid_size),
        (types.ask, quote.ask, quote.ask_size),
        (types.last, quote.last, quote.last_size),
        (types.open, quote.open, None),
        (types.high, quote.high, None),
        (types.low, quote.low, None),
        (types.close, quote.previous_close, None),
    )
    messages = {
        tick_type: replies.tick_price(req_id, tick_type, price, size)
        for tick_type, price, size in prices
        if price is not None
    }
    return {**messages, types.volume: replies.tick_size(req_id, types.volume, quote.volume)}


async def _stream_ticks(session: Session, req_id: int, kind: int, listing: Listing) -> None:
    market, venue = session.gateway.market, listing.primary_exchange
    since = market.clock.now()
    told: SimQuote | None = None
    with session.answering(req_id):
        while True:
            now = market.clock.now()
            if kind in {1, 2}:
                for trade in market.trades(listing, since, now):
                    session.offer(replies.tick_by_tick_trade(req_id, kind, trade.time, trade.price, trade.size, venue))
            else:
                told = _tell_quote(session, req_id, kind, market.quote(listing), told)
            since = now
            await asyncio.sleep(session.gateway.pace.quotes_s)


def _tell_quote(session: Session, req_id: int, kind: int, quote: SimQuote, told: SimQuote | None) -> SimQuote | None:
    if not quote.in_session:
        return told
    book = (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
    if told is None or book != (told.bid, told.ask, told.bid_size, told.ask_size):
        if kind == 3:  # BidAsk
            session.offer(replies.tick_by_tick_quote(req_id, quote.time, *book))
        else:
            session.offer(replies.tick_by_tick_midpoint(req_id, quote.time, quote.midpoint))
    return quote
