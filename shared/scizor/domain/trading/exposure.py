"""What an account holds and what its open orders may still make of it: the book that risk checks read.

Of an instrument both ways count: all buys filled and no sell, all sells filled and no buy. Orders of one group cancel
each other, so only the largest of them counts, and an exit counts only once its entry has filled.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from scizor.domain.orders import Side
from scizor.domain.trading.money import ZERO

MINUTE = timedelta(minutes=1)
DUPLICATES_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Funds:
    """The account in base currency. `available`: what may be spent, orders that are open left aside."""

    equity: Decimal
    available: Decimal
    day_start_equity: Decimal
    peak_equity: Decimal

    @property
    def day_loss(self) -> Decimal:
        """Since the day began; negative after a gain."""
        return self.day_start_equity - self.equity

    @property
    def drawdown(self) -> Decimal:
        """The fraction it is below its highest."""
        return 1 - self.equity / self.peak_equity if self.peak_equity > 0 else ZERO


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """What of an order the book needs. `remaining`: shares that may still fill."""

    id: str
    strategy_id: str
    instrument: str
    side: Side
    remaining: Decimal
    group: str = ""
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares held, and shares that open orders may add either way; `buying` and `selling` are 0 or more.

    `highest`, `lowest`: the position with every buy, or every sell, filled; `worst`: the most shares it may come to,
    long or short; `opening`: how many more than now that is. Checks read these often, so they are found once.
    """

    shares: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    highest: Decimal = field(init=False)
    lowest: Decimal = field(init=False)
    worst: Decimal = field(init=False)
    opening: Decimal = field(init=False)

    def __post_init__(self) -> None:
        highest, lowest = self.shares + self.buying, self.shares - self.selling
        worst = max(abs(highest), abs(lowest))
        object.__setattr__(self, "highest", highest)
        object.__setattr__(self, "lowest", lowest)
        object.__setattr__(self, "worst", worst)
        object.__setattr__(self, "opening", worst - abs(self.shares))


_NOTHING = Holding()
Key = tuple[str, str]


@dataclass(slots=True)
class RiskBook:
    """Positions and open orders of one account, kept up to date as they change; "" stands for the whole account.

    `strategy_funds`: of strategies that have capital of their own; the others count by the account's.
    """

    funds: Funds
    strategy_funds: dict[str, Funds] = field(default_factory=dict)
    _shares: dict[Key, Decimal] = field(default_factory=dict)
    _orders: dict[str, OpenOrder] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _by_key: defaultdict[Key, dict[str, OpenOrder]] = field(default_factory=lambda: defaultdict(dict))
    _holdings: defaultdict[str, dict[str, Holding]] = field(default_factory=lambda: defaultdict(dict))
    _sent: defaultdict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))
    _alike: dict[tuple[object, ...], datetime] = field(default_factory=dict)

    def funds_of(self, strategy_id: str) -> Funds:
        """Of a strategy, or with "" of the account."""
        return self.strategy_funds.get(strategy_id, self.funds)

    def set_position(self, strategy_id: str, instrument: str, shares: Decimal) -> None:
        """What a strategy holds, or with "" the account."""
        self._shares[strategy_id, instrument] = shares
        self._renew((strategy_id, instrument))

    def keep(self, order: OpenOrder) -> None:
        """An open order as it stands; nothing remaining takes it out."""
        self.drop(order.id)
        if order.remaining <= 0:
            return
        self._orders[order.id] = order
        self._counts.update({"", order.strategy_id})
        for key in _keys(order):
            self._by_key[key][order.id] = order
        self._renew_with_exits(order)

    def drop(self, order_id: str) -> None:
        """The order has ended, or is unknown."""
        order = self._orders.pop(order_id, None)
        if order is not None:
            self._counts.subtract({"", order.strategy_id})
            for key in _keys(order):
                del self._by_key[key][order_id]
            self._renew_with_exits(order)

    def note_sent(self, strategy_id: str, alike: tuple[object, ...], now: datetime) -> None:
        """An order was let through: it counts for rates and as the pattern of duplicates."""
        for times in (self._sent[key] for key in {"", strategy_id}):
            times.append(now)
            while times[0] <= now - MINUTE:
                times.popleft()
        self._alike.pop(alike, None)
        self._alike[alike] = now
        if len(self._alike) > DUPLICATES_KEPT:
            del self._alike[next(iter(self._alike))]

    def sent_within_a_minute(self, strategy_id: str, now: datetime) -> int:
        """Orders let through in the minute before."""
        times = self._sent[strategy_id]
        return len(times) - bisect_right(times, now - MINUTE)

    def last_alike(self, alike: tuple[object, ...]) -> datetime | None:
        """When the same order was let through last."""
        return self._alike.get(alike)

    def is_open(self, order_id: str) -> bool:
        """Whether some of it may still fill."""
        return order_id in self._orders

    def open_orders(self, strategy_id: str) -> int:
        """How many there are."""
        return self._counts[strategy_id]

    def orders_of(self, instrument: str) -> int:
        """How many of the instrument there are."""
        return len(self._by_key[("", instrument)])

    def holding(self, strategy_id: str, instrument: str) -> Holding:
        """As it is."""
        return self._holdings[strategy_id].get(instrument, _NOTHING)

    def holding_with(self, strategy_id: str, order: OpenOrder) -> Holding:
        """As it would be with the order, in place of the one of the same id."""
        key = (strategy_id, order.instrument)
        orders = {**self._by_key[key], order.id: order}
        return self._held(self._shares.get(key, ZERO), orders.values())

    def holdings(self, strategy_id: str) -> Mapping[str, Holding]:
        """All that are not nothing, by instrument."""
        return self._holdings[strategy_id]

    def _renew_with_exits(self, order: OpenOrder) -> None:
        # An entry that comes or goes changes whether its exits count; they are of its instrument and strategy.
        for key in _keys(order):
            self._renew(key)

    def _renew(self, key: Key) -> None:
        held = self._held(self._shares.get(key, ZERO), self._by_key[key].values())
        if held == _NOTHING:
            self._holdings[key[0]].pop(key[1], None)
        else:
            self._holdings[key[0]][key[1]] = held

    def _held(self, shares: Decimal, orders: Iterable[OpenOrder]) -> Holding:
        adding = {Side.BUY: ZERO, Side.SELL: ZERO}
        largest: dict[tuple[str, Side], Decimal] = {}
        for order in orders:
            if order.parent_id in self._orders:
                continue
            if order.group:
                key = (order.group, order.side)
                largest[key] = max(largest.get(key, ZERO), order.remaining)
            else:
                adding[order.side] += order.remaining
        for (_, side), most in largest.items():
            adding[side] += most
        return Holding(shares, adding[Side.BUY], adding[Side.SELL])


def _keys(order: OpenOrder) -> set[Key]:
    return {("", order.instrument), (order.strategy_id, order.instrument)}
