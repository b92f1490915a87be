from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.client.values import Bars, bars_of, money_of, session_text
from scizor.codec import packed
from scizor.domain.bars import Adjustment
from scizor.domain.errors import InvalidInput
from scizor.type.v1 import bars_pb2
from scizor.type.v1.bars_pb2 import BarColumns


def columns(first: int = 20100104, source: str = "vendor") -> BarColumns:
    return BarColumns(
        symbol="AAPL.NASDAQ",
        currency="USD",
        adjustment=bars_pb2.ADJUSTMENT_SPLIT,
        time_ns=[1262563200_000000000, 1262649600_000000000],
        session_date=[first, first + 1],
        open=[1.0, 2.0],
        high=[1.5, 2.5],
        low=[0.5, 1.5],
        close=[1.25, 2.25],
        volume=[100.0, 200.0],
        revision=[0, 1],
        sources=[source],
        source_index=[0, 0],
        partial_rows=[1],
    )


def equal(left: Bars, right: Bars) -> bool:
    return all(np.array_equal(getattr(left, one.name), getattr(right, one.name)) for one in fields(Bars))


def test_bars_are_read_from_the_typed_message() -> None:
    bars = bars_of(columns())
    assert bars.dates.tolist() == [date(2010, 1, 4), date(2010, 1, 5)]
    assert bars.close.tolist() == [1.25, 2.25]
    assert bars.partial.tolist() == [False, True]
    assert bars.adjustment is Adjustment.SPLIT


def test_bars_read_from_the_twin_are_the_same() -> None:
    twin = packed.BarColumns.FromString(columns().SerializeToString())
    assert equal(bars_of(twin), bars_of(columns()))


def test_bars_become_the_message_they_came_from() -> None:
    expected = columns()
    expected.interval = bars_pb2.BAR_INTERVAL_1D
    assert bars_of(columns()).to_proto() == expected


def test_parts_are_joined_with_the_sources_of_both() -> None:
    joined = Bars.joined([bars_of(columns(20100104, "one")), bars_of(columns(20100106, "two"))])
    assert joined.session_date.tolist() == [20100104, 20100105, 20100106, 20100107]
    assert [joined.sources[i] for i in joined.source_index] == ["one", "one", "two", "two"]
    assert len(joined[1:3]) == 2


@pytest.mark.parametrize(
    ("amount", "units", "nanos"),
    [("100000", 100_000, 0), (0.1, 0, 100_000_000), (Decimal("-1.5"), -1, -500_000_000), ("1e3", 1000, 0)],
)
def test_money_is_exact(amount: Decimal | float | str, units: int, nanos: int) -> None:
    money = money_of(amount, "USD", "capital")
    assert (money.units, money.nanos) == (units, nanos)


@pytest.mark.parametrize("amount", ["much", "", "nan", "inf", "1e40"])
def test_what_is_no_amount_is_refused_by_name(amount: str) -> None:
    with pytest.raises(InvalidInput, match="capital"):
        money_of(amount, "USD", "capital")


def test_sessions_are_dates_or_texts() -> None:
    assert session_text(date(2010, 1, 4), "start") == "2010-01-04"
    assert session_text("2010-01-04", "start") == "2010-01-04"
    assert session_text(None, "start") == ""


@pytest.mark.parametrize("text", ["2010-02-30", "4 January", "20100104x"])
def test_what_is_no_date_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="start"):
        session_text(text, "start")
