"""The limits people set: what rule, for whom, how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from itertools import groupby

from scizor.domain.errors import InvalidInput


class Rule(IntEnum):
    """What is limited, and in what its value is counted; numbers equal the contract's."""

    ORDER_QUANTITY = 1  # shares
    ORDER_NOTIONAL = 2  # base currency
    POSITION_QUANTITY = 3  # shares, long or short, open orders filled
    POSITION_NOTIONAL = 4  # base currency, likewise
    GROSS_EXPOSURE = 5  # base currency: longs and shorts added
    NET_EXPOSURE = 6  # base currency: longs less shorts, whichever way
    CONCENTRATION = 7  # fraction of equity in one instrument
    LEVERAGE = 8  # gross exposure over equity
    BUYING_POWER = 9  # fraction of what an order opens that available funds must pay
    DAILY_LOSS = 10  # base currency since the day began
    DRAWDOWN = 11  # fraction below the highest equity
    ORDER_RATE = 12  # orders in a minute
    OPEN_ORDERS = 13  # orders
    DUPLICATE = 14  # seconds in which the same order may not come again
    PRICE_COLLAR = 15  # fraction that a limit may be worse than the last price
    PRICE_AGE = 16  # seconds
    RESTRICTED = 17  # no value: the instrument may not be traded
    MARKET_HOURS = 18  # no value: only while its exchange is open, orders that wait for it excepted
    SHORT_SALE = 19  # shares that may be short, 0 for none

    @property
    def has_value(self) -> bool:
        """Whether it is a question of how much."""
        return self not in (Rule.RESTRICTED, Rule.MARKET_HOURS)

    @property
    def is_fraction(self) -> bool:
        """Whether values above 1 make no sense."""
        return self in (Rule.BUYING_POWER, Rule.DRAWDOWN, Rule.PRICE_COLLAR)


class Scope(IntEnum):
    """Whose limit it is; numbers equal the contract's. A SYMBOL's counts the account's orders of that instrument."""

    ACCOUNT = 1
    STRATEGY = 2
    SYMBOL = 3


_NOT_OF_A_SYMBOL = frozenset(
    {Rule.GROSS_EXPOSURE, Rule.NET_EXPOSURE, Rule.LEVERAGE, Rule.DAILY_LOSS, Rule.DRAWDOWN, Rule.ORDER_RATE}
)


@dataclass(frozen=True, slots=True)
class Limit:
    """`key`: the account, the strategy's id or the instrument's reference, as `scope` has it."""

    id: str
    rule: Rule
    scope: Scope
    key: str
    value: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not (self.value.is_finite() and self.value >= 0):
            raise InvalidInput.of_field("limit.value", f"must be 0 or more, and finite, is {self.value}")
        if self.rule.is_fraction and self.value > 1:
            raise InvalidInput.of_field("limit.value", f"is a fraction of 1 for {self.rule.name}, is {self.value}")
        if self.rule is Rule.BUYING_POWER and self.scope is not Scope.ACCOUNT:
            raise InvalidInput.of_field("limit.scope", f"{self.rule.name} is a limit of an account")
        if self.rule in _NOT_OF_A_SYMBOL and self.scope is Scope.SYMBOL:
            raise InvalidInput.of_field("limit.scope", f"{self.rule.name} is a limit of an account or a strategy")


class LimitSet:
    """Limits, found by whom they bind."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        ordered = sorted(limits, key=lambda one: (one.scope, one.key, one.rule, one.id))
        self._found = {who: tuple(group) for who, group in groupby(ordered, key=lambda one: (one.scope, one.key))}

    def binding(self, account: str, strategy_id: str, instrument: str) -> tuple[Limit, ...]:
        """Those that an order of these must keep, the account's first."""
        found = self._found.get((Scope.ACCOUNT, account), ()) + self._found.get((Scope.SYMBOL, instrument), ())
        return found + self._found.get((Scope.STRATEGY, strategy_id), ()) if strategy_id else found
