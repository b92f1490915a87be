"""Which column of a file is which."""

from __future__ import annotations

from collections.abc import Sequence

from scizor.domain.bars import VALUE_COLUMNS
from scizor.domain.errors import FieldViolation, InvalidInput, Reason
from scizor.domain.rows import printable

_ALIASES = {
    "date": ("date", "session_date", "session", "timestamp", "datetime", "time", "day"),
    "symbol": ("symbol", "ticker"),
    "volume": ("volume", "vol"),
}
ONLY_DAYS = "only bars of whole days can be imported, a date each; shorter ones are collected from the broker"


def unreadable(file_format: str, detail: str) -> InvalidInput:
    """The error for a file that is not what it is said to be."""
    return InvalidInput(
        f"the file cannot be read as {file_format}: {detail}",
        Reason.FILE_UNREADABLE,
        metadata={"format": file_format, "detail": detail},
        violations=(FieldViolation("data", detail),),
    )


def locate(file_format: str, headings: Sequence[str], *, with_symbol: bool) -> dict[str, int]:
    """For each column that is needed its place among the headings, which may be of any case.

    `with_symbol`: whether each row must name its symbol. Raises InvalidInput(FILE_UNREADABLE) naming the column that is
    missing, stands there twice, or should not be there.
    """
    written = [heading.strip().lower() for heading in headings]
    places: dict[str, int] = {}
    for column in ("date", *VALUE_COLUMNS, "symbol"):
        found = [place for place, heading in enumerate(written) if heading in _ALIASES.get(column, (column,))]
        if len(found) > 1:
            more = f"; {ONLY_DAYS}" if column == "date" else ""
            raise unreadable(file_format, f"several columns are a {column}{more}")
        if found:
            places[column] = found[0]
        elif column != "symbol":
            shown = printable(", ".join(heading.strip() for heading in headings), 200)
            raise unreadable(file_format, f"it lacks the column {column}; it has: {shown}")
    if with_symbol and "symbol" not in places:
        raise unreadable(file_format, "it lacks the column symbol, and the import names no symbol for all rows")
    if not with_symbol and "symbol" in places:
        raise unreadable(file_format, "it has a column symbol, but the import names one symbol for all rows: name none")
    return places
