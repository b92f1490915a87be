"""A plain CSV file is read as the thorough reader does; what no bar can be is refused with its symbol and date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scizor.adapters.files import read_csv
from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import from_day
from scizor.services.research.bar_file import from_file
from scizor.services.research.plain_csv import read_plain
from tests.unit.backtest.build import spec_of

HEADING = "Ticker,Date,open,high,low,close,volume\n"
ROW = "A,2020-01-02,10,11,9,10,100\n"


def file_of(tmp_path: Path, rows: str) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(HEADING + rows)
    return path


def test_a_plain_file_is_read_as_the_thorough_reader_does(tmp_path: Path) -> None:
    path = file_of(tmp_path, "b,2020-01-03,5.25,6,4,5.5,1e3\na.x,2019-02-28,10,nan,9,10.1,\n".replace(",\n", ",7\n"))
    plain, (thorough,) = read_plain(path, ""), read_csv(path, "")
    assert plain is not None
    names = [[batch.symbols[place] for place in batch.symbol] for batch in (plain, thorough)]
    assert names[0] == names[1] == ["B", "A.X"]
    for name in ("number", "day", *VALUE_COLUMNS):
        np.testing.assert_array_equal(getattr(plain, name), getattr(thorough, name))


@pytest.mark.parametrize(
    "rows",
    [
        "",
        ROW + "\n" + ROW,
        ROW.replace("10,", '"10",', 1),
        ROW.replace("100", ""),
        ROW.replace("10,", "x,", 1),
        ROW.replace("2020-01-02", "20200102"),
        ROW.replace("2020-01-02", "2020-02-30"),
        ROW.replace("A", "Ä"),
        ROW.replace("A", "A" * 65),
    ],
)
def test_what_is_not_plain_is_left_to_the_thorough_reader(tmp_path: Path, rows: str) -> None:
    assert read_plain(file_of(tmp_path, rows), "") is None


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("A,2020-01-03,10,nan,9,10,100\n", "has some of its four prices, but not all"),
        ("A,2020-01-03,10,11,-9,10,100\n", "has a price that is not positive and finite"),
        ("A,2020-01-03,10,9,9,10,100\n", "has a price beyond its high or low"),
        ("A,2020-01-03,10,11,9,10,-1\n", "has a volume that is negative or infinite"),
        ("A,2020-01-03,10,11,9,10,1\n" * 2, "is there twice"),
    ],
)
def test_what_no_bar_can_be_is_named_with_its_date(tmp_path: Path, row: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rf"bars\.csv: the bar of A on 2020-01-03 {rule}"):
        from_file(file_of(tmp_path, ROW + row), spec_of(["A"]))


def test_a_row_without_prices_is_a_missing_bar(tmp_path: Path) -> None:
    path = file_of(tmp_path, ROW + "A,2020-01-03,nan,nan,nan,nan,nan\n")
    assert len(from_file(path, spec_of(["A"])).symbols[0].series.bars) == 2


TIMED = "symbol,date,time,open,high,low,close,volume\n"
HOURS = [
    "A,2020-01-02,2020-01-02T14:30:00Z,10,11,9,10.5,100",
    "A,2020-01-02,2020-01-02T15:00:00Z,10.5,12,10,11,50",
    "A,2020-01-03,2020-01-02T23:30:00-05:00,11,11,11,11,",
]


def hours_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hours.csv"
    path.write_text(text)
    return path


def test_a_file_with_times_has_bars_shorter_than_a_day(tmp_path: Path) -> None:
    path = hours_of(tmp_path, TIMED + "\n".join(reversed(HOURS)) + "\n\n")
    series = from_file(path, spec_of([], interval=Interval.HOUR_1)).symbols[0].series
    begins = series.bars["time_ns"].astype("datetime64[ns]").astype("datetime64[s]").astype(str).tolist()
    assert begins == ["2020-01-02T14:30:00", "2020-01-02T15:00:00", "2020-01-03T04:30:00"]
    assert [str(from_day(day)) for day in series.bars["day"]] == ["2020-01-02", "2020-01-02", "2020-01-03"]
    assert series.bars["close"].tolist() == [10.5, 11.0, 11.0]
    assert (series.symbol, series.interval, np.isnan(series.bars["volume"][2])) == ("A", Interval.HOUR_1, True)


def test_without_a_date_a_bar_belongs_to_the_date_its_time_is_written_with(tmp_path: Path) -> None:
    rows = "time,open,high,low,close,volume\n2020-01-03T10:00:00+11:00,1,1,1,1,1\n2020-01-03T23:30:00Z,1,1,1,1,1\n"
    bars = from_file(hours_of(tmp_path, rows), spec_of(["A"], interval=Interval.HOUR_1)).symbols[0].series.bars
    assert [str(from_day(day)) for day in bars["day"]] == ["2020-01-03", "2020-01-03"]
    assert bars["time_ns"].astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == [
        "2020-01-02",
        "2020-01-03",
    ]


def test_a_benchmark_of_shorter_bars_is_taken_by_the_day(tmp_path: Path) -> None:
    path = hours_of(tmp_path, TIMED + "\n".join([*HOURS, *(row.replace("A,", "B,", 1) for row in HOURS)]))
    benchmark = from_file(path, spec_of(["A"], benchmark="B", interval=Interval.HOUR_1)).benchmark
    assert benchmark is not None
    assert benchmark.interval is Interval.DAY_1
    found = {name: benchmark.bars[name].tolist() for name in ("open", "high", "low", "close")}
    assert found == {"open": [10.0, 11.0], "high": [12.0, 11.0], "low": [9.0, 11.0], "close": [11.0, 11.0]}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (TIMED + HOURS[0].replace("Z", ""), r"hours\.csv, row 1: the time 2020-01-02T14:30:00 lacks its distance"),
        (TIMED + HOURS[0] + "\n" + HOURS[1].replace("12", "x"), r"hours\.csv, row 2: could not convert"),
        (TIMED + "A,2020-01-02", r"hours\.csv, row 1: it has too few columns"),
        (TIMED + HOURS[0].replace("2020-01-02,", "2020-01-32,", 1), r"hours\.csv, row 1: "),
        (TIMED + HOURS[0] + "\n" + HOURS[0], r"the bar of A at 2020-01-02T14:30:00Z is there twice"),
        (TIMED.replace("date", "timestamp"), "several columns are a time"),
        (TIMED.replace("volume", "v"), "lacks the column volume"),
        ("", "lacks the column time"),
        (TIMED.replace("symbol,", ""), "--symbols NAME names the one symbol"),
        (TIMED, "A is not in hours.csv, which has no rows"),
    ],
)
def test_what_is_wrong_in_a_file_with_times_is_said(tmp_path: Path, text: str, rule: str) -> None:
    names = [] if "symbol," not in text else ["A"]
    with pytest.raises(InvalidInput, match=rule):
        from_file(hours_of(tmp_path, text), spec_of(names, interval=Interval.HOUR_1))


def test_a_parquet_file_has_days_alone(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    path.write_bytes(b"")
    with pytest.raises(InvalidInput, match="a Parquet file holds bars of whole days"):
        from_file(path, spec_of(["A"], interval=Interval.HOUR_1))
