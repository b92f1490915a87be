"""Rows of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from scizor.adapters.files.cells import to_batch
from scizor.adapters.files.headings import locate, unreadable
from scizor.domain.rows import RowBatch, printable

_FORMAT = "Parquet"
_BATCH_ROWS = 65_536


def read_parquet(path: Path, symbol: str) -> Iterator[RowBatch]:
    """The file's rows, 65,536 at a time.

    `symbol`: that of all rows; empty when the file has a column of it. Raises InvalidInput(FILE_UNREADABLE) for a file
    that is no Parquet, lacks a column or has one of a type that cannot be read.
    """
    try:
        with parquet.ParquetFile(path) as file:
            headings = file.schema_arrow.names
            places = locate(_FORMAT, headings, with_symbol=not symbol)
            names = {column: headings[place] for column, place in places.items()}
            first = 1
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(names.values())):
                columns = {column: batch.column(name) for column, name in names.items()}
                numbers = np.arange(first, first + batch.num_rows, dtype=np.int64)
                first += batch.num_rows
                yield to_batch(_FORMAT, columns, numbers, symbol)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(_FORMAT, printable(str(error), 200)) from error
