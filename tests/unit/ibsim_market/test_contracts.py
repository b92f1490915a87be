"""Which contracts a client finds, and how they are described."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from importlib import resources

import pytest

from scizor.services.ibsim.market.api import ContractQuery, DataRange, MarketError
from tests.unit.ibsim_market.build import SUNDAY, listing_of, market_at


def test_every_instrument_of_the_built_in_universe_is_one_contract() -> None:
    market, _ = market_at(SUNDAY)
    text = resources.files("scizor.services.marketdata.symbols").joinpath("universe.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 357
    for row in rows:
        query = ContractQuery(
            symbol=row["symbol"],
            sec_type="STK",
            exchange="SMART",
            primary_exchange=row["primary_exchange"],
            currency=row["currency"],
        )
        (listing,) = market.find(query)
        assert listing.long_name == row["name"]
        assert (listing.stock_type == "ETF") == (row["asset_type"] == "ETF")


def test_contract_ids_are_unique_and_find_their_contract() -> None:
    market, _ = market_at(SUNDAY)
    aapl = listing_of(market, "AAPL")
    assert aapl.con_id == 265598
    assert list(market.find(ContractQuery(con_id=265598))) == [aapl]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (ContractQuery(symbol="BHP", exchange="SMART"), ["ASX", "NYSE"]),
        (ContractQuery(symbol="BHP", exchange="SMART", currency="USD"), ["NYSE"]),
        (ContractQuery(symbol="BHP", exchange="ASX"), ["ASX"]),
        (ContractQuery(symbol="DUAL", exchange="SMART", currency="USD"), ["NYSE", "NASDAQ"]),
        (ContractQuery(symbol="DUAL", exchange="SMART", primary_exchange="NASDAQ"), ["NASDAQ"]),
        (ContractQuery(symbol="ibm"), ["NYSE"]),
    ],
)
def test_an_ambiguous_contract_has_several_answers_until_it_is_told_apart(
    query: ContractQuery, lines: list[str]
) -> None:
    market, _ = market_at(SUNDAY)
    assert [listing.primary_exchange for listing in market.find(query)] == lines


@pytest.mark.parametrize(
    "query",
    [
        ContractQuery(symbol="FB", sec_type="STK", exchange="SMART", currency="USD"),
        ContractQuery(symbol="AAPL", exchange="ISLAND"),
        ContractQuery(symbol="AAPL", sec_type="FUT"),
        ContractQuery(symbol="AAPL", currency="AUD"),
        ContractQuery(symbol="AAPL", primary_exchange="NYSE"),
        ContractQuery(symbol="AAPL", sec_id_type="ISIN", sec_id="US0378331005"),
        ContractQuery(symbol="TWTR"),
        ContractQuery(con_id=1),
        ContractQuery(),
    ],
)
def test_what_nobody_knows_is_error_200(query: ContractQuery) -> None:
    market, _ = market_at(SUNDAY)
    with pytest.raises(MarketError) as caught:
        market.find(query)
    assert caught.value.code == 200


def test_a_delisted_contract_is_found_only_with_the_expired() -> None:
    market, _ = market_at(SUNDAY)
    (twtr,) = market.find(ContractQuery(symbol="TWTR", include_expired=True))
    assert twtr.last_session == date(2022, 10, 27)


def test_a_contract_is_unknown_before_its_listing() -> None:
    market, clock = market_at(datetime(2024, 3, 20, 12, tzinfo=UTC))
    with pytest.raises(MarketError):
        listing_of(market, "RDDT")
    clock.time = datetime(2024, 3, 21, 12, tzinfo=UTC)
    assert listing_of(market, "RDDT").first_session == date(2024, 3, 21)


def test_a_contract_found_on_its_own_exchange_bears_it() -> None:
    market, _ = market_at(SUNDAY)
    (cba,) = market.find(ContractQuery(symbol="CBA", exchange="ASX"))
    assert (cba.exchange, listing_of(market, "CBA").exchange) == ("ASX", "SMART")


def test_a_contract_says_whose_its_data_are() -> None:
    market, _ = market_at(SUNDAY)
    real = DataRange("bokeh_sampledata", date(2000, 3, 1), date(2013, 3, 1))
    assert listing_of(market, "AAPL").data == (real, DataRange("synthetic"))
    assert listing_of(market, "CBA").data == (DataRange("synthetic"),)


def test_price_steps_follow_the_exchange() -> None:
    market, _ = market_at(SUNDAY)
    cba, aapl = listing_of(market, "CBA"), listing_of(market, "AAPL")
    assert (cba.min_tick, aapl.min_tick) == (0.001, 0.01)
    assert market.market_rule(cba) == ((0.0, 0.001), (0.1, 0.005), (2.0, 0.01))
    assert market.market_rule(aapl) == ((0.0, 0.01),)


def test_samples_begin_with_the_pattern_in_ticker_or_name() -> None:
    market, _ = market_at(SUNDAY)
    assert [listing.symbol for listing in market.samples("apple")] == ["AAPL"]
    assert [listing.symbol for listing in market.samples("am")][:3] == ["AMC", "AMD", "AMP"]
    assert len(market.samples("a")) == 16
    assert market.samples(" ") == []


def test_some_contracts_have_no_live_data() -> None:
    market, _ = market_at(SUNDAY)
    assert market.unsubscribed == {"FER", "NEC", "RDDT", "KWEB"}
