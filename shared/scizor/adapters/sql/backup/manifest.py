"""What a backup holds, as it says itself: the schema it is of, and of each table its rows and their SHA-256."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from scizor.domain.errors import DataCorrupt, FailedPrecondition, Reason

FORMAT: Final = 1
_REVISION: Final = re.compile(r"\d{4}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table: `columns` in the order of their values, `length` and `sha256` of what COPY said of it."""

    name: str
    columns: tuple[str, ...]
    rows: int
    length: int
    sha256: str

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} names no table and no column")


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the numbers that a column gives to new rows have come to; `used`: whether `value` itself was given."""

    table: str
    column: str
    value: int
    used: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """`schema`: the database's revision; `time`: ISO 8601, UTC; `server`: PostgreSQL's version.

    `tables` stand in an order in which each can be filled: what a row refers to comes before it.
    """

    schema: str
    time: str
    server: str
    tables: tuple[TableEntry, ...] = field(default_factory=tuple)
    counters: tuple[Counter, ...] = field(default_factory=tuple)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def encode(self) -> bytes:
        """As JSON that people can read, too."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Raises DataCorrupt for what is none, FailedPrecondition for one of a later format."""
        try:
            document: dict[str, Any] = json.loads(data)
            if int(document["format"]) > FORMAT:
                raise FailedPrecondition(
                    f"the backup has format {document['format']}, this version of scizor knows {FORMAT}: update scizor",
                    Reason.STORAGE_UNAVAILABLE,
                )
            if not _REVISION.fullmatch(document["schema"]):
                raise ValueError("the schema is none")
            tables = tuple(TableEntry(**one | {"columns": tuple(one["columns"])}) for one in document.pop("tables"))
            counters = tuple(Counter(**one) for one in document.pop("counters"))
            return cls(**document, tables=tables, counters=counters)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataCorrupt(f"the backup's manifest cannot be read: {error}", Reason.DATA_CORRUPT) from error
