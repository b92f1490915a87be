"""What a contract's market did since it was last looked at, in order: openings, moves from trade to trade, closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scizor.services.ibsim.market.api import Listing, Market, SimSession


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
    """`session`: the one that is on at the end, None where none is; `last`: the last trade's price."""

    happenings: Sequence[Happening]
    session: SimSession | None
    last: float


def course(
    market: Market, listing: Listing, since: datetime, now: datetime, last: float, session: SimSession | None
) -> Course:
    """From `since`, when the price was `last` and that session was on, to `now`."""
    goes_on = session is not None and now < session.closes
    sessions = [session] if session is not None and goes_on else market.sessions(listing, since, now)
    trades = list(market.trades(listing, since, now)) if sessions else []
    happenings: list[Happening] = []
    at, size = 0, 0
    for one in sessions:
        opening = since < one.opens
        while at < len(trades) and trades[at].time < one.closes:
            trade = trades[at]
            happenings.append(
                Opening(trade.time, trade.price, trade.size)
                if opening
                else Move(trade.time, last, trade.price, trade.size)
            )
            last, size, opening, at = trade.price, trade.size, False, at + 1
        if one.closes <= now:
            happenings.append(Close(one.closes, last, size))
    is_on = bool(sessions) and now < sessions[-1].closes
    return Course(happenings, sessions[-1] if is_on else None, last)
