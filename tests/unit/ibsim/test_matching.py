"""Orders of the simulated gateway fill by the engine's rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scizor.services.ibsim.broker.matching import fill_price
from scizor.services.ibsim.broker.words import Order, Status, Terms
from scizor.services.ibsim.market.api import DataRange, Listing, SimQuote, SimTrade

NOW = datetime(2024, 3, 14, 15, 0, tzinfo=UTC)
QUOTE = SimQuote(NOW, 99.98, 100.02, 100.0, 100, 100, 100, 1_000, 100.0, 100.1, 99.9, 99.5, True)
LISTING = Listing(
    con_id=265598,
    symbol="AAPL",
    primary_exchange="NASDAQ",
    currency="USD",
    long_name="Apple",
    stock_type="COMMON",
    industry="",
    time_zone_id="America/New_York",
    min_tick=0.01,
    valid_exchanges=("SMART",),
    data=(DataRange("synthetic"),),
    first_session=date(2000, 1, 3),
)


def filled_at(action: str, limit: str | None, tape: Sequence[float] = ()) -> Decimal | None:
    terms = Terms(action, Decimal(100), "LMT" if limit else "MKT", Decimal(limit) if limit else None)
    order = Order(1, 1, 1, LISTING, terms, Status.SUBMITTED, NOW)
    return fill_price(order, QUOTE, [SimTrade(NOW, price, 100) for price in tape])


def test_a_market_order_takes_the_other_side() -> None:
    assert filled_at("BUY", None) == Decimal("100.02")
    assert filled_at("SELL", None) == Decimal("99.98")


@pytest.mark.parametrize(("action", "limit", "price"), [("BUY", "100.02", "100.02"), ("SELL", "99.5", "99.98")])
def test_a_limit_that_takes_the_other_side_gets_the_better_price(action: str, limit: str, price: str) -> None:
    assert filled_at(action, limit) == Decimal(price)


@pytest.mark.parametrize(("action", "limit", "beyond"), [("BUY", "99.6", 99.59), ("SELL", "100.4", 100.41)])
def test_a_limit_that_rests_fills_at_its_price_once_a_trade_went_beyond_it(
    action: str, limit: str, beyond: float
) -> None:
    assert filled_at(action, limit) is None
    assert filled_at(action, limit, [float(limit)]) is None
    assert filled_at(action, limit, [float(limit), 100.0]) is None
    assert filled_at(action, limit, [100.0, beyond]) == Decimal(limit)


@pytest.mark.parametrize("cents", range(9_000, 9_100))
def test_a_trade_at_the_limit_is_none_beyond_it_whatever_its_binary_fraction(cents: int) -> None:
    assert filled_at("BUY", str(Decimal(cents) / 100), [cents / 100]) is None
