"""Columns of any readable type to arrays, and each cell that cannot be read remembered as it came."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scizor.adapters.files.headings import ONLY_DAYS, unreadable
from scizor.domain.arrays import FloatArray
from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.rows import BoolArray, IndexArray, RowBatch, Unreadable, printable
from scizor.domain.sessions import DayArray, to_day, yyyymmdd_to_days

_MISSING = ("", "nan", "null", "none", "na", "n/a", "-")
_MIDNIGHT = r"[T ]00:00(:00(\.0+)?)?(Z|\+00:00)?$"
_DATE = r"^(\d{4}-\d{2}-\d{2}|\d{8})$"
_TIME_OF_DAY = r"^(\d{4}-\d{2}-\d{2}|\d{8})[T ]\d{2}:?\d{2}"
_DAY_US = 86_400_000_000
_FIRST_DAY, _LAST_DAY = to_day(date.min), to_day(date.max)


def to_batch(file_format: str, columns: Mapping[str, pa.Array], number: IndexArray, symbol: str) -> RowBatch:
    """The rows of arrow columns; `symbol` is that of all rows, or empty when there is a column of it."""
    columns = {name: _plain(column) for name, column in columns.items()}
    day, no_date = _days(file_format, columns["date"])
    wrong: dict[str, BoolArray] = {"date": no_date}
    values: dict[str, FloatArray] = {}
    for name in VALUE_COLUMNS:
        values[name], wrong[name] = _numbers(file_format, name, columns[name])
    places, symbols = (
        _symbols(file_format, columns["symbol"]) if not symbol else (np.zeros(len(day), np.int32), (symbol,))
    )
    unread = np.flatnonzero(np.logical_or.reduce(list(wrong.values())))
    return RowBatch(
        number=number,
        symbol=places,
        symbols=symbols,
        day=day,
        unreadable={int(row): _unreadable(columns, wrong, int(row), symbol) for row in unread},
        **values,
    )


def _plain(column: pa.Array) -> pa.Array:
    """Dictionaries spelled out and texts trimmed; bytes that are no UTF-8 become replacement characters."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            texts = [None if cell is None else cell.decode(errors="replace") for cell in column.to_pylist()]
            column = pa.array(texts, pa.string())
    return pc.utf8_trim_whitespace(column) if _is_text(column) else column


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _numbers(file_format: str, name: str, column: pa.Array) -> tuple[FloatArray, BoolArray]:
    """Values, NaN where missing, and which cells hold no number. Shapes (n,)."""
    kind = column.type
    if _is_text(column):
        return _text_numbers(column)
    if not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    ):
        raise unreadable(file_format, f"the column {name} holds {kind}, not numbers")
    numbers = column.cast(pa.float64(), safe=False).fill_null(np.nan)
    return numbers.to_numpy(zero_copy_only=False), np.zeros(len(column), dtype=bool)


def _text_numbers(column: pa.Array) -> tuple[FloatArray, BoolArray]:
    present = pc.if_else(pc.is_in(pc.utf8_lower(column), value_set=pa.array(_MISSING, column.type)), None, column)
    try:
        numbers = present.cast(pa.float64()).fill_null(np.nan)
        return numbers.to_numpy(zero_copy_only=False), np.zeros(len(column), dtype=bool)
    except pa.ArrowInvalid:
        cells = present.to_pylist()
    read = [np.nan if cell is None else _number(cell) for cell in cells]
    wrong = np.array([value is None for value in read], dtype=bool)
    return np.array([np.nan if value is None else value for value in read], dtype=np.float64), wrong


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _days(file_format: str, column: pa.Array) -> tuple[DayArray, BoolArray]:
    """Days since 1970-01-01, and which cells hold no date. Shapes (n,)."""
    kind = column.type
    if _is_text(column):
        return _text_days(file_format, column)
    if pa.types.is_integer(kind):
        numbers = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
        small = np.where((numbers > 0) & (numbers < 100_000_000), numbers, 0).astype(np.int32)
        days, is_date = yyyymmdd_to_days(small)
        return days, ~is_date
    if pa.types.is_timestamp(kind):
        local = pc.local_timestamp(column) if kind.tz else column
        instants = local.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        wrong = instants.is_null().to_numpy(zero_copy_only=False)
        days_, rest = np.divmod(instants.fill_null(0).to_numpy(zero_copy_only=False), _DAY_US)
        days, no_day = _within_years(days_, wrong)
        _demand_days(file_format, int(np.count_nonzero(rest[~no_day])), len(rest))
        return days, no_day | (rest != 0)
    if pa.types.is_date(kind):
        dates = column.cast(pa.date32()).cast(pa.int32())
        wrong = dates.is_null().to_numpy(zero_copy_only=False)
        return _within_years(dates.fill_null(0).to_numpy(zero_copy_only=False), wrong)
    raise unreadable(file_format, f"the column date holds {kind}, not dates")


def _within_years(days: npt.NDArray[np.integer], wrong: BoolArray) -> tuple[DayArray, BoolArray]:
    """Days as they are kept; those outside the years 1 to 9999, which no date can say, count as wrong."""
    wrong = wrong | (days < _FIRST_DAY) | (days > _LAST_DAY)
    return np.where(wrong, 0, days).astype(np.int32), wrong


def _demand_days(file_format: str, n_within: int, n_rows: int) -> None:
    """A row with a time of day is a bad row; a file of such rows is one of shorter bars."""
    if n_within > n_rows / 2:
        raise unreadable(file_format, f"its dates have times of day; {ONLY_DAYS}")


def _text_days(file_format: str, column: pa.Array) -> tuple[DayArray, BoolArray]:
    texts = column.fill_null("")
    looks_right = pc.match_substring_regex(texts, _DATE)
    if not pc.all(looks_right).as_py():
        texts = pc.replace_substring_regex(texts, _MIDNIGHT, "")
        looks_right = pc.match_substring_regex(texts, _DATE)
        n_within = pc.sum(pc.match_substring_regex(texts, _TIME_OF_DAY)).as_py() or 0
        _demand_days(file_format, n_within, len(texts))
    digits = pc.replace_substring(pc.if_else(looks_right, texts, "0"), "-", "")
    days, is_date = yyyymmdd_to_days(digits.cast(pa.int32()).to_numpy(zero_copy_only=False))
    return days, ~is_date


def _symbols(file_format: str, column: pa.Array) -> tuple[Any, tuple[str, ...]]:
    if not _is_text(column):
        raise unreadable(file_format, f"the column symbol holds {column.type}, not texts")
    encoded = pc.utf8_upper(column.fill_null("")).dictionary_encode()
    names = tuple(printable(name, 64) for name in encoded.dictionary.to_pylist())
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32), names


def _unreadable(columns: Mapping[str, pa.Array], wrong: Mapping[str, BoolArray], row: int, symbol: str) -> Unreadable:
    cells = {name: _shown(column[row]) for name, column in columns.items()}
    kinds = {name: "date" if name == "date" else "number" for name in wrong}
    details = [f"{name} {printable(cells[name], 40)!r} is no {kinds[name]}" for name in wrong if wrong[name][row]]
    return Unreadable(
        detail=", ".join(details),
        symbol=symbol or printable(cells["symbol"].upper(), 64),
        session=printable(cells["date"], 40),
        raw=printable(",".join(cells[name] for name in VALUE_COLUMNS)),
    )


def _shown(cell: pa.Scalar) -> str:
    try:
        value = cell.as_py()
    except (OverflowError, ValueError):  # an instant of which Python has no word
        return str(cell.cast(pa.int64() if cell.type.bit_width == 64 else pa.int32()).as_py())
    return "" if value is None else str(value)
