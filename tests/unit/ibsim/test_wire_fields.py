"""How values are spelled, and read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.services.ibsim.wire.fields import BadField, Fields, encode, number, spell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "1"),
        (False, "0"),
        (100.0, "100"),
        (0.1 + 0.2, "0.30000000000000004"),
        (Decimal("1.50"), "1.50"),
    ],
)
def test_a_value_is_spelled_as_the_oldest_client_can_read_it(value: float | None, text: str) -> None:
    assert spell(value) == text


@given(st.floats(min_value=1e-9, max_value=1e15))
def test_a_number_reads_back_as_itself_and_has_no_exponent(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert "e" not in text
    assert not text.endswith(".0")


def test_what_is_not_ascii_is_escaped_and_a_nul_cannot_cut_a_field() -> None:
    assert encode(["Nestlé", "a\0b"]) == b"Nestl\\xe9\0a b\0"


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157e+308", "1.7976931348623157E308", "2147483647", "E308", "Infinity"]
)
def test_every_way_to_say_unset_is_none(text: str) -> None:
    assert Fields([text]).maybe_decimal() is None


def test_fields_are_read_in_order_and_counted() -> None:
    fields = Fields(["7", "0.0", "1", "x"])
    assert (fields.integer(), fields.integer(), fields.flag(), fields.left) == (7, 0, True, 1)


@pytest.mark.parametrize("texts", [[], ["a"], ["1.5"], ["nan"]])
def test_a_field_that_is_no_whole_number_is_refused(texts: list[str]) -> None:
    with pytest.raises(BadField):
        Fields(texts).integer()
