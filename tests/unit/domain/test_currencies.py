"""Which codes are currencies."""

from __future__ import annotations

import pytest

from scizor.domain.currencies import CURRENCIES, known_currency
from scizor.domain.errors import InvalidInput


def test_every_code_is_three_capital_letters_and_there_once() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in CURRENCIES)
    assert {"USD", "EUR", "AUD", "JPY", "CNH"} <= CURRENCIES


def test_a_code_may_be_written_small() -> None:
    assert known_currency("currency", " usd ") == "USD"


@pytest.mark.parametrize("text", ["EURO", "XYZ", "", "US", "U$D"])
def test_what_is_no_currency_is_refused_by_the_fields_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="currency: must be an ISO 4217 code such as USD"):
        known_currency("currency", text)
