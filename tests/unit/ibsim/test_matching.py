"""Orders of the simulated gateway act by the engine's rule."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scizor.services.ibsim.broker.times import parse_instant
from scizor.services.ibsim.broker.view import View, present_stop
from scizor.services.ibsim.broker.words import Order, Refusal, Status, Terms
from scizor.services.ibsim.market.api import DataRange, Listing

NOW = datetime(2024, 3, 14, 15, 0, tzinfo=UTC)
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


def view(kind: str, action: str = "BUY", **terms: str) -> View:
    prices = {name: Decimal(price) for name, price in terms.items()}
    placed = Terms(action, Decimal(100), kind, **prices)  # type: ignore[arg-type]  # only prices are given here
    return View(Order(1, 1, 1, LISTING, placed, Status.SUBMITTED, NOW), NOW)


@pytest.mark.parametrize(("action", "limit", "beyond"), [("BUY", "99.6", 99.59), ("SELL", "100.4", 100.41)])
def test_a_limit_that_rests_is_met_once_the_price_goes_beyond_it(action: str, limit: str, beyond: float) -> None:
    order = view("LMT", action, limit_price=limit)
    assert math.isnan(order.meets(100.0, float(limit)))
    assert math.isnan(order.meets(float(limit), 100.0))
    assert order.meets(100.0, beyond) == float(limit)


@pytest.mark.parametrize("cents", range(9_000, 9_100))
def test_a_trade_at_the_limit_is_none_beyond_it_whatever_its_binary_fraction(cents: int) -> None:
    assert math.isnan(view("LMT", limit_price=str(Decimal(cents) / 100)).meets(100.0, cents / 100))


@pytest.mark.parametrize(
    ("kind", "action", "met_at"),
    [("STP", "BUY", 101.0), ("STP", "SELL", 99.0), ("MIT", "BUY", 99.0), ("MIT", "SELL", 101.0)],
)
def test_stops_wait_for_the_price_to_turn_and_touches_for_it_to_come(kind: str, action: str, met_at: float) -> None:
    order = view(kind, action, aux_price=str(met_at))
    away = 200.0 - met_at
    assert math.isnan(order.meets(100.0, away))
    assert order.meets(100.0, met_at) == met_at
    assert not order.reaches(min(100.0, away), max(100.0, away))
    assert order.reaches(min(100.0, met_at), max(100.0, met_at))


def test_a_stop_limit_is_a_limit_once_triggered() -> None:
    order = view("STP LMT", aux_price="101", limit_price="100.5")
    assert order.waits_for_trigger
    assert not order.at(101.0)
    assert order.is_limit
    assert not order.within(101.0)
    assert order.meets(101.0, 100.4) == 100.5


@pytest.mark.parametrize(
    ("terms", "stop"), [({"aux_price": "2"}, 103.0), ({"trailing_percent": "2"}, 103.02)], ids=["amount", "percent"]
)
def test_the_stop_of_a_trailing_sell_follows_the_highest_price(terms: dict[str, str], stop: float) -> None:
    order = view("TRAIL", "SELL", **terms)
    for price in (100.0, 105.0 if "aux_price" in terms else 105.1225, 104.0):
        order.follow(price)
    assert order.trigger == pytest.approx(stop, abs=0.01)
    assert order.meets(104.0, 102.0) == order.trigger


def test_a_trailing_stop_may_begin_where_the_client_says() -> None:
    order = view("TRAIL", "SELL", aux_price="2", trail_stop_price="97")
    assert (order.extreme, order.trigger) == (99.0, 97.0)
    order.follow(98.5)
    assert order.trigger == 97.0
    order.follow(99.5)
    assert order.trigger == 97.5
    assert present_stop(order.order) == Decimal("97.0")


def test_a_trailing_limit_is_left_at_its_offset_from_the_stop_that_triggered() -> None:
    order = view("TRAIL LIMIT", "SELL", aux_price="2", limit_offset="0.5")
    order.follow(100.0)
    assert (order.trigger, order.limit) == (98.0, 97.5)
    order.at(97.9)
    order.follow(120.0)
    assert order.is_limit
    assert order.limit == 97.5


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20240314 15:59:00 US/Eastern", "2024-03-14T19:59:00+00:00"),
        ("20240314-15:59:00", "2024-03-14T15:59:00+00:00"),
        ("20240314 15:59", "2024-03-14T19:59:00+00:00"),
        ("20240314", "2024-03-15T03:59:59+00:00"),
    ],
)
def test_instants_are_read_as_clients_spell_them(text: str, instant: str) -> None:
    assert parse_instant(text, "America/New_York").isoformat() == instant


@pytest.mark.parametrize("text", ["", "tomorrow", "20241314", "20240314 25:00:00", "20240314 10:00:00 Mars/Base"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_instant(text, "America/New_York")
    assert refused.value.code == 337
