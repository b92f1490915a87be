"""Parquet files, good and bad."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from scizor.adapters.files import read_parquet
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import from_day


def read(folder: Path, symbol: str = "AAPL", **columns: Any) -> RowBatch:
    whole: dict[str, Any] = {"date": ["2010-01-04"], "open": [1.0], "high": [2.0], "low": [0.5], "close": [1.5]}
    whole = whole | {"volume": [100]} | columns
    path = folder / "bars.parquet"
    parquet.write_table(pa.table({name: value for name, value in whole.items() if value is not None}), path)
    (batch,) = read_parquet(path, symbol)
    return batch


@pytest.mark.parametrize(
    "dates",
    [
        pa.array(["2010-01-04"]),
        pa.array(["2010-01-04"], pa.large_string()),
        pa.array(["2010-01-04"]).dictionary_encode(),
        pa.array([20100104]),
        pa.array([date(2010, 1, 4)]),
        pa.array([date(2010, 1, 4)], pa.date64()),
        pa.array([datetime(2010, 1, 4)], pa.timestamp("ns")),  # noqa: DTZ001 - a file may hold such
        pa.array([datetime(2010, 1, 4, 5)], pa.timestamp("us", tz="America/New_York")),  # noqa: DTZ001 - arrow takes UTC
    ],
)
def test_a_date_is_read_from_any_type_that_can_hold_one(tmp_path: Path, dates: pa.Array) -> None:
    assert str(from_day(read(tmp_path, date=dates).day[0])) == "2010-01-04"


@pytest.mark.parametrize(
    "dates",
    [pa.array([None], pa.date32()), pa.array([20101304]), pa.array(["x"])],
)
def test_a_cell_that_is_no_date_refuses_its_row_alone(tmp_path: Path, dates: pa.Array) -> None:
    assert list(read(tmp_path, date=dates).unreadable) == [0]


def test_a_time_of_day_refuses_its_row_and_most_rows_of_such_the_file(tmp_path: Path) -> None:
    day, morning = datetime(2010, 1, 4), datetime(2010, 1, 4, 9, 30)  # noqa: DTZ001 - as above
    ones: dict[str, Any] = {name: [1.0] * 3 for name in ("open", "high", "low", "close", "volume")}
    assert list(read(tmp_path, date=pa.array([day, morning, day]), **ones).unreadable) == [1]
    with pytest.raises(InvalidInput, match="have times of day; only bars of whole days can be imported") as refusal:
        read(tmp_path, date=pa.array([day, morning, morning]), **ones)
    assert refusal.value.reason is Reason.FILE_UNREADABLE


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([4_000_000, 1, -800_000], pa.int32()).cast(pa.date32()),
        pa.array([2**60, 1, -(2**60)], pa.timestamp("us")),
    ],
)
def test_a_date_outside_the_years_that_dates_have_refuses_its_row_alone(tmp_path: Path, dates: pa.Array) -> None:
    ones: dict[str, Any] = {name: [1.0] * 3 for name in ("open", "high", "low", "close", "volume")}
    assert {0, 2} <= set(read(tmp_path, date=dates, **ones).unreadable)


@pytest.mark.parametrize(
    "prices",
    [pa.array([1.5], pa.float32()), pa.array(["1.5"]), pa.array([Decimal("1.5")])],
)
def test_a_number_is_read_from_any_type_that_can_hold_one(tmp_path: Path, prices: pa.Array) -> None:
    assert read(tmp_path, open=prices).open[0] == 1.5


def test_a_null_is_a_missing_value(tmp_path: Path) -> None:
    assert np.isnan(read(tmp_path, open=pa.array([None], pa.float64())).open[0])
    assert np.isnan(read(tmp_path, open=pa.array([None])).open[0])


def test_symbols_come_from_their_column(tmp_path: Path) -> None:
    batch = read(tmp_path, symbol="", Symbol=pa.array(["msft"]).dictionary_encode())
    assert batch.symbols[batch.symbol[0]] == "MSFT"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"close": None}, "lacks the column close"),
        ({"close": pa.array([[1.0]])}, "the column close holds list"),
        ({"date": pa.array([1.5])}, "the column date holds double"),
    ],
)
def test_a_column_that_cannot_be_used_is_named(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(tmp_path, **columns)


@pytest.mark.parametrize("content", [b"", b"date,open\n", b"PAR1" + b"\x00" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bars.parquet"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refusal:
        list(read_parquet(path, "AAPL"))
    assert refusal.value.reason is Reason.FILE_UNREADABLE
    assert refusal.value.metadata["format"] == "Parquet"
