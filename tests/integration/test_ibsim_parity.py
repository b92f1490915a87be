"""Fills of whole sessions are those of the fill model on the sessions' bars, to the cent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest

from scizor.services.ibsim.broker.fill_rules import FillAt, FillRules
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.broker.words import Terms
from scizor.services.ibsim.market import SimMarket
from scizor.services.ibsim.market.api import BarSize, ContractQuery, Listing, SimBar

FIRST_EVENING = datetime(2024, 3, 1, 23, 0, tzinfo=UTC)
"""A Friday in New York, the session over."""
DAYS = 21


class Evenings:
    """A clock that stands at 23:00 UTC until it is moved."""

    def __init__(self) -> None:
        self.instant = FIRST_EVENING

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, simulated_s: float) -> None:
        raise NotImplementedError


@cache
def market() -> SimMarket:
    return SimMarket(1, Evenings())


def apple() -> Listing:
    return market().find(ContractQuery(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD"))[0]


def bars_after(first: datetime) -> Sequence[SimBar]:
    bars = market().bars(apple(), BarSize.D1, None, "2 M", "TRADES", regular_hours=True)
    return [bar for bar in bars if bar.session > first.date()]


def expected(terms: Terms, bars: Sequence[SimBar]) -> tuple[str, float] | None:
    """Session and price of the fill of an order that is good until cancelled, as the fill model has it on bars."""
    sign = terms.sign
    for bar in bars:
        session = bar.session.isoformat()
        worst, best = (bar.high, bar.low) if terms.buys else (bar.low, bar.high)
        match terms.order_type:
            case "MKT":
                return session, bar.open
            case "MOC":
                return session, bar.close
            case "LMT" | "MIT":
                level = float(terms.limit_price or terms.aux_price or 0)
                reached = sign * best < sign * level or (terms.order_type == "MIT" and best == level)
                if reached:
                    return session, min(sign * bar.open, sign * level) * sign
            case "STP":
                level = float(terms.aux_price or 0)
                if sign * worst >= sign * level:
                    return session, max(sign * bar.open, sign * level) * sign
    return None


def orders(count: int) -> list[Terms]:
    chance = random.Random(7)  # noqa: S311 - made to be repeated
    last = Decimal(str(market().quote(apple()).last))
    made = []
    for number in range(count):
        action = "BUY" if number % 2 else "SELL"
        kind = ("MKT", "LMT", "STP", "MIT", "MOC")[number % 5]
        level = (last * Decimal(chance.randint(930, 1070)) / 1000).quantize(Decimal("0.01"))
        limit, aux = {"LMT": (level, None), "STP": (None, level), "MIT": (None, level)}.get(kind, (None, None))
        made.append(Terms(action, Decimal(1), kind, limit, aux, tif="GTC"))
    return made


@pytest.mark.parametrize("every_days", [1, DAYS], ids=["looked at every evening", "looked at once"])
def test_orders_fill_over_the_sessions_as_on_their_bars(every_days: int) -> None:
    clock = market().clock
    assert isinstance(clock, Evenings)
    clock.instant = FIRST_EVENING
    journal = Journal(None)
    broker = Broker(market(), journal, FillRules(fill_at=FillAt.LAST))
    placed = orders(50)
    for number, terms in enumerate(placed):
        broker.place(1, number + 1, apple(), terms)
    for _ in range(0, DAYS, every_days):
        clock.instant += timedelta(days=every_days)
        list(broker.match())
    bars = bars_after(FIRST_EVENING)
    assert len(bars) == DAYS // 7 * 5
    filled = {fill.order.order_id: (fill.time.date().isoformat(), float(fill.price)) for fill in broker.books().fills}
    wanted = {number + 1: fill for number, terms in enumerate(placed) if (fill := expected(terms, bars))}
    assert filled == wanted
    assert 20 < len(filled) < 50
    journal.close()
