"""The rules a row must keep to be stored as a bar. A row is judged by the first rule it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum


class Rule(IntEnum):
    """Numbers equal the contract's; the order is the order of judging."""

    NONE = 0
    UNREADABLE = 1
    PRICE_MISSING = 2
    PRICE_NOT_POSITIVE = 3
    HIGH_BELOW_LOW = 4
    OUTSIDE_RANGE = 5
    VOLUME_NEGATIVE = 6
    VOLUME_ZERO = 7
    DUPLICATE = 8
    CONFLICT = 9
    OFF_CALENDAR = 10
    OUTLIER_WICK = 11
    SYMBOL_UNKNOWN = 12


class Verdict(IntEnum):
    """What an import came to; numbers equal the contract's."""

    CLEAN = 1
    PARTIAL = 2
    REFUSED = 3


class FlagKind(IntEnum):
    """What looks wrong in stored bars; numbers equal the contract's."""

    SUSPECTED_SPLIT = 1
    REVISED = 2


@dataclass(frozen=True, slots=True)
class DataFlag:
    """Something in stored bars that looks wrong and was left as it is; it begins with `session`.

    `ratio`: SUSPECTED_SPLIT, shares after for each before as the prices suggest; 0 otherwise.
    """

    kind: FlagKind
    session: date
    detail: str
    ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class StoredFlag:
    """A flag as storage returns it; `symbol` is a full id."""

    symbol: str
    flag: DataFlag
    create_time: datetime


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row kept aside. `symbol` and `session` are texts as they came."""

    row_number: int
    rule: Rule
    detail: str
    symbol: str
    session: str
    raw: str


@dataclass(frozen=True, slots=True)
class StoredRejection:
    """A rejected row as storage returns it."""

    import_id: str
    row: RejectedRow
    source: str
    create_time: datetime


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """One import and its verdict. `rejected_by_rule`: most first."""

    import_id: str
    verdict: Verdict
    rows_read: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_rejected: int
    rejected_by_rule: tuple[tuple[Rule, int], ...]
    source: str
    symbols: tuple[str, ...]
    create_time: datetime
