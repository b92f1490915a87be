"""The words of orders, as backtests, the simulated gateway and trading use them."""

from __future__ import annotations

from enum import IntEnum


class Side(IntEnum):
    """What an order does; the number is the sign of the shares it adds."""

    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    """How an order meets a price."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING = 5
    MARKET_IF_TOUCHED = 6
    LIMIT_IF_TOUCHED = 7


class TimeInForce(IntEnum):
    """How long an order lives. MARKET with OPG is a market-on-open order, with CLS a market-on-close order."""

    DAY = 1
    GTC = 2
    GTD = 3
    IOC = 4
    FOK = 5
    OPG = 6
    CLS = 7


class OrderState(IntEnum):
    """Where an order stands in a simulation. HELD: an exit whose entry has not filled yet."""

    HELD = 1
    WORKING = 2
    FILLED = 3
    CANCELLED = 4
    EXPIRED = 5
    REJECTED = 6

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self >= OrderState.FILLED


class OrderEnd(IntEnum):
    """Why an order ended without being filled whole; NONE for one that was, or still lives."""

    NONE = 0
    ASKED = 1  # the strategy cancelled it
    REPLACED = 2  # a newer order by weight of the same symbol took its place
    TIME_IN_FORCE = 3
    GROUP = 4  # another order of its OCO group filled
    PARENT = 5  # its bracket's entry ended unfilled
    INSUFFICIENT_FUNDS = 6
    NOT_SHORTABLE = 7  # a CASH account sells only what it has
    SPLIT = 8  # less than a lot was left of it
    DELISTED = 9
    RUIN = 10
    END_OF_RUN = 11
    NOTHING_TO_DO = 12  # the quantity of an order by weight came to nothing


class FillCause(IntEnum):
    """What led to a fill: an order of the strategy, or the account itself."""

    ORDER = 1
    WEIGHT = 2
    TAKE_PROFIT = 3
    STOP_LOSS = 4
    MARGIN_CALL = 5
    DELISTING = 6
    RUIN = 7
    END_OF_RUN = 8
    SPLIT = 9  # less than a share was left


class EventKind(IntEnum):
    """What happened in a simulation; `value` is what the event carries."""

    FILLED = 1  # value: shares
    TRIGGERED = 2  # value: the price
    ENDED = 3  # cancelled or expired; value: the shares that had filled
    REJECTED = 4
    LIVE = 5  # an exit whose entry has filled; value: shares
    SPLIT = 6  # value: the ratio
    DIVIDEND = 7  # value: what became due, quote currency
    MARGIN_CALL = 8  # value: the fraction by which positions are to be reduced
    DELISTED = 9
    RUINED = 10


class AccountType(IntEnum):
    """What an account may borrow."""

    CASH = 1  # neither money nor shares
    UNLEVERED = 2  # shares, no money
    MARGIN = 3  # both, within the margin rates


class FillTiming(IntEnum):
    """When a MARKET order fills. SAME_CLOSE fills at the price its decision was taken from: for comparison only."""

    NEXT_OPEN = 1
    NEXT_CLOSE = 2
    SAME_CLOSE = 3


class PathPolicy(IntEnum):
    """Which way the price is taken to have gone within a bar."""

    WORST_CASE = 1
    BEST_CASE = 2
    OHLC = 3
    OLHC = 4
    NEAREST_EXTREME = 5


class LimitPolicy(IntEnum):
    """Whether a limit fills that the price only touches."""

    TOUCH = 1
    THROUGH = 2


class PriceRounding(IntEnum):
    """What is done to a fill price that is no multiple of the tick."""

    NONE = 0
    NEAREST = 1
    ADVERSE = 2
