"""Rows as texts hold them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.rows import written


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, ""), (0.1, "0.1"), (100.0, "100"), (0.1 + 0.2, "0.30000000000000004")]
)
def test_a_number_is_written_as_short_as_it_reads_back(value: float, text: str) -> None:
    assert written(value) == text


@given(st.floats(allow_nan=False))
def test_no_digit_of_a_number_is_lost(value: float) -> None:
    assert float(written(value)) == value
