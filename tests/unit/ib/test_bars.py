"""History as it comes, into arrays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scizor.adapters.ib.bars import bars_of, live_volume
from scizor.domain.bars import BarArray
from scizor.domain.broker import BrokerContract, DataOrigin, FailureCategory, SourceFailure
from scizor.domain.instruments import AssetType
from scizor.domain.intervals import Interval
from scizor.domain.sessions import to_day

AAPL = BrokerContract(
    con_id=265598,
    symbol="AAPL",
    primary_exchange="NASDAQ",
    currency="USD",
    exchange="SMART",
    name="Apple Inc.",
    asset_type=AssetType.STOCK,
    min_tick=Decimal("0.01"),
    time_zone="America/New_York",
    origins=(DataOrigin("ib"),),
)
BHP = replace(AAPL, symbol="BHP", primary_exchange="ASX", time_zone="Australia/Sydney")


def told(*bars: tuple[str, str], prices: str = "10 12 9 11") -> list[str]:
    """Fields of bars of (date, volume)."""
    return [text for when, volume in bars for text in (when, *prices.split(), volume, "10.5", "3")]


def daily(fields: list[str], contract: BrokerContract = AAPL) -> BarArray:
    return bars_of(fields, contract, Interval.DAY_1, date(2024, 1, 1), date(2024, 1, 31))[0]


def test_daily_bars_are_keyed_by_the_date_they_say() -> None:
    bars = daily(told(("20240102", "1000"), ("20240103", "2000")))
    assert bars["day"].tolist() == [to_day(date(2024, 1, 2)), to_day(date(2024, 1, 3))]
    assert bars[["open", "high", "low", "close", "volume"]][0].tolist() == (10, 12, 9, 11, 1000)
    assert not bars["partial"].any()


def test_what_was_not_asked_for_is_left_out() -> None:
    bars = daily(told(("20231229", "1"), ("20240102", "2"), ("20240201", "3")))
    assert bars["volume"].tolist() == [2]


def test_bars_come_out_oldest_first_and_one_a_key() -> None:
    bars = daily(told(("20240103", "3"), ("20240102", "2"), ("20240103", "3")))
    assert bars["volume"].tolist() == [2, 3]


@pytest.mark.parametrize("volume", ["-1", "", "nan", "0", "1.7976931348623157E308"])
def test_a_volume_nobody_knows_is_nought(volume: str) -> None:
    assert daily(told(("20240102", volume)))["volume"].tolist() == [0]
    assert live_volume(volume) == 0


def test_a_fractional_volume_is_kept() -> None:
    assert daily(told(("20240102", "12.5")))["volume"].tolist() == [12.5]


@pytest.mark.parametrize(
    ("contract", "opens", "session"),
    [
        (AAPL, datetime(2024, 1, 2, 14, 30, tzinfo=UTC), date(2024, 1, 2)),
        (BHP, datetime(2024, 1, 1, 23, 0, tzinfo=UTC), date(2024, 1, 2)),
        (BHP, datetime(2024, 1, 2, 4, 59, tzinfo=UTC), date(2024, 1, 2)),
    ],
)
def test_shorter_bars_belong_to_the_date_where_they_are_traded(
    contract: BrokerContract, opens: datetime, session: date
) -> None:
    fields = told((str(int(opens.timestamp())), "5"))
    bars, _ = bars_of(fields, contract, Interval.MINUTE_1, session, session)
    assert bars["day"].tolist() == [to_day(session)]
    assert bars["time_ns"].tolist() == [int(opens.timestamp()) * 1_000_000_000]


def test_each_bar_names_its_source() -> None:
    origins = (DataOrigin("ibsim:real", None, date(2024, 1, 2)), DataOrigin("ibsim:synthetic"))
    fields = told(("20240102", "1"), ("20240103", "1"), ("20240104", "1"))
    bars, sources = bars_of(fields, replace(AAPL, origins=origins), Interval.DAY_1, date(2024, 1, 1), date(2024, 1, 31))
    assert [sources[place] for place in bars["source"]] == ["ibsim:real", "ibsim:synthetic", "ibsim:synthetic"]


def test_nothing_told_is_no_bars() -> None:
    bars, sources = bars_of([], AAPL, Interval.HOUR_1, date(2024, 1, 1), date(2024, 1, 31))
    assert (len(bars), sources) == (0, ())


@pytest.mark.parametrize("when", ["0302", "20240230", "20240102 09:30:00", "99999999999"])
def test_a_date_that_is_none_is_the_sources_fault(when: str) -> None:
    with pytest.raises(SourceFailure) as failed:
        daily(told((when, "1")))
    assert failed.value.category is FailureCategory.SOURCE_FAULT


def test_a_price_that_is_none_is_the_sources_fault() -> None:
    with pytest.raises(SourceFailure, match="could not convert"):
        daily(told(("20240102", "1"), prices="10 x 9 11"))
