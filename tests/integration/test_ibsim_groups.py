"""Brackets and OCA groups: what an order's fills and end mean for those tied to it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scizor.services.ibsim.broker.words import Refusal
from tests.integration.ibsim_desk import Table, table, terms, told
from tests.integration.ibsim_market import APPLE

FILLED = ["Filled", "commission"]
HELD, WORKS = "PreSubmitted", "Submitted"


def bracket(at: Table, quantity: int = 100, entry: str = "99", **given: str) -> None:
    """An entry, and its two exits of which the last sends all three."""
    at.place("LMT", quantity=quantity, limit_price=entry, transmit=False, **given)
    at.place("LMT", "SELL", quantity, limit_price="103", parent_id=1, transmit=False, **given)
    at.place("STP", "SELL", quantity, aux_price="97", parent_id=1, **given)


def test_a_bracket_waits_for_its_last_part() -> None:
    with table() as at:
        at.place("LMT", limit_price="101", transmit=False)
        at.place("LMT", "SELL", limit_price="103", parent_id=1, transmit=False)
        assert at.goes(100.0) == []
        heard = at.place("STP", "SELL", aux_price="97", parent_id=1)
        assert heard == [HELD, WORKS, 100.02, *FILLED, WORKS]
        assert at.statuses() == {1: "Filled", 2: WORKS, 3: HELD}


@pytest.mark.parametrize(
    ("path", "heard", "last"),
    [
        ([98.0, 104.0], [99.0, *FILLED, WORKS, 103.0, *FILLED, "Cancelled", 202], {1: "Filled", 2: "Filled"}),
        ([98.0, 96.0], [99.0, *FILLED, WORKS, WORKS, 96.98, *FILLED, "Cancelled", 202], {1: "Filled", 3: "Filled"}),
    ],
    ids=["takes its profit", "stops its loss"],
)
def test_the_exits_live_once_the_entry_has_filled_and_the_first_ends_the_other(
    path: list[float], heard: list[object], last: dict[int, str]
) -> None:
    with table() as at:
        bracket(at)
        assert at.statuses() == {1: WORKS, 2: HELD, 3: HELD}
        assert at.goes(*path) == heard
        assert at.statuses() == {2: "Cancelled", 3: "Cancelled"} | last
        assert at.broker.positions() == []


def test_an_exit_is_looked_at_on_the_very_move_that_fills_its_entry() -> None:
    with table() as at:
        bracket(at)
        heard = at.goes(96.0)
        assert heard == [99.0, *FILLED, WORKS, 96.98, *FILLED, "Cancelled", 202]


def test_exits_end_with_an_entry_that_is_cancelled() -> None:
    with table() as at:
        bracket(at)
        assert told(at.broker.cancel(1, 1)) == ["Cancelled", 202] * 3
        assert at.broker.open_orders() == []


def test_exits_of_an_entry_that_ends_with_a_part_are_for_that_part() -> None:
    with table() as at:
        at.broker.demands.slice_shares = 30
        bracket(at)
        at.goes(98.5)
        assert at.statuses() == {1: WORKS, 2: HELD, 3: HELD}
        at.broker.cancel(1, 1)
        at.broker.demands.slice_shares = 0
        assert (at.order(2).terms.quantity, at.order(3).terms.quantity) == (Decimal(30), Decimal(30))
        at.goes(104.0)
        assert at.broker.positions() == []


def test_a_part_filled_of_one_exit_reduces_the_other() -> None:
    with table() as at:
        bracket(at)
        at.goes(98.5)
        at.broker.demands.slice_shares = 40
        at.goes(103.5)
        assert (at.order(2).remaining, at.order(3).remaining) == (Decimal(60), Decimal(60))
        at.goes(96.0)
        assert at.broker.positions() == []


def test_all_that_is_cancelled_at_once_is_cancelled_once() -> None:
    with table() as at:
        bracket(at)
        at.place("LMT", limit_price="90")
        assert told(at.broker.cancel_all()) == ["Cancelled", 202] * 4


@pytest.mark.parametrize(
    ("oca_type", "left"), [(1, None), (2, Decimal(60)), (3, Decimal(60))], ids=["cancels", "reduces", "reduces too"]
)
def test_an_oca_group_does_to_its_others_what_its_type_says(oca_type: int, left: Decimal | None) -> None:
    with table() as at:
        at.broker.demands.slice_shares = 40
        at.place("LMT", limit_price="95", oca_group="g", oca_type=oca_type, tif="GTC")
        at.place("LMT", limit_price="99", oca_group="g", oca_type=oca_type, tif="IOC")
        at.place("LMT", limit_price="101", oca_group="g", oca_type=oca_type, tif="IOC")
        other = at.order(1)
        assert (other.remaining if other.status.is_open else None) == left


def test_a_family_is_whole_after_a_restart(tmp_path: Path) -> None:
    with table(state=tmp_path / "state.sqlite") as at:
        bracket(at, tif="GTC")
        market = at.market
    with table(state=tmp_path / "state.sqlite", market=market) as at:
        at.broker.match()
        assert told(at.broker.match()) == []
        at.goes(98.0, 104.0)
        assert at.statuses() == {1: "Filled", 2: "Filled", 3: "Cancelled"}


def test_a_change_keeps_the_group_and_may_not_name_another() -> None:
    with table() as at:
        bracket(at)
        at.broker.place(1, 3, APPLE, terms("STP", "SELL", aux_price="98", parent_id=1))
        assert at.order(3).terms.oca_group == at.order(2).terms.oca_group != ""
        same: dict[str, Any] = {"aux_price": "98", "parent_id": 1}
        for changed, code in (({"oca_group": "other"}, 10326), ({"parent_id": 2}, 105)):
            with pytest.raises(Refusal) as refused:
                at.broker.place(1, 3, APPLE, terms("STP", "SELL", **(same | changed)))
            assert refused.value.code == code


def test_an_exit_of_an_order_that_is_over_is_rejected() -> None:
    with table() as at:
        at.place("LMT", limit_price="90")
        at.broker.cancel(1, 1)
        with pytest.raises(Refusal) as refused:
            at.place("STP", "SELL", aux_price="80", parent_id=1)
        assert refused.value.code == 201


def test_a_family_whose_time_is_over_ends_once() -> None:
    with table() as at:
        bracket(at, tif="GTD", good_till_date="20240314-15:00:02")
        assert at.goes(100.0) == []
        assert at.goes(100.0) == ["Cancelled", 202] * 3
        assert at.goes(100.0) == []


def test_the_exits_of_a_long_position_are_no_short_sales() -> None:
    with table() as at:
        at.broker.demands.unshortable.add("AAPL")
        bracket(at)
        assert at.statuses() == {1: WORKS, 2: HELD, 3: HELD}
        assert at.place("MKT", "SELL") == ["Inactive", 201]


def test_an_entry_that_fills_at_the_open_has_its_exits_from_there() -> None:
    with table() as at:
        at.market.is_open = False
        bracket(at, tif="GTC")
        at.market.is_open = True
        at.goes(98.0)
        assert at.statuses() == {1: "Filled", 2: WORKS, 3: HELD}
        at.goes(96.5)
        assert at.statuses() == {1: "Filled", 2: "Cancelled", 3: "Filled"}
        assert float(at.order(3).average_price) == 96.98
