"""Rows of a CSV file. A line of the wrong shape is a row that cannot be read, not the end of the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from scizor.adapters.files.cells import to_batch
from scizor.adapters.files.headings import locate, unreadable
from scizor.domain.rows import IndexArray, RowBatch, Unreadable, printable

_FORMAT = "CSV"
_MAX_LINE_BYTES = 1 << 20
_MAX_HEADINGS = 1000
_HEADING_LINES = 1


def read_csv(path: Path, symbol: str) -> Iterator[RowBatch]:
    """The file's rows, at most a mebibyte of it at a time.

    `symbol`: that of all rows; empty when the file has a column of it. Raises InvalidInput(FILE_UNREADABLE) for a file
    that is empty, lacks a column or has a line above a mebibyte.
    """
    headings = _headings(path)
    places = locate(_FORMAT, headings, with_symbol=not symbol)
    lines = _Lines()
    try:
        with arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # only then a line of the wrong shape comes with its number
                block_size=_MAX_LINE_BYTES,
                column_names=[str(place) for place in range(len(headings))],
                skip_rows=_HEADING_LINES,
            ),
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=lines.put_aside),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(place): pa.binary() for place in places.values()},
                include_columns=[str(place) for place in places.values()],
                strings_can_be_null=False,
            ),
        ) as batches:
            for batch in batches:
                columns = {name: batch.column(at) for at, name in enumerate(places)}
                yield to_batch(_FORMAT, columns, lines.numbers(batch.num_rows), symbol)
                yield from lines.taken(symbol)
    except pa.ArrowInvalid as error:
        raise unreadable(_FORMAT, _reason(error)) from error
    yield from lines.taken(symbol)


def _headings(path: Path) -> list[str]:
    with path.open("rb") as file:
        line = file.readline(_MAX_LINE_BYTES)
    text = line.decode("utf-8-sig", errors="replace").strip("\r\n")
    if not text.strip():
        raise unreadable(_FORMAT, "it is empty, or its first line is" if line else "it is empty")
    try:
        headings = next(csv.reader([text]))
    except csv.Error as error:
        raise unreadable(_FORMAT, f"its first line is no heading: {error}") from error
    if len(headings) > _MAX_HEADINGS:
        raise unreadable(_FORMAT, f"it has {len(headings)} columns")
    return headings


class _Lines:
    """Numbers the rows in the order of the file, although lines of the wrong shape never reach a batch."""

    def __init__(self) -> None:
        self._next = 1
        self._aside: dict[int, Unreadable] = {}
        self._gaps: list[int] = []

    def put_aside(self, line: arrow_csv.InvalidRow) -> str:
        """Arrow's question what to do with a line of the wrong shape."""
        detail = f"the line has {line.actual_columns} cells, not {line.expected_columns}"
        number = line.number - _HEADING_LINES
        self._aside[number] = Unreadable(detail, "", "", printable(line.text))
        self._gaps.append(number)
        return "skip"

    def numbers(self, rows: int) -> IndexArray:
        """The numbers of the batch's rows."""
        numbers = np.setdiff1d(np.arange(self._next, self._next + rows + len(self._gaps)), self._gaps)[:rows]
        self._next = int(numbers[-1]) + 1 if rows else self._next
        self._gaps = [gap for gap in self._gaps if gap >= self._next]
        return numbers

    def taken(self, symbol: str) -> Iterator[RowBatch]:
        """The lines put aside so far, as rows that cannot be read."""
        if self._aside:
            count = len(self._aside)
            missing = np.full(count, np.nan)
            yield RowBatch(
                np.array(list(self._aside), dtype=np.int64),
                np.zeros(count, dtype=np.int32),
                (symbol,),
                np.zeros(count, dtype=np.int32),
                *(missing,) * 5,
                unreadable=dict(enumerate(self._aside.values())),
            )
            self._aside = {}


def _reason(error: pa.ArrowInvalid) -> str:
    if "straddling" in str(error):
        return f"a line is longer than {_MAX_LINE_BYTES:,} bytes"
    return printable(str(error), 200)
