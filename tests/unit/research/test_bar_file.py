"""A plain CSV file is read as the thorough reader does; what no bar can be is refused with its symbol and date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scizor.adapters.files import read_csv
from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.errors import InvalidInput
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
