"""From the arguments of a strategy's call to a ticket, or to the rule they break."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TypeVar

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.engine.tickets import Ticket
from scizor.strategy.errors import about

MAX_QUANTITY = 1e9
_Word = TypeVar("_Word", bound=IntEnum)
_WHOLE = (int, np.integer)
_NUMBERS = (*_WHOLE, float, np.floating)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TERMS = ("limit", "stop", "touch", "trail", "trail_fraction", "tif", "expires", "group", "label")
_AT_ONE_PRICE = (OrderType.MARKET, OrderType.LIMIT)
_TYPES = {
    (): OrderType.MARKET,
    ("limit",): OrderType.LIMIT,
    ("stop",): OrderType.STOP,
    ("limit", "stop"): OrderType.STOP_LIMIT,
    ("touch",): OrderType.MARKET_IF_TOUCHED,
    ("limit", "touch"): OrderType.LIMIT_IF_TOUCHED,
    ("trail",): OrderType.TRAILING,
    ("trail_fraction",): OrderType.TRAILING,
}


def demand_quantity(symbol: str, quantity: float, lot_size: float, closes: float = 0.0) -> float:
    """A positive whole number of lots, or `closes`: all that there is to close. Raises InvalidInput naming the rule."""
    if not _is_number(symbol, "quantity", quantity) or not 0 < quantity <= MAX_QUANTITY:
        raise about(symbol, "quantity", f"must be above 0 and at most {MAX_QUANTITY:g}, is {quantity!r}")
    lots = quantity / lot_size
    if lots == int(lots):
        return float(quantity)
    if (abs(lots - round(lots)) > 1e-9 * lots or round(lots) == 0) and quantity != closes:
        raise about(symbol, "quantity", f"must be a whole number of lots of {lot_size:g}, is {quantity!r}")
    return float(quantity)


def demand_price(symbol: str, name: str, price: float | None) -> float:
    """A positive finite price, NaN for none. Raises InvalidInput naming the argument."""
    if price is None:
        return math.nan
    if not _is_number(symbol, name, price) or not 0 < price < math.inf:
        raise about(symbol, name, f"must be positive and finite, is {price!r}")
    return float(price)


def ticket_of(
    symbol: str,
    index: int,
    side: Side,
    quantity: float,
    *,
    tick_size: float = 0.0,
    limit: float | None = None,
    stop: float | None = None,
    touch: float | None = None,
    trail: float | None = None,
    trail_fraction: float | None = None,
    tif: TimeInForce = TimeInForce.GTC,
    expires: datetime | None = None,
    group: int = 0,
) -> Ticket:
    """The order that is asked for, its prices on whole ticks; `quantity` is checked already.

    Raises InvalidInput naming an argument.
    """
    prices = {"limit": limit, "stop": stop, "touch": touch, "trail": trail, "trail_fraction": trail_fraction}
    given = tuple(name for name, price in prices.items() if price is not None)
    kind = _TYPES.get(given)
    if kind is None:
        raise about(symbol, given[-1], f"{' and '.join(given)} make no order together")
    asked = {name: demand_price(symbol, name, price) for name, price in prices.items()}
    if asked["trail_fraction"] >= 1:
        raise about(symbol, "trail_fraction", f"must be below 1, is {trail_fraction!r}")
    tif = _demand_time(symbol, kind, tif, expires)
    return Ticket(
        index,
        side,
        quantity,
        type=kind,
        tif=tif,
        limit=on_tick(asked["limit"], tick_size),
        trigger=on_tick(asked["touch"] if stop is None else asked["stop"], tick_size),
        trail_amount=asked["trail"],
        trail_fraction=asked["trail_fraction"],
        expire_ns=0 if expires is None else (expires - _EPOCH) // timedelta(microseconds=1) * 1_000,
        group=group,
    )


def on_tick(price: float, tick_size: float) -> float:
    """The nearest multiple of the tick, one of them at least; the price itself without a tick."""
    if tick_size == 0.0 or price != price:  # NaN, no price, differs from itself
        return price
    ticks, per_unit = max(round(price / tick_size), 1), round(1.0 / tick_size)
    # A tick of 0.01 is no float: a hundred of them to the unit is what 1.38 is a whole number of.
    return ticks / per_unit if abs(per_unit * tick_size - 1.0) <= 1e-12 else ticks * tick_size


def demand_word(symbol: str, name: str, word: object, kind: type[_Word]) -> None:
    """One of an enum's words, not its text. Raises InvalidInput naming the argument and the words."""
    if not isinstance(word, kind):
        words = ", ".join(one.name for one in kind)
        raise about(symbol, name, f"must be {kind.__name__}.NAME of {words}, is {word!r}")


def demand_terms(symbol: str, terms: Iterable[str]) -> None:
    """Words that an order has. Raises InvalidInput naming the first other."""
    for name in terms:
        if name not in _TERMS:
            raise about(symbol, name, f"is nothing an order has: it has {', '.join(_TERMS)}")


def demand_exits(
    symbol: str, side: Side, take_profit: float | None, stop_loss: float | None, trail: float | None
) -> None:
    """Exits on their sides. Raises InvalidInput naming an argument."""
    demand_word(symbol, "side", side, Side)
    if take_profit is None and stop_loss is None and trail is None:
        raise about(symbol, "take_profit", "a bracket has a take_profit, a stop_loss or a trail")
    if stop_loss is not None and trail is not None:
        raise about(symbol, "trail", "stop_loss and trail make no bracket together")
    demand_price(symbol, "trail", trail)
    profit, loss = demand_price(symbol, "take_profit", take_profit), demand_price(symbol, "stop_loss", stop_loss)
    if (profit - loss) * side <= 0:
        where = "above" if side is Side.BUY else "below"
        raise about(symbol, "take_profit", f"must be {where} stop_loss ({stop_loss}), is {take_profit}")


def _demand_time(symbol: str, kind: OrderType, tif: TimeInForce, expires: datetime | None) -> TimeInForce:
    demand_word(symbol, "tif", tif, TimeInForce)
    if tif in {TimeInForce.OPG, TimeInForce.CLS} and kind not in _AT_ONE_PRICE:
        raise about(symbol, "tif", f"{tif.name} is for orders at the market or with a limit alone")
    if expires is None:
        if tif is TimeInForce.GTD:
            raise about(symbol, "expires", "is needed for GTD")
        return tif
    if tif not in {TimeInForce.GTC, TimeInForce.GTD}:
        raise about(symbol, "expires", f"means good till date, not {tif.name}")
    if not isinstance(expires, datetime) or expires.tzinfo is None:
        raise about(symbol, "expires", f"must be a datetime with a time zone, is {expires!r}")
    return TimeInForce.GTD


def demand_weight(symbol: str, weight: float, least: float, most: float) -> float:
    """A fraction of equity. Raises InvalidInput naming the rule."""
    if not _is_number(symbol, "weight", weight) or not least <= weight <= most:
        raise about(symbol, "weight", f"must be between {least:g} and {most:g}, is {weight!r}")
    return float(weight)


def demand_order(order_id: object, n_orders: int) -> None:
    """An id that was given. Raises InvalidInput."""
    if not isinstance(order_id, _WHOLE) or not 1 <= order_id <= n_orders:
        raise InvalidInput.of_field("order_id", f"{order_id!r} is no order of this run")


def _is_number(symbol: str, name: str, value: object) -> bool:
    # Python counts True and False among the whole numbers: whoever asks for True shares has mixed something up.
    if isinstance(value, bool):
        raise about(symbol, name, f"must be a number, is {value!r}")
    return isinstance(value, _NUMBERS)
