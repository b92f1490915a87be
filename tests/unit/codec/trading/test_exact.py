"""No amount and no price loses a digit on its way through the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st

from scizor.codec.trading import exact
from scizor.domain.errors import InvalidInput

ANY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=9)


@given(ANY)
def test_a_decimal_comes_back_as_it_was(value: Decimal) -> None:
    message = exact.decimal_to_proto(value)
    assert exact.decimal_from_proto(message, "x") == value
    assert "E" not in message.value.upper()


@given(ANY, st.integers(0, 40))
def test_equal_decimals_are_written_alike(value: Decimal, zeros: int) -> None:
    longer = Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros)
    assert exact.decimal_text(longer) == exact.decimal_text(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+5", "100000"), ("1.500", "1.5"), ("-0.00", "0"), ("1E-8", "0.00000001"), ("100", "100"), ("-2.50", "-2.5")],
)
def test_there_is_one_way_to_write_a_decimal(value: str, text: str) -> None:
    assert exact.decimal_text(Decimal(value)) == text


@pytest.mark.parametrize("text", ["", "a lot", "NaN", "Infinity", "1,5"])
def test_what_is_no_number_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"order\.terms\.limit_price: must be a decimal"):
        exact.decimal_from_proto(DecimalMessage(value=text), "order.terms.limit_price")


@given(AMOUNTS)
def test_money_of_nine_decimals_comes_back_as_it_was(amount: Decimal) -> None:
    message = exact.money_to_proto(amount, "USD")
    assert exact.money_from_proto(message) == amount
    assert message.currency_code == "USD"
    assert message.units * message.nanos >= 0
    assert abs(message.nanos) < 10**9


@pytest.mark.parametrize(
    ("amount", "units", "nanos"),
    [
        ("0.0000000005", 0, 0),
        ("0.0000000015", 0, 2),
        ("-0.0000000025", 0, -2),
        ("0.9999999999", 1, 0),
        ("-1.9999999996", -2, 0),
        ("12345678901.1234567891", 12345678901, 123456789),
    ],
)
def test_money_of_more_decimals_is_rounded_half_to_even(amount: str, units: int, nanos: int) -> None:
    assert exact.money_to_proto(Decimal(amount), "USD") == Money(currency_code="USD", units=units, nanos=nanos)


def test_amounts_by_currency_come_by_their_codes() -> None:
    monies = exact.monies_to_proto({"USD": Decimal(1), "AUD": Decimal(2)})
    assert [(money.currency_code, money.units) for money in monies] == [("AUD", 2), ("USD", 1)]


def test_a_quotient_has_ten_decimals() -> None:
    message = exact.quotient_to_proto(Decimal(2) / Decimal(3))
    assert message is not None
    assert message.value == "0.6666666667"
    assert exact.quotient_to_proto(None) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_to_the_microsecond(instant: datetime) -> None:
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    assert exact.instant_from_proto(stamp, "x") == instant


def test_an_instant_of_no_calendar_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidInput, match="start_time: must be an instant"):
        exact.instant_from_proto(Timestamp(seconds=10**18), "start_time")
