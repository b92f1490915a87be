"""Messages of quotes and of the tape."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scizor.services.ibsim.wire.fields import encode
from scizor.services.ibsim.wire.ids import Out


@dataclass(frozen=True, slots=True)
class TickTypes:
    """The numbers of a quote's parts; delayed data has its own."""

    bid: int
    ask: int
    last: int
    bid_size: int
    ask_size: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_time: int


LIVE = TickTypes(1, 2, 4, 0, 3, 5, 6, 7, 8, 9, 14, 45)
DELAYED = TickTypes(66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 88)


def market_data_type(req_id: int, data_type: int) -> bytes:
    """Whether what follows is 1 live, 2 frozen, 3 delayed or 4 delayed and frozen."""
    return encode((Out.MARKET_DATA_TYPE, 1, req_id, data_type))


def tick_parameters(req_id: int, min_tick: float) -> bytes:
    """What a client needs to read the ticks of a request."""
    return encode((Out.TICK_REQ_PARAMS, req_id, min_tick, "", 0))


def tick_price(req_id: int, tick_type: int, price: float, size: int | None) -> bytes:
    """A price, with the size that belongs to it."""
    return encode((Out.TICK_PRICE, 6, req_id, tick_type, price, size or 0, 0))


def tick_size(req_id: int, tick_type: int, size: int) -> bytes:
    """A size, in shares."""
    return encode((Out.TICK_SIZE, 6, req_id, tick_type, size))


def tick_string(req_id: int, tick_type: int, text: str) -> bytes:
    """A tick that is no number."""
    return encode((Out.TICK_STRING, 6, req_id, tick_type, text))


def snapshot_end(req_id: int) -> bytes:
    """All that a snapshot has."""
    return encode((Out.TICK_SNAPSHOT_END, 1, req_id))


def tick_by_tick_trade(req_id: int, kind: int, time: datetime, price: float, size: int, exchange: str) -> bytes:
    """A trade. `kind`: 1 Last, 2 AllLast."""
    return encode((Out.TICK_BY_TICK, req_id, kind, int(time.timestamp()), price, size, 0, exchange, ""))


def tick_by_tick_quote(req_id: int, time: datetime, bid: float, ask: float, bid_size: int, ask_size: int) -> bytes:
    """The best bid and ask."""
    return encode((Out.TICK_BY_TICK, req_id, 3, int(time.timestamp()), bid, ask, bid_size, ask_size, 0))


def tick_by_tick_midpoint(req_id: int, time: datetime, midpoint: float) -> bytes:
    """The middle between bid and ask."""
    return encode((Out.TICK_BY_TICK, req_id, 4, int(time.timestamp()), midpoint))
