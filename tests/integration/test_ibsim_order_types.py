"""Every order type and time in force along the tape, as the fill model says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scizor.services.ibsim.broker.fill_rules import FillAt, FillRules
from tests.integration.ibsim_desk import table, told

FILLED = ["Filled", "commission"]
HELD, WORKS = "PreSubmitted", "Submitted"


@pytest.mark.parametrize(
    ("kind", "action", "prices", "to", "paid"),
    [
        ("STP", "BUY", {"aux_price": "101"}, 101.5, 101.02),
        ("STP", "SELL", {"aux_price": "99"}, 98.5, 98.98),
        ("MIT", "BUY", {"aux_price": "99"}, 98.5, 99.02),
        ("MIT", "SELL", {"aux_price": "101"}, 101.5, 100.98),
        ("STP LMT", "BUY", {"aux_price": "101", "limit_price": "101.01"}, 101.5, 101.01),
        ("STP LMT", "SELL", {"aux_price": "99", "limit_price": "98.5"}, 98.7, 98.98),
        ("LIT", "BUY", {"aux_price": "99", "limit_price": "99.5"}, 98.5, 99.02),
        ("TRAIL", "BUY", {"aux_price": "1"}, 101.5, 101.02),
        ("TRAIL", "SELL", {"trailing_percent": "1"}, 98.5, 98.98),
        ("TRAIL LIMIT", "SELL", {"aux_price": "1", "limit_offset": "0.5"}, 98.7, 98.98),
    ],
)
def test_a_simulated_type_is_held_until_its_trigger_and_pays_the_quote_there(
    kind: str, action: str, prices: dict[str, Any], to: float, paid: float
) -> None:
    with table() as at:
        assert at.place(kind, action, **prices) == [HELD]
        assert at.goes(100.0) == []
        assert at.goes(to) == [WORKS, paid, *FILLED]


def test_a_stop_limit_that_the_price_has_run_away_from_rests_at_its_limit() -> None:
    with table() as at:
        at.place("STP LMT", aux_price="101", limit_price="100.5")
        assert at.goes(101.2) == [WORKS]
        assert at.goes(100.5) == []
        assert at.goes(100.4) == [100.5, *FILLED]


def test_a_trailing_stop_follows_the_best_price_and_remembers_it(tmp_path: Path) -> None:
    with table(state=tmp_path / "state.sqlite") as at:
        at.place("TRAIL", "SELL", aux_price="1", tif="GTC")
        assert at.goes(103.0, 102.5) == []
        market = at.market
    with table(state=tmp_path / "state.sqlite", market=market) as at:
        assert at.order(1).extreme == Decimal(103)
        assert told(at.broker.match()) == []
        assert at.goes(102.2) == []
        assert at.goes(101.9) == [WORKS, 101.98, *FILLED]


def test_what_has_triggered_is_triggered_after_a_restart(tmp_path: Path) -> None:
    with table(state=tmp_path / "state.sqlite") as at:
        at.place("STP LMT", aux_price="101", limit_price="100.5", tif="GTC")
        at.goes(101.2)
        market = at.market
    with table(state=tmp_path / "state.sqlite", market=market) as at:
        assert told(at.broker.match()) == []
        assert at.goes(100.4) == [100.5, *FILLED]


def test_orders_along_one_move_act_in_the_order_their_prices_are_met() -> None:
    with table() as at:
        at.place("LMT", limit_price="98")
        at.place("STP", "SELL", aux_price="99")
        at.place("LMT", limit_price="98.5")
        assert at.goes(97.0) == [WORKS, 98.98, *FILLED, 98.5, *FILLED, 98.0, *FILLED]


@pytest.mark.parametrize(
    ("kind", "action", "prices", "opens", "paid"),
    [
        ("MKT", "BUY", {}, 105.0, 105.0),
        ("LMT", "BUY", {"limit_price": "101"}, 99.0, 99.0),
        ("STP", "BUY", {"aux_price": "101"}, 105.0, 105.0),
        ("STP", "SELL", {"aux_price": "99"}, 95.0, 95.0),
        ("TRAIL", "SELL", {"aux_price": "1"}, 95.0, 95.0),
        ("LMT", "BUY", {"limit_price": "101", "tif": "OPG"}, 99.0, 99.0),
        ("MKT", "SELL", {"tif": "OPG"}, 99.0, 99.0),
        ("MKT", "BUY", {"tif": "FOK"}, 99.0, 99.0),
    ],
)
def test_what_waited_for_the_open_fills_at_its_price(
    kind: str, action: str, prices: dict[str, Any], opens: float, paid: float
) -> None:
    with table() as at:
        at.market.is_open = False
        assert at.place(kind, action, **prices) == [HELD, 399]
        at.market.is_open = True
        heard = at.goes(opens)
        assert heard[-3:] == [paid, *FILLED]


@pytest.mark.parametrize("kind", ["MKT", "LMT"])
def test_an_order_for_the_open_waits_through_the_session_for_the_next(kind: str) -> None:
    with table() as at:
        limit: dict[str, Any] = {} if kind == "MKT" else {"limit_price": "99"}
        assert at.place(kind, tif="OPG", **limit) == [HELD]
        assert at.goes(98.0) == []
        at.market.is_open = False
        assert told(at.broker.match()) == []
        at.market.is_open = True
        expected = [WORKS, 99.5, *FILLED] if kind == "MKT" else ["Cancelled", 202]
        assert at.goes(99.5) == expected


@pytest.mark.parametrize(
    ("kind", "prices", "heard"),
    [
        ("MOC", {}, [WORKS, 98.0, *FILLED]),
        ("LOC", {"limit_price": "98.5"}, [WORKS, 98.0, *FILLED]),
        ("LOC", {"limit_price": "97.5"}, ["Cancelled", 202]),
    ],
)
def test_an_order_for_the_close_meets_the_last_price_and_nothing_before(
    kind: str, prices: dict[str, Any], heard: list[object]
) -> None:
    with table() as at:
        assert at.place(kind, **prices) == [HELD]
        assert at.goes(95.0, 98.0) == []
        at.market.is_open = False
        assert told(at.broker.match()) == heard


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_an_order_for_now_ends_when_now_is_over(tif: str) -> None:
    with table() as at:
        assert at.place("LMT", tif=tif, limit_price="99") == [HELD, WORKS, "Cancelled", 202]
        assert at.place("LMT", tif=tif, limit_price="101") == [HELD, WORKS, 100.02, *FILLED]


def test_what_cannot_fill_whole_is_killed_and_what_may_fills_in_part() -> None:
    with table(FillRules(max_participation=Decimal("0.1"))) as at:  # of the 500 shares at the quote
        assert at.place("MKT", tif="FOK") == [HELD, WORKS, "Cancelled", 202]
        assert at.place("MKT", tif="IOC") == [HELD, WORKS, 100.02, WORKS, "commission", "Cancelled", 202]
        assert at.order(2).filled == 50
        assert at.place("MKT", all_or_none=True) == [HELD, WORKS]


def test_a_good_till_date_order_ends_at_its_instant() -> None:
    with table() as at:
        at.place("LMT", tif="GTD", limit_price="90", good_till_date="20240314-15:00:02")
        assert at.goes(100.0) == []
        assert at.goes(89.0) == ["Cancelled", 202]


def test_a_good_after_time_order_waits_for_its_instant() -> None:
    with table() as at:
        assert at.place("MKT", good_after_time="20240314-15:00:02") == [HELD]
        assert at.goes(101.0) == []
        assert at.goes(102.0)[-3:] == [101.02, *FILLED]


def test_fills_at_the_last_price_pay_no_spread() -> None:
    with table(FillRules(fill_at=FillAt.LAST)) as at:
        assert at.place("MKT") == [HELD, WORKS, 100.0, *FILLED]
        at.place("STP", aux_price="101")
        assert at.goes(101.5) == [WORKS, 101.0, *FILLED]


def test_several_fills_make_one_order_with_one_minimum_commission() -> None:
    with table() as at:
        at.broker.demands.slice_shares = 40
        assert at.place("MKT") == [HELD, WORKS, 100.02, WORKS, "commission"]
        at.goes(101.0)
        at.goes(102.0)
        order = at.order(1)
        fills = at.broker.executions()
        assert [int(fill.shares) for fill in fills] == [40, 40, 20]
        assert [int(fill.order.filled) for fill in fills] == [40, 80, 100]
        assert order.status.value == "Filled"
        assert order.average_price == sum(fill.shares * fill.price for fill in fills) / 100
        assert [fill.commission for fill in fills] == [Decimal(1), Decimal(0), Decimal(0)]
        assert at.broker.positions()[0].shares == 100


def test_held_again_when_the_session_is_over() -> None:
    with table() as at:
        at.place("LMT", limit_price="90", tif="GTC")
        at.market.is_open = False
        assert told(at.broker.match()) == [HELD]
        at.market.is_open = True
        assert at.goes(100.0) == [WORKS]


def test_a_stop_already_passed_triggers_at_once() -> None:
    with table() as at:
        assert at.place("STP", aux_price="99") == [HELD, WORKS, 100.02, *FILLED]


def place_many(at: Any, count: int) -> None:
    kinds: list[tuple[str, str, dict[str, str]]] = [
        ("LMT", "BUY", {"limit_price": "90"}),
        ("STP", "SELL", {"aux_price": "91"}),
        ("LMT", "SELL", {"limit_price": "110"}),
        ("STP LMT", "BUY", {"aux_price": "110", "limit_price": "111"}),
    ]
    for number in range(count):
        kind, action, prices = kinds[number % len(kinds)]
        at.place(kind, action, 1, tif="GTC", **prices)


def test_hundreds_of_resting_orders_are_looked_at_without_a_write() -> None:
    with table() as at:
        place_many(at, 100)
        assert at.goes(100.5, 99.5) == []
