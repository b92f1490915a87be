"""CSV files, good and bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scizor.adapters.files import read_csv
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import from_day

HEAD = "date,open,high,low,close,volume\n"
ROW = "2010-01-04,1,2,0.5,1.5,100\n"

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: str | bytes) -> Path:
        path = tmp_path / "bars.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def rows_of(path: Path, symbol: str = "AAPL") -> list[RowBatch]:
    return list(read_csv(path, symbol))


def only(path: Path, symbol: str = "AAPL") -> RowBatch:
    (batch,) = rows_of(path, symbol)
    return batch


def test_a_good_file_becomes_columns(write: Write) -> None:
    batch = only(write(HEAD + ROW + "2010-01-05,,2.5,0.5,1.5,0\n"))
    assert [str(from_day(day)) for day in batch.day] == ["2010-01-04", "2010-01-05"]
    assert batch.number.tolist() == [1, 2]
    np.testing.assert_array_equal(batch.open, [1.0, np.nan])
    np.testing.assert_array_equal(batch.volume, [100.0, 0.0])
    assert batch.symbols == ("AAPL",)
    assert not batch.unreadable


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEAD + ROW,
        (HEAD + ROW).replace("\n", "\r\n"),
        HEAD + ROW.rstrip("\n"),
        HEAD.upper() + ROW,
        "Timestamp,Open,High,Low,Close,Vol\n" + ROW.replace("2010-01-04", "2010-01-04 00:00:00"),
        HEAD + ROW.replace("2010-01-04", "20100104"),
        HEAD + ROW.replace("2010-01-04", "2010-01-04T00:00:00Z"),
        '"date","open","high","low","close","volume"\n"2010-01-04","1","2","0.5","1.5","100"\n',
        HEAD + "\n" + ROW + "\n",
        "volume,extra,close,low,high,open,date\n100,x,1.5,0.5,2,1,2010-01-04\n",
        HEAD + " 2010-01-04 , 1 , 2 , 0.5 , 1.5 , 100 \n",
    ],
)
def test_the_same_row_is_read_however_it_is_dressed(write: Write, content: str) -> None:
    batch = only(write(content))
    assert str(from_day(batch.day[0])) == "2010-01-04"
    assert [float(column[0]) for column in (batch.open, batch.high, batch.low, batch.close, batch.volume)] == [
        1.0,
        2.0,
        0.5,
        1.5,
        100.0,
    ]
    assert batch.number.tolist() == [1]


def test_a_cell_that_cannot_be_read_refuses_its_row_alone(write: Write) -> None:
    batch = only(
        write(HEAD + ROW + "2010-01-05,1,2,x,1.5,100\nyesterday,1,2,0.5,1.5,100\n2010-02-30,1,2,0.5,1.5,1_0\n")
    )
    assert sorted(batch.unreadable) == [1, 2, 3]
    assert batch.unreadable[1].raw == "1,2,x,1.5,100"
    assert batch.unreadable[1].session == "2010-01-05"
    assert batch.unreadable[1].detail == "low 'x' is no number"
    assert batch.unreadable[2].session == "yesterday"
    assert batch.unreadable[3].detail == "date '2010-02-30' is no date, volume '1_0' is no number"


def test_a_short_line_is_put_aside_with_its_number_and_text(write: Write) -> None:
    lines = [HEAD.strip()]
    lines += ["2010-01-04,1" if number in {1, 5, 40_000} else ROW.strip() for number in range(1, 60_001)]
    batches = rows_of(write("\n".join(lines)))
    numbers = np.sort(np.concatenate([batch.number for batch in batches]))
    np.testing.assert_array_equal(numbers, np.arange(1, 60_001))
    aside = {int(batch.number[at]): row for batch in batches for at, row in batch.unreadable.items()}
    assert sorted(aside) == [1, 5, 40_000]
    assert aside[5].raw == "2010-01-04,1"
    assert aside[5].detail == "the line has 2 cells, not 6"


def test_a_file_of_short_lines_only_still_tells_of_each(write: Write) -> None:
    batches = rows_of(write(HEAD + "a\nb\n"))
    assert [row.raw for batch in batches for row in batch.unreadable.values()] == ["a", "b"]


def test_symbols_come_from_their_column(write: Write) -> None:
    batch = only(write("Ticker," + HEAD + "aapl," + ROW + "MSFT," + ROW + "," + ROW), symbol="")
    assert [batch.symbols[place] for place in batch.symbol] == ["AAPL", "MSFT", ""]


def test_bytes_that_are_no_text_refuse_their_row_alone(write: Write) -> None:
    batch = only(write((HEAD + ROW).encode() + b"2010-01-05,1,2,\xff\x00,1.5,100\n"))
    assert sorted(batch.unreadable) == [1]
    assert "\x00" not in batch.unreadable[1].raw


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty"),
        ("\n", "first line"),
        ("date,open,high,low,volume\n" + ROW, "lacks the column close"),
        ("date,open,high,low,close,Close,volume\n", "several columns are a close"),
        (
            "date,time,open,high,low,close,volume\n",
            "several columns are a date; only bars of whole days",
        ),
        (HEAD + ROW.replace("04,", "04 09:30:00,") * 3 + ROW, "dates have times of day; only bars of whole days"),
        (HEAD + ROW.replace("2010-01-04", "2010-01-04T09:30:00-05:00"), "shorter ones are collected from the broker"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "lacks the column date"),
        ("symbol," + HEAD + "AAPL," + ROW, "name none"),
        (HEAD + ROW + "x" * (3 << 20) + "\n" + ROW, "longer than"),
        ("x" * (3 << 20), "no heading"),
    ],
)
def test_what_is_no_such_file_is_refused_by_name(write: Write, content: str | bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as refusal:
        rows_of(write(content))
    assert refusal.value.reason is Reason.FILE_UNREADABLE
    assert refusal.value.metadata["format"] == "CSV"


def test_a_file_without_a_symbol_column_needs_a_symbol(write: Write) -> None:
    with pytest.raises(InvalidInput, match="lacks the column symbol"):
        rows_of(write(HEAD + ROW), symbol="")


def test_a_heading_alone_is_a_file_without_rows(write: Write) -> None:
    assert sum(len(batch) for batch in rows_of(write(HEAD))) == 0
