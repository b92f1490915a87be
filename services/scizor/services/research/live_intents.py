"""What a locked process asks for, written down there, and read here by one who believes nothing of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.engine.market import Listing
from scizor.engine.tickets import Ticket, check_ticket
from scizor.strategy.asking import MAX_QUANTITY
from scizor.strategy.errors import StrategyError
from scizor.strategy.live import Cancel, Intent, Place
from scizor.strategy.live_desk import MAX_INTENTS

MAX_LABEL_CHARS: Final = 200
_MAX_ID: Final = 2**31 - 1
_MOST_US: Final = 4_102_444_800_000_000  # the year 2100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS: Final = 16
_MOST_EXITS: Final = 2
_PLAIN: Final = Listing()


def intents_parts(intents: Sequence[Intent], symbols: Sequence[str]) -> list[Any]:
    """Intents as JSON has them: a cancel is the order's id."""
    index = {symbol: place for place, symbol in enumerate(symbols)}
    return [one.id if isinstance(one, Cancel) else _place_parts(one, index) for one in intents]


class Reader:
    """Reads intents, one answer after the other: ids must go on above those that were. Raises StrategyError."""

    def __init__(self, symbols: Sequence[str], listings: Mapping[str, Listing]) -> None:
        self.last_id = 0
        self._symbols, self._listings = tuple(symbols), [listings.get(symbol, _PLAIN) for symbol in symbols]

    def read(self, document: Mapping[str, Any], n_steps: int, *, acting: bool) -> list[tuple[Intent, ...]]:
        """The intents of each step; none where it was told not to act."""
        try:
            steps = _demand(document.get("intents"), list, "intents")
            if len(steps) != n_steps:
                raise _misfit("intents", f"are of {len(steps)} steps, not {n_steps}")
            found = [self._step(_demand(one, list, "intents")) for one in steps]
            if not acting and any(found):
                raise _misfit("intents", "are asked for although it was told not to act")
            return found
        except InvalidInput as error:
            raise StrategyError.at(f"what its process answered is no answer: {error.message[:200]}") from error

    def _step(self, told: list[Any]) -> tuple[Intent, ...]:
        if len(told) > MAX_INTENTS:
            raise _misfit("intents", f"are more than {MAX_INTENTS}")
        entries: dict[int, Place] = {}  # those that may have exits, and how many each has
        exits: Counter[int] = Counter()
        found: list[Intent] = []
        for one in told:
            if type(one) is int:
                if not 1 <= one <= self.last_id:
                    raise _misfit("cancel", "is of an order that was never asked for")
                found.append(Cancel(one))
            else:
                place = self._place(_demand(one, list, "place"))
                if place.parent is None:
                    entries[place.id] = place
                else:
                    exits[place.parent] += 1
                    _check_exit(place, entries.get(place.parent), exits[place.parent])
                found.append(place)
        return tuple(found)

    def _place(self, told: list[Any]) -> Place:
        if len(told) != _FIELDS:
            raise _misfit("place", f"has {_FIELDS} fields")
        number, symbol, side, quantity, kind, tif, *prices, expires_us, group, parent, weight, wanted, label = told
        number = _whole(number, "id", self.last_id + 1, _MAX_ID)
        self.last_id = number
        index = _whole(symbol, "symbol", 0, len(self._symbols) - 1)
        limit, trigger, amount, fraction = (_price(one, "price") for one in prices)
        expires = None if expires_us is None else _whole(expires_us, "expires", 1, _MOST_US)
        place = Place(
            number,
            self._symbols[index],
            Side(_whole(side, "side", -1, 1) or _no_side()),
            _number(quantity, "quantity", 0.0, MAX_QUANTITY),
            OrderType(_whole(kind, "type", min(OrderType), max(OrderType))),
            TimeInForce(_whole(tif, "tif", min(TimeInForce), max(TimeInForce))),
            limit,
            trigger,
            amount,
            fraction,
            None if expires is None else _EPOCH + timedelta(microseconds=expires),
            _whole(group, "group", 0, _MAX_ID),
            None if parent is None else _whole(parent, "parent", 1, _MAX_ID),
            None if weight is None else _number(weight, "weight", -math.inf, 1e3),
            None if wanted is None else _number(wanted, "wanted", -math.inf, 1e12),
            _demand(label, str, "label")[:MAX_LABEL_CHARS],
        )
        _check_whole(place, index, self._listings[index], len(self._symbols))
        return place


def _place_parts(one: Place, index: Mapping[str, int]) -> list[Any]:
    expires_us = None if one.expires is None else (one.expires - _EPOCH) // timedelta(microseconds=1)
    return [
        *(one.id, index[one.symbol], int(one.side), one.quantity, int(one.type), int(one.tif)),
        *(one.limit, one.trigger, one.trail_amount, one.trail_fraction, expires_us, one.group),
        *(one.parent, one.weight, one.wanted, one.label[:MAX_LABEL_CHARS]),
    ]


def _check_whole(place: Place, index: int, listing: Listing, n_symbols: int) -> None:
    """What makes an order together; of its lots that was seen to where its symbol's position is known."""
    prices = (place.limit, place.trigger, place.trail_amount, place.trail_fraction)
    limit, trigger, amount, fraction = (math.nan if one is None else one for one in prices)
    shares, expire_ns = place.quantity, 0 if place.expires is None else 1
    what = (index, place.side, shares, place.type, place.tif)
    ticket = Ticket(*what, limit, trigger, amount, fraction, expire_ns, place.group)
    check_ticket(ticket, n_symbols, listing.lot_size, listing.tick_size, place.quantity)
    by_weight = place.weight is not None or place.wanted is not None
    plain = place.type is OrderType.MARKET and place.tif is TimeInForce.GTC and not place.group and place.parent is None
    if by_weight and not (plain and place.weight is not None and place.wanted is not None):
        raise _misfit("weight", "is of an order at the market alone, and comes with what is wanted")


def _check_exit(place: Place, entry: Place | None, n_exits: int) -> None:
    if entry is None or n_exits > _MOST_EXITS:
        raise _misfit("parent", "is an entry before it, which has two exits at most")
    if (entry.symbol, -entry.side, entry.quantity) != (place.symbol, place.side, place.quantity):
        raise _misfit("parent", "is an order the other way, for as many shares of the symbol")


def _demand(told: Any, kind: type, field: str) -> Any:
    if type(told) is not kind:
        raise _misfit(field, f"is no {kind.__name__}")
    return told


def _whole(told: Any, field: str, least: int, most: int) -> int:
    if type(told) is not int or not least <= told <= most:
        raise _misfit(field, f"must be a whole number from {least} to {most}")
    return told


def _number(told: Any, field: str, above: float, most: float) -> float:
    if type(told) not in {int, float} or not above < told <= most:
        raise _misfit(field, f"must be a number above {above:g} and at most {most:g}")
    return float(told)


def _price(told: Any, field: str) -> float | None:
    return None if told is None else _number(told, field, 0.0, 1e12)


def _no_side() -> int:
    raise _misfit("side", "must be 1 or -1")


def _misfit(field: str, rule: str) -> InvalidInput:
    return InvalidInput.of_field(field, rule)
