"""From the broker's words to the domain's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from ib_async.contract import Contract, ContractDetails, TagValue

from scizor.adapters.ib.translate import broker_contract, instant, wire_contract, zone_name
from scizor.domain.broker import DataOrigin, SourceFailure
from scizor.domain.instruments import AssetType


def details(*tags: str, zone: str = "US/Eastern", **changes: object) -> ContractDetails:
    contract = Contract(
        secType="STK", conId=265598, symbol="AAPL", exchange="SMART", primaryExchange="NASDAQ", currency="USD"
    )
    found = ContractDetails(contract=contract, longName="Apple Inc", minTick=0.01, timeZoneId=zone, stockType="COMMON")
    found.secIdList = [TagValue("ISIN", "US0378331005"), *(TagValue("SCIZOR_DATA", tag) for tag in tags)]
    for name, value in changes.items():
        setattr(contract if hasattr(contract, name) else found, name, value)
    return found


def test_a_contract_is_translated_word_for_word() -> None:
    contract = broker_contract(details(), simulated=False)
    assert (contract.con_id, contract.symbol, contract.primary_exchange) == (265598, "AAPL", "NASDAQ")
    assert (contract.currency, contract.exchange, contract.name) == ("USD", "SMART", "Apple Inc")
    assert (contract.min_tick, contract.asset_type) == (Decimal("0.01"), AssetType.STOCK)
    assert contract.time_zone == "America/New_York"
    assert contract.origins == (DataOrigin("ib"),)


@pytest.mark.parametrize(("kind", "type_"), [("ETF", "ETF"), ("ETN", "ETF"), ("COMMON", "STOCK"), ("ADR", "STOCK")])
def test_funds_are_told_from_shares(kind: str, type_: str) -> None:
    assert broker_contract(details(stockType=kind), simulated=False).asset_type is AssetType[type_]


def test_the_old_name_of_nasdaq_is_understood() -> None:
    assert broker_contract(details(primaryExchange="ISLAND"), simulated=False).primary_exchange == "NASDAQ"


def test_simulated_data_says_whose_it_is() -> None:
    contract = broker_contract(details("bokeh_sampledata:20000301-20130301", "synthetic"), simulated=True)
    assert contract.origins == (
        DataOrigin("ibsim:bokeh_sampledata", date(2000, 3, 1), date(2013, 3, 1)),
        DataOrigin("ibsim:synthetic"),
    )


def test_every_session_has_an_origin_whatever_the_tags_leave_open() -> None:
    contract = broker_contract(details("real:-20130301"), simulated=True)
    assert contract.source_of(date(2013, 3, 1)) == "ibsim:real"
    assert contract.source_of(date(2013, 3, 4)) == "ibsim"
    assert broker_contract(details(), simulated=True).source_of(date(2013, 3, 4)) == "ibsim"


@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ("EST", "America/New_York"),
        ("EST (Eastern Standard Time)", "America/New_York"),
        ("AET", "Australia/Sydney"),
        ("Australia/NSW", "Australia/Sydney"),
        ("Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_zones_are_known_by_all_their_names(told: str, zone: str) -> None:
    assert zone_name(told) == zone


def test_a_zone_nobody_knows_is_the_sources_fault() -> None:
    with pytest.raises(SourceFailure, match="Mars/Olympus"):
        zone_name("Mars/Olympus")


def test_names_in_utf8_are_read_as_such() -> None:
    garbled = "Société Générale".encode().decode("latin-1")
    assert broker_contract(details(longName=garbled), simulated=False).name == "Société Générale"


def test_requests_name_the_contract_by_its_id() -> None:
    wire = wire_contract(broker_contract(details(), simulated=False))
    assert (wire.conId, wire.exchange, wire.primaryExchange) == (265598, "SMART", "")


def test_times_are_epoch_seconds_or_utc_with_a_dash() -> None:
    assert instant("951832800") == datetime(2000, 2, 29, 14, 0, tzinfo=UTC)
    assert instant("20000229-14:00:00") == datetime(2000, 2, 29, 14, 0, tzinfo=UTC)
    with pytest.raises(SourceFailure, match="0302 14:30"):
        instant("0302 14:30")
