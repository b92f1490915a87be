"""Orders within the bar: one path, and the choice between two."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from scizor.domain.orders import LimitPolicy, OrderType, PathPolicy, TimeInForce
from tests.unit.engine.oracle.account import Account
from tests.unit.engine.oracle.ledger import Fill
from tests.unit.engine.oracle.money import ZERO
from tests.unit.engine.oracle.orders import LIMITED, ONE_OPEN, STOPS, Order
from tests.unit.engine.oracle.trading import fill, volume_for
from tests.unit.engine.oracle.world import Bar

Path = tuple[Decimal, ...]


def within_the_bar(account: Account, symbol: int, bar: Bar) -> tuple[Account, Decimal, Decimal]:
    """The account after the bar, and by how much the better and the worse path differ from the one taken."""
    if not _on_path(account, symbol):
        return account, ZERO, ZERO
    high_first: Path = (bar.open, bar.high, bar.low, bar.close)
    low_first: Path = (bar.open, bar.low, bar.high, bar.close)
    policy = account.settings.path
    if policy in (PathPolicy.WORST_CASE, PathPolicy.BEST_CASE):
        walked = [walked_along(account.copy(), symbol, path) for path in (high_first, low_first)]
        scores = [score(one, account, bar) for one in walked]
        wanted = min(scores) if policy is PathPolicy.WORST_CASE else max(scores)
        kept = scores.index(wanted)
        return walked[kept], max(scores) - wanted, min(scores) - wanted
    nearer_high = bar.high - bar.open < bar.open - bar.low
    if policy is PathPolicy.OLHC or (policy is PathPolicy.NEAREST_EXTREME and not nearer_high):
        return walked_along(account, symbol, low_first), ZERO, ZERO
    return walked_along(account, symbol, high_first), ZERO, ZERO


def score(after: Account, before: Account, bar: Bar) -> Decimal:
    """Sum of signed quantity x (close - fill price), before costs, in the account's currency."""
    fills = [one for one in after.log[len(before.log) :] if isinstance(one, Fill)]
    return sum((one.side * one.quantity * (bar.close - one.reference) * one.rate for one in fills), ZERO)


def walked_along(account: Account, symbol: int, path: Path) -> Account:
    """Orders happen in the order their prices are met, of equal ones by number."""
    for start, end in pairwise(path):
        here = start
        while True:
            met = [(one, _next_price(account, one, here, end)) for one in _on_path(account, symbol)]
            ahead = [(abs(price - here), order.number, order, price) for order, price in met if price is not None]
            if not ahead:
                break
            _, _, order, price = min(ahead, key=lambda one: one[:2])
            _follow(account, symbol, price)
            here = price
            _act(account, order, price, end)
        _follow(account, symbol, end)
    return account


def _on_path(account: Account, symbol: int) -> list[Order]:
    return [
        order
        for order in account.working(symbol)
        if order.in_bar and order.type is not OrderType.MARKET and order.tif not in (*ONE_OPEN, TimeInForce.CLS)
    ]


def _follow(account: Account, symbol: int, price: Decimal) -> None:
    for order in _on_path(account, symbol):
        if order.waits_for_trigger:
            order.follow(price)


def _next_price(account: Account, order: Order, here: Decimal, end: Decimal) -> Decimal | None:
    """Where on the straight move from here to its end the order next does something."""
    if order.waits_for_trigger:
        if order.triggers_at(here):
            return here
        stop = order.stop
        if stop is None or not min(here, end) <= stop <= max(here, end):
            return None
        # A trailing stop comes nearer only while the price moves away from it.
        towards = order.side * (end - here) > 0
        return stop if towards is (order.type in STOPS) else None
    if volume_for(account, order, order.rest) <= 0:
        return None
    if order.type not in LIMITED:
        return here
    limit = order.limit
    assert limit is not None
    if order.within_limit(here):
        price = here
    elif order.within_limit(end):
        price = limit
    else:
        return None
    if account.settings.limit_fills is LimitPolicy.THROUGH and only_touched(order, price, end):
        return None
    return price


def only_touched(order: Order, price: Decimal, end: Decimal) -> bool:
    """Whether the limit is met at the price, and the move does not go beyond it from here on."""
    return price == order.limit and order.side * (end - price) >= 0


def _act(account: Account, order: Order, price: Decimal, end: Decimal) -> None:
    if not order.at_price(price):
        return
    touched = order.type in LIMITED and only_touched(order, price, end)
    if touched and account.settings.limit_fills is LimitPolicy.THROUGH:
        return
    filled_before = order.filled
    fill(account, order, price)
    account.n_touch_fills += touched and order.filled > filled_before
