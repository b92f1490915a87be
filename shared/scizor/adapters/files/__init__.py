"""Rows out of CSV and Parquet files, a batch at a time.

The readers stand on pyarrow, which takes half a second to import: that is done at first use, or by `warm`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from scizor.domain.rows import RowBatch

__all__ = ["read_csv", "read_parquet", "warm"]


def read_csv(path: Path, symbol: str) -> Iterator[RowBatch]:
    """Rows of a CSV file; see `csv_rows.read_csv`."""
    from scizor.adapters.files import csv_rows  # noqa: PLC0415 - see the package's docstring

    yield from csv_rows.read_csv(path, symbol)


def read_parquet(path: Path, symbol: str) -> Iterator[RowBatch]:
    """Rows of a Parquet file; see `parquet_rows.read_parquet`."""
    from scizor.adapters.files import parquet_rows  # noqa: PLC0415 - see the package's docstring

    yield from parquet_rows.read_parquet(path, symbol)


def warm() -> None:
    """Import what the readers need."""
    for name in ("csv_rows", "parquet_rows"):
        import_module(f"{__name__}.{name}")
