"""The checks before an order, which no path to the broker goes around, and those that go on beside it.

All limits are looked at and all violations told. A limit on what is held never stops an order that only makes it less,
or nobody could get out of what is too large already. Worst cases count: open orders are taken to fill, whichever way
hurts more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from scizor.domain.trading.exposure import RiskBook
from scizor.domain.trading.limits import Limit, LimitSet, Rule, Scope
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.question import Prices, Question, Sums, summed
from scizor.domain.trading.rules import RULES, Violation, above, over_equity, unpriced


def check(
    order: OrderRequest,
    book: RiskBook,
    limits: LimitSet,
    now: datetime,
    prices: Prices,
    *,
    filled: Decimal = ZERO,
) -> tuple[Violation, ...]:
    """Every limit that the order would break; none lets it pass.

    For new terms of an open order pass it with them, under its own id, and what of it has `filled`.
    """
    ask = Question(order, book, now, prices, filled)
    binding = limits.binding(order.account, order.strategy_id, order.instrument)
    return tuple(broken for limit in binding if (broken := RULES[limit.rule](ask, limit)) is not None)


def shrinks(order: OrderRequest, book: RiskBook, now: datetime, prices: Prices, *, filled: Decimal = ZERO) -> bool:
    """Whether it can only take away from what the account holds, whatever else is open fills."""
    return Question(order, book, now, prices, filled).reduces


def breaches(book: RiskBook, limits: Iterable[Limit], prices: Prices) -> tuple[Violation, ...]:
    """Limits that are broken as things stand, no order asked: by prices that moved, or by losses."""
    return tuple(broken for limit in limits if (broken := _breach(book, limit, prices)) is not None)


def _breach(book: RiskBook, limit: Limit, prices: Prices) -> Violation | None:
    if limit.scope is Scope.SYMBOL:
        return None
    owner = limit.key if limit.scope is Scope.STRATEGY else ""
    funds = book.funds_of(owner)
    match limit.rule:
        case Rule.DAILY_LOSS:
            return above(limit, funds.day_loss, "the day's loss")
        case Rule.DRAWDOWN:
            return above(limit, funds.drawdown, "drawdown")
        case Rule.GROSS_EXPOSURE | Rule.NET_EXPOSURE | Rule.LEVERAGE:
            sums = summed(book.holdings(owner), prices)
            return unpriced(limit) if sums is None else _exposed(limit, sums, funds.equity)
        case _:
            return None


def _exposed(limit: Limit, sums: Sums, equity: Decimal) -> Violation | None:
    match limit.rule:
        case Rule.LEVERAGE:
            return over_equity(limit, sums.gross, equity, "leverage")
        case Rule.GROSS_EXPOSURE:
            return above(limit, sums.gross, "gross exposure")
        case _:
            return above(limit, max(abs(sums.highest), abs(sums.lowest)), "net exposure")
