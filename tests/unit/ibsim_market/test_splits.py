"""A split that the gateway is told of rewrites what it tells."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.market import Split
from tests.unit.ibsim_market.build import FRIDAY, bars_of, listing_of, market_at

_NEXT = date(2026, 11, 23)


def test_a_split_of_the_past_rewrites_what_was_before_it() -> None:
    market, _ = market_at(FRIDAY)
    before = bars_of(market, "NVDA", duration="20 D")
    ex_date = before[10].session
    market.split(listing_of(market, "NVDA"), ex_date, 4.0)
    after = bars_of(market, "NVDA", duration="20 D")
    for old, new in zip(before[:10], after[:10], strict=True):
        assert new.close == pytest.approx(old.close / 4.0, abs=1e-6)
        assert new.volume == old.volume * 4
    assert after[10:] == before[10:]
    assert bars_of(market, "MSFT", duration="5 D") == bars_of(market_at(FRIDAY)[0], "MSFT", duration="5 D")


def test_a_split_to_come_lowers_the_price_on_its_date_and_rewrites_history_then() -> None:
    market, clock = market_at(FRIDAY)
    nvda = listing_of(market, "NVDA")
    clock.time = datetime(2026, 11, 20, 22, tzinfo=UTC)
    before = bars_of(market, "NVDA", duration="5 D")
    market.split(nvda, _NEXT, 10.0)
    assert bars_of(market, "NVDA", duration="5 D") == before
    assert market.quote(nvda).last == before[-1].close

    clock.time = datetime(2026, 11, 23, 14, tzinfo=UTC)
    close = before[-1].close / 10.0
    assert bars_of(market, "NVDA", duration="5 D")[-1].close == pytest.approx(close, abs=1e-6)
    assert market.quote(nvda).previous_close == pytest.approx(close, abs=1e-6)

    clock.time = datetime(2026, 11, 23, 22, tzinfo=UTC)
    *_, last, opened = bars_of(market, "NVDA", duration="5 D")
    assert last.close == pytest.approx(close, abs=1e-6)
    assert opened.open == pytest.approx(close, rel=0.1)
    assert opened.low <= market.quote(nvda).last <= opened.high


def test_splits_are_listed_with_those_of_the_bundle() -> None:
    market, _ = market_at(FRIDAY)
    aapl = listing_of(market, "AAPL")
    market.split(aapl, _NEXT, 4.0)
    assert list(market.splits(aapl)) == [
        Split(date(2000, 6, 21), 2.0),
        Split(date(2005, 2, 28), 2.0),
        Split(_NEXT, 4.0),
    ]


@pytest.mark.parametrize("ratio", [0.0, 1.0, -2.0, float("nan"), float("inf"), 5000.0])
def test_a_ratio_that_is_none_names_its_rule(ratio: float) -> None:
    market, _ = market_at(FRIDAY)
    with pytest.raises(InvalidInput, match="ratio: must be from"):
        market.split(listing_of(market, "AAPL"), _NEXT, ratio)
