"""How long the checks before an order take that hold the event loop: nothing else happens meanwhile.

The account is a full one: two hundred limits, five hundred open orders of several strategies, a hundred instruments
held. Every limit that can bind the order does, and none is broken, so that none is left out.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final, cast

import numpy as np

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, Side
from scizor.domain.trading.exposure import Funds, RiskBook
from scizor.domain.trading.limits import Limit, LimitSet, Rule, Scope
from scizor.domain.trading.money import Rates
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.question import Prices, opened, pattern
from scizor.domain.trading.trading_state import TradingState
from scizor.domain.trading.valuation import Mark
from scizor.ports.trading import AccountState
from scizor.services.trading.risk.guard import RiskGuard

MARK_MS: Final = 1.0
"""What the p99 of a check may be."""
_LIMITS, _ORDERS, _INSTRUMENTS, _STRATEGIES = 200, 500, 100, 10
_WARM_UP, _CHECKS = 500, 20_000
_ACCOUNT: Final = "DU1"
_NOW: Final = datetime(2026, 1, 5, 15, tzinfo=UTC)
_ENOUGH: Final = Decimal("1e12")
_SMALL: Final[Mapping[Rule, Decimal]] = {
    **dict.fromkeys([rule for rule in Rule if rule.is_fraction], Decimal(1)),
    Rule.BUYING_POWER: Decimal("0.01"),
    Rule.DUPLICATE: Decimal(0),
}
_HARMLESS: Final = tuple(rule for rule in Rule if rule is not Rule.RESTRICTED)
"""All but the one that refuses whatever it binds."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds. `check`: of each order; `open`: of the change of the book that follows it."""

    check: list[float]
    open: list[float]
    binding: int

    @property
    def p99_ms(self) -> float:
        """Of a check."""
        return float(np.percentile(self.check, 99))

    def lines(self) -> Iterable[str]:
        """A table."""
        yield f"With {_LIMITS} limits, of which {self.binding} bind the order, {_ORDERS} open orders and {_INSTRUMENTS}"
        yield "instruments held, in the service's own process, state and prices read each time."
        yield ""
        yield "| work | p50, ms | p99, ms |"
        yield "|---|---:|---:|"
        rows = {"all checks of an order": self.check, "the book brought up to date with it": self.open}
        for name, values in rows.items():
            yield f"| {name} | {np.percentile(values, 50):.3f} | {np.percentile(values, 99):.3f} |"
        yield ""


def lines() -> Iterable[str]:
    """In this process."""
    yield from measure().lines()


def measure() -> Measured:
    """Orders of all strategies and instruments in turn."""
    book, limits = _book(), LimitSet(_limits())
    guard = _guard(book, limits)
    checked, kept = [], []
    gc.collect()
    for number in range(_WARM_UP + _CHECKS):
        order = _order(number)
        began = time.perf_counter_ns()
        guard.check(order)
        done = time.perf_counter_ns()
        book.note_sent(order.strategy_id, pattern(order), _NOW)
        book.keep(opened(order))
        after = time.perf_counter_ns()
        book.drop(order.id)
        if number >= _WARM_UP:
            checked.append((done - began) / 1e6)
            kept.append((after - done) / 1e6)
    order = _order(0)
    return Measured(checked, kept, len(limits.binding(_ACCOUNT, order.strategy_id, order.instrument)))


def _guard(book: RiskBook, limits: LimitSet) -> RiskGuard:
    prices = _prices()
    state = AccountState(_ACCOUNT, TradingState.ACTIVE, _NOW)
    standing = cast("Any", SimpleNamespace(limits=limits, state=lambda _: state))
    clock = cast("Any", SimpleNamespace(now=lambda: _NOW))
    books = cast("Any", SimpleNamespace(risk=book))
    return RiskGuard(_ACCOUNT, lambda: books, lambda: prices, standing, cast("Any", None), clock)


def _limits() -> Iterable[Limit]:
    """All there can be of the account, then of strategies and instruments in turn, until there are enough."""
    owners = [(Scope.ACCOUNT, _ACCOUNT)]
    for number in range(_INSTRUMENTS):
        owners += [(Scope.STRATEGY, _strategy(number))] if number < _STRATEGIES else []
        owners += [(Scope.SYMBOL, _instrument(number))]
    found: list[Limit] = []
    for scope, key in owners:
        found += [
            Limit(f"{rule.name} {key}", rule, scope, key, _SMALL.get(rule, _ENOUGH))
            for rule in _HARMLESS
            if _may_be(rule, scope)
        ]
    return found[:_LIMITS]


def _may_be(rule: Rule, scope: Scope) -> bool:
    try:
        Limit("", rule, scope, "", Decimal(0))
    except InvalidInput:
        return False
    return True


def _book() -> RiskBook:
    rich = Funds(Decimal(10**9), Decimal(10**9), Decimal(10**9), Decimal(10**9))
    book = RiskBook(rich, {_strategy(number): rich for number in range(_STRATEGIES)})
    for number in range(_INSTRUMENTS):
        for owner in ("", _strategy(number)):
            book.set_position(owner, _instrument(number), Decimal(100))
    for number in range(_ORDERS):
        book.keep(opened(_order(number, f"open-{number}")))
    return book


def _prices() -> Prices:
    marks = {
        _instrument(number): Mark(Decimal(50 + number), _NOW - timedelta(seconds=1)) for number in range(_INSTRUMENTS)
    }
    return Prices(marks, Rates("USD"))


def _order(number: int, order_id: str = "asked") -> OrderRequest:
    terms = Terms(Decimal(number + 1), OrderType.LIMIT, limit=Decimal(50))  # no order is like another
    side = Side.BUY if number % 2 else Side.SELL
    strategy, instrument = _strategy(number), _instrument(number)
    return OrderRequest(order_id, f"{order_id}-{number}", _ACCOUNT, instrument, side, terms, strategy_id=strategy)


def _strategy(number: int) -> str:
    return f"strategy-{number % _STRATEGIES}"


def _instrument(number: int) -> str:
    return f"N{number % _INSTRUMENTS}.NASDAQ.USD"
