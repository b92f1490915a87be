"""The table "An order at one price" of docs/fill-model.md, row by row; a sell is a buy in the mirror."""

from __future__ import annotations

import math

import pytest

from scizor.domain.orders import OrderType, Side
from scizor.engine.fills import at_price_nb

NONE = math.nan
IDLE, TRIGGERS, TRIGGERS_AND_FILLS = (False, False), (True, False), (True, True)
FILLS = (False, True)
SIDES = pytest.mark.parametrize("side", [1, -1])


def at(
    kind: OrderType, side: int, price: float, *, limit: float = NONE, trigger: float = NONE, was: bool = False
) -> object:
    """What an order does at a price; for a sell all prices are mirrored at 100."""
    mirrored = [price if side > 0 else 200.0 - price for price in (limit, trigger, price)]
    return at_price_nb(int(kind), side, was, *mirrored)


@SIDES
def test_a_market_order_fills_at_any_price(side: int) -> None:
    assert at(OrderType.MARKET, side, 100.0) == FILLS


@SIDES
@pytest.mark.parametrize(("price", "does"), [(99.0, FILLS), (100.0, FILLS), (101.0, IDLE)])
def test_a_limit_fills_at_its_limit_or_better(side: int, price: float, does: object) -> None:
    assert at(OrderType.LIMIT, side, price, limit=100.0) == does


@SIDES
@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.TRAILING])
@pytest.mark.parametrize(("price", "does"), [(99.0, IDLE), (100.0, TRIGGERS_AND_FILLS), (103.0, TRIGGERS_AND_FILLS)])
def test_a_stop_fills_at_its_stop_or_worse(side: int, kind: OrderType, price: float, does: object) -> None:
    assert at(kind, side, price, trigger=100.0) == does


@SIDES
@pytest.mark.parametrize(
    ("price", "does"),
    [(99.0, IDLE), (100.0, TRIGGERS_AND_FILLS), (102.0, TRIGGERS_AND_FILLS), (102.5, TRIGGERS)],
)
def test_a_stop_limit_triggers_at_its_stop_and_fills_within_its_limit(side: int, price: float, does: object) -> None:
    assert at(OrderType.STOP_LIMIT, side, price, trigger=100.0, limit=102.0) == does


@SIDES
@pytest.mark.parametrize(("price", "does"), [(101.0, IDLE), (100.0, TRIGGERS_AND_FILLS), (97.0, TRIGGERS_AND_FILLS)])
def test_a_market_if_touched_fills_at_its_touch_or_better(side: int, price: float, does: object) -> None:
    assert at(OrderType.MARKET_IF_TOUCHED, side, price, trigger=100.0) == does


@SIDES
@pytest.mark.parametrize(("price", "does"), [(101.0, IDLE), (100.0, TRIGGERS), (98.0, TRIGGERS_AND_FILLS)])
def test_a_limit_if_touched_triggers_at_its_touch_and_fills_at_its_limit(side: int, price: float, does: object) -> None:
    assert at(OrderType.LIMIT_IF_TOUCHED, side, price, trigger=100.0, limit=99.0) == does


@SIDES
@pytest.mark.parametrize("kind", [OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED])
def test_once_triggered_it_is_a_limit_wherever_the_price_went(side: int, kind: OrderType) -> None:
    assert at(kind, side, 95.0, trigger=100.0, limit=96.0, was=True) == TRIGGERS_AND_FILLS
    assert at(kind, side, 97.0, trigger=100.0, limit=96.0, was=True) == TRIGGERS


@SIDES
@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.TRAILING, OrderType.MARKET_IF_TOUCHED])
@pytest.mark.parametrize("price", [90.0, 110.0])
def test_what_is_left_of_a_triggered_stop_is_a_market_order(side: int, kind: OrderType, price: float) -> None:
    assert at(kind, side, price, trigger=100.0, was=True) == TRIGGERS_AND_FILLS


def test_the_sides_are_signs() -> None:
    assert (int(Side.BUY), int(Side.SELL)) == (1, -1)
