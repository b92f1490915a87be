"""The engine against the slow reading of docs/fill-model.md, on thousands of random worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.engine.oracle.cases import Case, event_cases, vector_cases
from tests.unit.engine.oracle.compare import as_events, as_vector, assert_agrees
from tests.unit.engine.oracle.conservation import assert_conserved

pytestmark = [pytest.mark.full, pytest.mark.timeout(1_800)]
at_length = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))


@given(vector_cases())
@at_length
def test_weights_on_ten_thousand_worlds(case: Case) -> None:
    result = as_vector(case)
    assert_conserved(case, result, np.array(assert_agrees(case, result).due, np.float64))


@given(event_cases())
@at_length
def test_orders_on_ten_thousand_worlds(case: Case) -> None:
    result = as_events(case)
    assert_conserved(case, result, np.array(assert_agrees(case, result).due, np.float64))
