"""An order as the engine's fill rule sees it: floats, its trigger, and what its stop follows."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from inspect import unwrap

from scizor.domain.orders import OrderType
from scizor.engine.fills import at_price_nb, extreme_nb, meets_nb, stop_of_nb
from scizor.services.ibsim.broker.kinds import AT_OPEN, KINDS, ONE_LOOK
from scizor.services.ibsim.broker.times import parse_instant
from scizor.services.ibsim.broker.words import Order

# The kernels' own Python: a handful of orders is not worth a compilation, which the first of them would wait for.
_at_price, _meets = unwrap(at_price_nb), unwrap(meets_nb)
_stop_of, _extreme = unwrap(stop_of_nb), unwrap(extreme_nb)

_MARKET, _LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
_BECOME_LIMITS = (int(OrderType.STOP_LIMIT), int(OrderType.LIMIT_IF_TOUCHED))
_STOPS = (int(OrderType.STOP), int(OrderType.STOP_LIMIT), int(OrderType.TRAILING))


class View:
    """One open order while it is looked at. `since`: it takes part in nothing that happened before."""

    __slots__ = (
        "_amount",
        "_fraction",
        "_offset",
        "at_close",
        "at_open",
        "ends_at",
        "extreme",
        "kind",
        "limit",
        "one_look",
        "order",
        "side",
        "since",
        "starts_at",
        "trails",
        "trigger",
        "triggered",
    )

    def __init__(self, order: Order, since: datetime) -> None:
        terms, kind = order.terms, KINDS[order.terms.order_type]
        zone = order.listing.time_zone_id
        self.order, self.since = order, since
        self.kind, self.side = int(kind.acts_as), terms.sign
        self.trails, self.at_close, self.at_open = kind.trails, kind.at_close, terms.tif == AT_OPEN
        self.one_look = terms.tif in ONE_LOOK
        self.triggered = order.triggered
        self.limit = _number(terms.limit_price) if kind.has_limit else math.nan
        self.trigger = math.nan if kind.trails else _number(terms.aux_price)
        self.starts_at = parse_instant(terms.good_after_time, zone) if terms.good_after_time else None
        self.ends_at = parse_instant(terms.good_till_date, zone) if terms.tif == "GTD" else None
        self.extreme = _number(order.extreme)
        self._amount = _number(terms.aux_price)
        self._fraction = math.nan if terms.trailing_percent is None else float(terms.trailing_percent) / 100
        self._offset = _limit_offset(order)
        if kind.trails:
            self._begin_trailing(_number(terms.trail_stop_price))

    @property
    def is_limit(self) -> bool:
        """Whether it is a limit order by now."""
        return self.kind == _LIMIT or (self.triggered and self.kind in _BECOME_LIMITS)

    @property
    def waits_for_trigger(self) -> bool:
        """Whether nothing but its trigger matters yet."""
        return not self.triggered and self.kind not in {_MARKET, _LIMIT}

    @property
    def is_working(self) -> bool:
        """Whether it is in the book of a market in session, or takes the other side."""
        return not self.waits_for_trigger and not self.at_open and not self.at_close

    def takes_part(self, time: datetime) -> bool:
        """Whether the market of this instant is its concern."""
        order = self.order
        if order.awaits_parent or order.awaits_shares or not order.terms.transmit:
            return False
        return (self.starts_at is None or time >= self.starts_at) and not self.is_over(time)

    def is_over(self, time: datetime) -> bool:
        """Whether its good till date has come."""
        return self.ends_at is not None and time >= self.ends_at

    def renewed(self, order: Order) -> View:
        """The same order with what has become of it, and with what its stop has seen."""
        view = View(order, self.since)
        if not view.triggered:
            view.triggered, view.extreme = self.triggered, self.extreme
            if view.trails and not math.isnan(view.extreme):
                view._trail()
        return view

    def at(self, price: float) -> bool:
        """Whether it fills where the market is at `price`; it has triggered there if it had to."""
        self.triggered, fills = _at_price(self.kind, self.side, self.triggered, self.limit, self.trigger, price)
        return bool(fills)

    def within(self, price: float) -> bool:
        """Whether this is no worse than its limit, if it has become one."""
        return not self.is_limit or bool(_at_price(_LIMIT, self.side, False, self.limit, math.nan, price)[1])

    def meets(self, start: float, end: float) -> float:
        """The price at which it next triggers or fills on a straight move; NaN: nowhere.

        An order that rests is the last of those at its limit: the price must go beyond it.
        """
        through = True
        return float(_meets(self.kind, self.side, self.triggered, self.limit, self.trigger, start, end, through))

    def reaches(self, low: float, high: float) -> bool:
        """Whether anything at all may happen to it between these prices."""
        if self.is_limit:
            return low <= self.limit if self.side > 0 else high >= self.limit
        if self.triggered or self.kind == _MARKET or self.trails:
            return True
        up = (self.side > 0) == (self.kind in _STOPS)
        return high >= self.trigger if up else low <= self.trigger

    @property
    def best_seen(self) -> Decimal | None:
        """What a trailing order's stop follows."""
        return None if math.isnan(self.extreme) else Decimal(str(self.extreme))

    def follow(self, price: float) -> None:
        """A trailing order moves its stop with the best price so far."""
        if self.trails and not self.triggered:
            self.extreme = _extreme(self.side, self.extreme, price)
            self._trail()

    def _begin_trailing(self, first_stop: float) -> None:
        if math.isnan(self.extreme) and not math.isnan(first_stop):
            by_amount = first_stop - self.side * self._amount
            self.extreme = first_stop / (1 + self.side * self._fraction) if math.isnan(self._amount) else by_amount
        if not math.isnan(self.extreme):
            self._trail()

    def _trail(self) -> None:
        self.trigger = round(_stop_of(self.side, self._amount, self._fraction, self.extreme), 6)
        self.limit = round(self.trigger + self.side * self._offset, 6)


def present_stop(order: Order) -> Decimal | None:
    """The stop of a trailing order as it stands, quote currency; None for other orders, and before it has one."""
    if not KINDS[order.terms.order_type].trails:
        return None
    view = View(order, order.placed_at)
    return order.terms.trail_stop_price if math.isnan(view.trigger) else Decimal(str(view.trigger))


def _limit_offset(order: Order) -> float:
    """From the stop of a trailing limit order to its limit, beyond it in the order's direction."""
    terms = order.terms
    if terms.order_type != "TRAIL LIMIT":
        return math.nan
    if terms.limit_offset is not None:
        return abs(float(terms.limit_offset))
    return abs(_number(terms.limit_price) - _number(terms.trail_stop_price))


def _number(price: Decimal | None) -> float:
    return math.nan if price is None else float(price)
