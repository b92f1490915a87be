"""What no market takes is refused before anybody is asked, every field by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderType, TimeInForce
from scizor.domain.trading.orders import Terms, check_increments, check_terms
from tests.unit.trading.build import NOW, TERMS

D = Decimal
PRICED: dict[OrderType, dict[str, Any]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit": D(50)},
    OrderType.STOP: {"stop": D(51)},
    OrderType.STOP_LIMIT: {"limit": D(50), "stop": D(51)},
    OrderType.TRAILING: {"trail_fraction": D("0.05")},
    OrderType.MARKET_IF_TOUCHED: {"stop": D(49)},
    OrderType.LIMIT_IF_TOUCHED: {"limit": D(50), "stop": D(49)},
}
ALL_PRICES = {"limit": D(50), "stop": D(51), "trail_amount": D(1), "trail_fraction": D("0.05")}


def fields_broken(terms: Terms) -> set[str]:
    try:
        check_terms(terms)
    except InvalidInput as refused:
        return {one.field for one in refused.violations}
    return set()


@pytest.mark.parametrize("kind", OrderType)
def test_each_type_takes_its_own_prices_and_misses_each_of_them(kind: OrderType) -> None:
    assert fields_broken(Terms(D(100), kind, **PRICED[kind])) == set()
    for name in PRICED[kind]:
        told = "trail_amount" if name.startswith("trail") else name
        without = {**PRICED[kind], name: None}
        assert fields_broken(Terms(D(100), kind, **without)) == {told}


@pytest.mark.parametrize("kind", OrderType)
def test_no_type_takes_prices_of_another(kind: OrderType) -> None:
    allowed = {*PRICED[kind], *({"stop"} if kind is OrderType.TRAILING else set())}
    for name in set(ALL_PRICES) - allowed:
        terms = Terms(D(100), kind, **{**PRICED[kind], name: ALL_PRICES[name]})
        assert fields_broken(terms), name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": D(0)}, "quantity"),
        ({"quantity": D("NaN")}, "quantity"),
        ({"limit": D(-1)}, "limit"),
        ({"tif": TimeInForce.GTD}, "good_till"),
        ({"good_till": NOW}, "good_till"),
        ({"tif": TimeInForce.GTD, "good_till": datetime(2026, 11, 20)}, "good_till"),  # noqa: DTZ001 - the mistake
        ({"tif": TimeInForce.OPG, "outside_rth": True}, "outside_rth"),
        ({"type": OrderType.STOP_LIMIT, "stop": D(1), "tif": TimeInForce.IOC}, "tif"),
        ({"type": OrderType.TRAILING, "limit": None, "trail_fraction": D(1)}, "trail_fraction"),
    ],
)
def test_a_broken_rule_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert fields_broken(replace(TERMS, **changes)) == {field}


def test_all_broken_fields_are_told_at_once() -> None:
    assert fields_broken(replace(TERMS, quantity=D(-1), limit=None, tif=TimeInForce.GTD)) == {
        "quantity",
        "limit",
        "good_till",
    }


def test_prices_are_multiples_of_the_tick_and_quantities_of_the_lot() -> None:
    check_increments(TERMS, D("0.01"), D(1))
    with pytest.raises(InvalidInput) as refused:
        check_increments(replace(TERMS, limit=D("50.005"), quantity=D("1.5")), D("0.01"), D(1))
    assert [one.field for one in refused.value.violations] == ["limit", "quantity"]
