"""What a contract's market did since it was last looked at, in order: openings, moves from trade to trade, closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scizor.services.ibsim.market.api import Listing, Market


@dataclass(frozen=True, slots=True)
class Opening:
    """A session's first trade."""

    time: datetime
    price: float
    size: int


@dataclass(frozen=True, slots=True)
class Move:
    """The price went straight from the trade before, `start`, to this one."""

    time: datetime
    start: float
    price: float
    size: int


@dataclass(frozen=True, slots=True)
class Close:
    """A session is over; `price`: its last trade's, `size`: that trade's."""

    time: datetime
    price: float
    size: int


Happening = Opening | Move | Close


@dataclass(frozen=True, slots=True)
class Course:
    """`in_session`: as it stands at the end; `last`: the last trade's price, None where there is none so far."""

    happenings: Sequence[Happening]
    in_session: bool
    last: float | None


def course(market: Market, listing: Listing, since: datetime, last: float | None, now: datetime) -> Course:
    """From `since`, when the price was `last`, to `now`."""
    happenings: list[Happening] = []
    sessions = market.sessions(listing, since, now)
    trades = list(market.trades(listing, since, now)) if sessions else []
    at, size, in_session = 0, 0, False
    for session in sessions:
        opening = since < session.opens
        while at < len(trades) and trades[at].time < session.closes:
            trade = trades[at]
            if opening or last is None:
                happenings.append(Opening(trade.time, trade.price, trade.size))
            else:
                happenings.append(Move(trade.time, last, trade.price, trade.size))
            last, size, opening, at = trade.price, trade.size, False, at + 1
        in_session = now < session.closes
        if not in_session and last is not None:
            happenings.append(Close(session.closes, last, size))
    return Course(happenings, in_session, last)
