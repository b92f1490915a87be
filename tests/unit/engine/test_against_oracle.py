"""The engine against the slow reading of docs/fill-model.md: random markets, settings, orders, corporate actions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings

from scizor.engine.costs import Financing
from scizor.engine.market import Market
from tests.unit.engine.oracle.cases import Case, event_cases, vector_cases
from tests.unit.engine.oracle.compare import as_events, as_vector, assert_agrees
from tests.unit.engine.oracle.conservation import assert_booked_bar_by_bar, assert_conserved

slow = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(vector_cases())
@slow
def test_weights_given_at_once_come_to_what_the_page_says(case: Case) -> None:
    result = as_vector(case)
    run = assert_agrees(case, result)
    assert_conserved(case, result, np.array(run.due, np.float64))


@given(event_cases())
@slow
def test_orders_given_one_by_one_come_to_what_the_page_says(case: Case) -> None:
    result = as_events(case)
    run = assert_agrees(case, result)
    assert_conserved(case, result, np.array(run.due, np.float64))


@given(vector_cases())
@settings(slow, max_examples=100)
def test_weights_decided_one_by_one_are_the_same_run_to_the_byte(case: Case) -> None:
    at_once, one_by_one = as_vector(case), as_events(case)
    for name in ("equity", "cash", "long_value", "short_value", "in_market", "fills", "trades", "orders", "positions"):
        assert getattr(at_once, name).tobytes() == getattr(one_by_one, name).tobytes(), name


@given(event_cases())
@settings(slow, max_examples=100)
def test_every_close_is_the_sum_of_the_fills_before_it(case: Case) -> None:
    market = Market(case.market.panel, case.market.listings, {}, case.market.rates)
    quiet = Case(market, replace(case.settings, financing=Financing.none()), case.script)
    assert_booked_bar_by_bar(quiet, as_events(quiet))
