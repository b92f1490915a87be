"""From a quote to the price that positions are valued at, and the instant it really is of."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from scizor.domain.live import MarketDataType, Quote
from scizor.domain.trading.valuation import Mark
from scizor.services.trading.account.hours import Standing

_DELAY: Final = timedelta(minutes=20)  # delayed prices are 15 to 20 minutes late
_DELAYED: Final = {MarketDataType.DELAYED, MarketDataType.DELAYED_FROZEN}
_FROZEN: Final = {MarketDataType.FROZEN, MarketDataType.DELAYED_FROZEN}


def mark_of(quote: Quote, standing: Standing) -> Mark | None:
    """The last trade, else the middle of bid and ask, else the close of a session before; None where none is told.

    A last trade that is not between a bid and an ask is older than they are: the nearer of the two counts, as in the
    mark price of Interactive Brokers.

    A quote tells when it came, not how old its price is. So what is delayed is taken to be as late as it may be, what
    is frozen to be of the last close, and so is a last trade that comes without a bid and an ask while the exchange is
    closed. A previous close is no live price: it is as old as the session it ended.
    """
    bid, ask, last = _price(quote.bid), _price(quote.ask), _price(quote.last)
    middle = (bid + ask) / 2 if bid is not None and ask is not None else None
    price = last if last is not None else middle
    if last is not None and bid is not None and ask is not None and bid <= ask:
        price = min(max(last, bid), ask)
    if price is None:
        return _of_close(quote, standing)
    time = quote.receive_time
    if quote.market_data_type in _DELAYED:
        time -= _DELAY
    resting = quote.market_data_type in _FROZEN or (not standing.is_open and middle is None)
    if resting and standing.last_close is not None:
        time = min(time, standing.last_close)
    return Mark(price, time)


def _of_close(quote: Quote, standing: Standing) -> Mark | None:
    # Once a session is over nobody says whether the close "before" is that of this session or of the one before it.
    price, time = _price(quote.previous_close), standing.last_close if standing.is_open else standing.close_before
    return None if price is None or time is None else Mark(price, time)


def _price(told: float | None) -> Decimal | None:
    """The shortest decimal that is this float, which is what the broker said."""
    return Decimal(repr(told)) if told is not None and told > 0 else None
