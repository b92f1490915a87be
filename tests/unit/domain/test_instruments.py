"""How instruments are called."""

from __future__ import annotations

from datetime import date

import pytest

from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.instruments import Instrument, Reading, ambiguous, readings


def test_a_reference_is_read_from_the_most_particular_to_the_least() -> None:
    assert list(readings("AAPL")) == [Reading("AAPL")]
    assert list(readings("BHP.ASX")) == [Reading("BHP", "ASX"), Reading("BHP.ASX")]
    assert list(readings("BRK.B.NYSE")) == [
        Reading("BRK", "B", "NYSE"),
        Reading("BRK.B", "NYSE"),
        Reading("BRK.B.NYSE"),
    ]


def test_a_listing_cannot_end_before_it_began() -> None:
    with pytest.raises(InvalidInput, match="delisted_date: must not be before listed_date"):
        Instrument("AAPL", "NASDAQ", "USD", listed_date=date(2010, 1, 5), delisted_date=date(2010, 1, 4))


def test_an_ambiguous_reference_lists_its_candidates() -> None:
    error = ambiguous("BHP", [Instrument("BHP", "NYSE", "USD"), Instrument("BHP", "ASX", "AUD")])
    assert error.reason is Reason.SYMBOL_AMBIGUOUS
    assert error.metadata["candidates"] == "BHP.ASX.AUD, BHP.NYSE.USD"
