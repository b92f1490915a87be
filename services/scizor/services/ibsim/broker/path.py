"""Along the tape: at its auctions and from trade to trade, as the fill model says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scizor.services.ibsim.broker.course import Close, Happening, Move, Opening
from scizor.services.ibsim.broker.deals import Deals
from scizor.services.ibsim.broker.fill_rules import Supply
from scizor.services.ibsim.broker.life import Life
from scizor.services.ibsim.broker.view import View
from scizor.services.ibsim.broker.words import OrderKey
from scizor.services.ibsim.market.api import Listing

_MOVES_AT_ONCE = 60
_OVER = "Cancelled by System: the session is over"
_UNFILLED = "Cancelled by System: not filled at once"


class Path:
    """Walks a contract's orders through what has happened; within a change of the ledger."""

    def __init__(self, deals: Deals, life: Life) -> None:
        self._deals, self._life = deals, life

    def walk(self, listing: Listing, happenings: Sequence[Happening]) -> None:
        """All of it, in its order."""
        for first in range(0, len(happenings), _MOVES_AT_ONCE):
            part = happenings[first : first + _MOVES_AT_ONCE]
            if not self._is_idle(listing, part):
                for happening in part:
                    self._happen(listing, happening)

    def _is_idle(self, listing: Listing, part: Sequence[Happening]) -> bool:
        """Whether none of it comes near any order; so goes most of the time."""
        moves = [one for one in part if isinstance(one, Move)]
        if len(moves) < len(part):
            return False
        low, high = min(min(one.start, one.price) for one in moves), max(max(one.start, one.price) for one in moves)
        return not any(view.reaches(low, high) for view in self._deals.views(listing))

    def _happen(self, listing: Listing, happening: Happening) -> None:
        match happening:
            case Opening():
                self._open(listing, happening)
            case Move():
                self._move(listing, happening)
            case Close():
                self._close(listing, happening)

    def _open(self, listing: Listing, opening: Opening) -> None:
        supply = self._deals.supply(opening.size)
        for view in self._present(listing, opening):
            if view.at_close or not self._deals.is_open(view):
                continue
            self._meet_auction(view, opening, supply)
            view.follow(opening.price)
            if (view.at_open or view.one_look) and self._deals.is_open(view):
                self._life.end(self._deals.latest(view), _UNFILLED, "not filled at once")

    def _close(self, listing: Listing, close: Close) -> None:
        supply = self._deals.supply(close.size)
        for view in self._present(listing, close):
            if not self._deals.is_open(view):
                continue
            if view.at_close:
                self._meet_auction(view, close, supply)
            if (view.at_close or view.order.terms.tif == "DAY") and self._deals.is_open(view):
                self._life.end(self._deals.latest(view), _OVER, f"{view.order.terms.tif} order expired")

    def _meet_auction(self, view: View, auction: Opening | Close, supply: Supply) -> None:
        waited, fills = view.waits_for_trigger, view.at(auction.price)
        if waited and view.triggered:
            self._deals.trigger(view)
        if fills:
            self._deals.fill_exactly(view, auction.price, auction.time, supply)

    def _move(self, listing: Listing, move: Move) -> None:
        """Orders act in the order that their prices are met, of equal ones the older first."""
        supply, done = self._deals.supply(move.size), set[OrderKey]()
        at = move.start
        low, high = min(move.start, move.price), max(move.start, move.price)
        views = self._continuous(listing, move)
        reached = [view for view in views if view.reaches(low, high)]
        while first := self._first(reached, at, move.price, done):
            view, at = first
            self._act(view, at, move, supply, done)
            views = self._continuous(listing, move)
            reached = [view for view in views if view.reaches(low, high)]
        for view in views:
            view.follow(move.price)

    @staticmethod
    def _first(views: Sequence[View], start: float, end: float, done: set[OrderKey]) -> tuple[View, float] | None:
        found: tuple[View, float] | None = None
        for view in views:
            price = math.nan if view.order.key in done else view.meets(start, end)
            if not math.isnan(price) and (found is None or abs(price - start) < abs(found[1] - start)):
                found = view, price
        return found

    def _act(self, view: View, price: float, move: Move, supply: Supply, done: set[OrderKey]) -> None:
        if view.waits_for_trigger:
            view.at(price)
            self._deals.trigger(view)
            return
        if view.is_limit and price == view.limit:
            self._deals.fill_exactly(view, price, move.time, supply)
        else:
            self._deals.take(view, price, move.time, supply)
        done.add(view.order.key)

    def _present(self, listing: Listing, happening: Happening) -> list[View]:
        time = happening.time
        return [view for view in self._deals.views(listing) if view.since < time and view.takes_part(time)]

    def _continuous(self, listing: Listing, move: Move) -> list[View]:
        return [view for view in self._present(listing, move) if not view.at_open and not view.at_close]
