"""What the gateway tells of a request, as far as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ib_async.contract import ContractDetails

from scizor.adapters.ib.orders.messages import AccountLine, ToldExecution

HISTORY_FIELDS = 8
"""Of one bar: date, open, high, low, close, volume, average, count."""


@dataclass(frozen=True, slots=True)
class End:
    """The answer is complete."""


@dataclass(frozen=True, slots=True)
class History:
    """All bars of a request, HISTORY_FIELDS texts each."""

    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class HistoryUpdate:
    """The newest bar as it is now, its fields in the order of `History`."""

    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class HeadTimestamp:
    """The first instant with data, as it is spelled."""

    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A price or a size of a quote, 0 where it is a text; `kind` is the broker's tick type."""

    kind: int
    value: float


@dataclass(frozen=True, slots=True)
class DataType:
    """How fresh the ticks that follow are."""

    number: int


@dataclass(frozen=True, slots=True)
class FiveSeconds:
    """A bar of five seconds that is over; `start_s` since 1970."""

    start_s: int
    open: float
    high: float
    low: float
    close: float
    volume: float


Message = (
    ContractDetails
    | End
    | History
    | HistoryUpdate
    | HeadTimestamp
    | Tick
    | DataType
    | FiveSeconds
    | ToldExecution
    | AccountLine
)
