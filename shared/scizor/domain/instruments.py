"""Instruments and the ids they are called by.

The key of an instrument is symbol + primary exchange + currency. People write `AAPL`, or `BHP.ASX`, or `BHP.ASX.AUD`:
as much as is needed to name one. A ticker may itself hold a dot, so a reference is tried from its most particular
reading to its least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum

from scizor.domain.errors import InvalidInput, Reason


class AssetType(IntEnum):
    """What kind of instrument it is; numbers equal the contract's."""

    UNSPECIFIED = 0
    STOCK = 1
    ETF = 2


class Verification(IntEnum):
    """What the broker said when last asked; numbers equal the contract's."""

    NEVER = 0
    VALID = 1
    INVALID = 2
    AMBIGUOUS = 3


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument bars are kept of. Everything below `currency` may change, the key never does."""

    symbol: str
    primary_exchange: str
    currency: str
    exchange: str = "SMART"
    name: str = ""
    asset_type: AssetType = AssetType.STOCK
    sector: str = ""
    group: str = ""
    active: bool = True
    listed_date: date | None = None
    delisted_date: date | None = None

    def __post_init__(self) -> None:
        if self.listed_date and self.delisted_date and self.delisted_date < self.listed_date:
            raise InvalidInput.of_field("delisted_date", f"must not be before listed_date ({self.listed_date})")

    @property
    def id(self) -> str:
        """The full id: symbol and primary exchange."""
        return f"{self.symbol}.{self.primary_exchange}"

    @property
    def reference(self) -> str:
        """The text that names it and no other, whatever else is stored: the full id and the currency."""
        return f"{self.id}.{self.currency}"


@dataclass(frozen=True, slots=True)
class StoredInstrument:
    """An instrument with what storage and the broker know of it. `key` is storage's own number, never shown.

    `contract_id`: the broker's, 0 while not known. `deactivate_time`: when it was deactivated for being unknown to it.
    """

    key: int
    instrument: Instrument
    last_verified: datetime | None
    verified_result: Verification
    create_time: datetime
    update_time: datetime
    version: int
    verified_reason: str = ""
    contract_id: int = 0
    deactivate_time: datetime | None = None
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f"v{self.version}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a reference; None stands for any."""

    symbol: str
    primary_exchange: str | None = None
    currency: str | None = None


def readings(reference: str) -> Iterator[Reading]:
    """Every way to read a reference: with exchange and currency, with an exchange, then the whole as a ticker.

    The most particular comes first, so that no new ticker can take over the full id of another instrument.
    """
    parts = reference.split(".")
    if len(parts) >= 3:
        yield Reading(".".join(parts[:-2]), parts[-2], parts[-1])
    if len(parts) >= 2:
        yield Reading(".".join(parts[:-1]), parts[-1])
    yield Reading(reference)


def ambiguous(reference: str, candidates: list[Instrument]) -> InvalidInput:
    """The error for a reference that names several instruments."""
    names = ", ".join(sorted(found.reference for found in candidates))
    return InvalidInput(
        f"symbol {reference} names several instruments: {names}",
        Reason.SYMBOL_AMBIGUOUS,
        metadata={"symbol": reference, "candidates": names},
    )
