"""The twins write and read what the typed messages do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf.descriptor import Descriptor
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scizor.codec import packed
from scizor.codec.bars import from_columns, to_columns
from scizor.codec.rows import from_rows
from scizor.domain.bars import Adjustment, BarSeries, empty_bars
from scizor.domain.intervals import Interval
from scizor.domain.sessions import days_to_yyyymmdd, from_day
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.type.v1 import bars_pb2

AMOUNTS = ("open", "high", "low", "close", "volume")


@st.composite
def series(draw: st.DrawFn) -> BarSeries:
    length, interval = draw(st.integers(0, 40)), draw(st.sampled_from(Interval))
    bars = empty_bars(length, interval)
    bars["day"] = draw(hnp.arrays(np.int32, length, elements=st.integers(-100_000, 100_000)))
    for name in AMOUNTS:
        bars[name] = draw(hnp.arrays(np.float64, length, elements=st.floats(width=64)))
    for name in ("revision", "source"):
        bars[name] = draw(hnp.arrays(np.int32, length))
    bars["partial"] = draw(hnp.arrays(np.bool_, length))
    if interval.intraday:
        bars["time_ns"] = draw(hnp.arrays(np.int64, length))
    sources = tuple(draw(st.lists(st.text(max_size=5), max_size=3)))
    return BarSeries(draw(st.text(max_size=5)), "USD", bars, sources, draw(st.sampled_from(Adjustment)), interval)


def typed(one: BarSeries) -> bars_pb2.BarColumns:
    """The slow way: value by value."""
    bars = one.bars
    daily_ns = (int(day) * 86_400_000_000_000 for day in bars["day"])
    return bars_pb2.BarColumns(
        symbol=one.symbol,
        interval=bars_pb2.BarInterval.ValueType(one.interval),
        adjustment=bars_pb2.Adjustment.ValueType(one.adjustment),
        currency=one.currency,
        time_ns=bars["time_ns"].tolist() if one.interval.intraday else daily_ns,
        session_date=days_to_yyyymmdd(bars["day"]).tolist(),
        revision=bars["revision"].tolist(),
        sources=one.sources,
        source_index=bars["source"].tolist(),
        partial_rows=np.flatnonzero(bars["partial"]).tolist(),
        **{name: bars[name].tolist() for name in AMOUNTS},
    )


@given(series())
def test_a_twin_writes_the_bytes_of_the_typed_message(one: BarSeries) -> None:
    assert to_columns(one).SerializeToString(deterministic=True) == typed(one).SerializeToString(deterministic=True)


@given(series(), st.integers(0, 2**40), st.text(max_size=5))
def test_the_responses_twins_do_so_too(one: BarSeries, sequence: int, text: str) -> None:
    twin = packed.StreamBarsResponse(sequence=sequence, cursor=text, bars=to_columns(one))
    message = pb.StreamBarsResponse(sequence=sequence, cursor=text, bars=typed(one))
    assert twin.SerializeToString() == message.SerializeToString()
    page = packed.GetBarsResponse(bars=to_columns(one), next_page_token=text)
    assert page.SerializeToString() == pb.GetBarsResponse(bars=typed(one), next_page_token=text).SerializeToString()
    latest = packed.GetLatestBarResponse(bar=to_columns(one)).SerializeToString()
    assert latest == pb.GetLatestBarResponse(bar=typed(one)).SerializeToString()


@given(series())
def test_what_was_written_is_read_back_from_either_form(one: BarSeries) -> None:
    data = to_columns(one).SerializeToString()
    for columns in (packed.BarColumns.FromString(data), bars_pb2.BarColumns.FromString(data)):
        back = from_columns(columns)
        assert back.bars.tobytes() == one.bars.tobytes()
        assert (back.symbol, back.sources, back.adjustment) == (one.symbol, one.sources, one.adjustment)
        assert back.interval is one.interval


@pytest.mark.parametrize(
    ("twin", "contract"),
    [(packed.BarColumns, bars_pb2.BarColumns.DESCRIPTOR), (packed.ImportRows, pb.ImportRows.DESCRIPTOR)],
)
def test_only_columns_of_fixed_width_differ_from_the_contract(twin: Any, contract: Descriptor) -> None:
    changed = {
        field.name
        for field in contract.fields
        if twin.DESCRIPTOR.fields_by_name[field.name].type != field.type
        and twin.DESCRIPTOR.fields_by_name[field.name].number == field.number
    }
    expected = {"session_date", *AMOUNTS}
    if twin is packed.BarColumns:
        expected |= {"time_ns", "revision", "source_index", "partial_rows"}
    assert changed == expected


def test_rows_to_import_are_read_from_either_form() -> None:
    amounts = {name: np.array([1.5, np.nan]) for name in AMOUNTS}
    twin = packed.ImportRows(
        symbol="A",
        session_date=packed.to_bytes(np.array([20100104, 20100230]), "<i4"),
        **{name: packed.to_bytes(column, "<f8") for name, column in amounts.items()},
    )
    for message in (twin, pb.ImportRows.FromString(twin.SerializeToString())):
        batch = from_rows(message, "A", 7)
        assert batch.number.tolist() == [7, 8]
        assert str(from_day(batch.day[0])) == "2010-01-04"
        np.testing.assert_array_equal(batch.close, [1.5, np.nan])
        assert batch.unreadable[1].session == "20100230"
        assert batch.unreadable[1].raw == ",,,,"
