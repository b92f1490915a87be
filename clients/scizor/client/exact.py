"""Numbers of money and of shares, which are exact: what callers give, what the contract holds, and the way back.

A float is refused: 0.1 is none of the numbers that a price may be.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money

from scizor.codec.times import to_timestamp
from scizor.codec.trading.exact import decimal_to_proto, money_from_proto, money_to_proto
from scizor.domain.errors import InvalidInput

E = TypeVar("E", bound=IntEnum)

Exact = Decimal | int | str
"""A number as its digits say it: `Decimal("101.25")`, `100`, `"0.5"`."""
Instant = datetime | str | None
"""An aware instant, or its text with its time zone, such as 2026-12-31T21:00Z."""


def as_decimal(message: DecimalMessage | Money) -> Decimal:
    """The exact number that an answer holds; 0 for a field that is absent."""
    return money_from_proto(message) if isinstance(message, Money) else Decimal(message.value or 0)


def exact(value: Exact, field: str) -> DecimalMessage:
    """The number for the contract. Raises InvalidInput naming the field for a float, or what is no finite number."""
    return decimal_to_proto(_decimal(value, field))


def exact_if_any(value: Exact | None, field: str) -> DecimalMessage | None:
    """The same, absent where there is none."""
    return None if value is None else exact(value, field)


def money(amount: Exact, currency: str, field: str) -> Money:
    """Cash for the contract. Raises InvalidInput naming the field, also for more than nine decimals."""
    value = _decimal(amount, field)
    try:
        cash = money_to_proto(value, currency)
    except ValueError:
        raise InvalidInput.of_field(field, f"is more than anybody has: {amount}") from None
    if money_from_proto(cash) != value:
        raise InvalidInput.of_field(field, f"may have nine decimals at most, not {amount}")
    return cash


def stamp(instant: Instant, field: str) -> Timestamp | None:
    """An instant for the contract, absent for None or an empty text. Raises InvalidInput naming the field."""
    if not instant:
        return None
    try:
        aware = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
        if aware.utcoffset() is not None:
            return to_timestamp(aware)
    except ValueError:
        pass
    raise InvalidInput.of_field(field, f"must be an instant with its zone, as 2026-12-31T21:00Z, not {str(instant)!r}")


def member(value: E | None, kind: type[E], field: str) -> int:
    """An enum's number, 0 for None. Raises InvalidInput naming the field for what is no member of `kind`."""
    if value is None:
        return 0
    if not isinstance(value, kind):
        known = ", ".join(f"{kind.__name__}.{one.name}" for one in kind)
        raise InvalidInput.of_field(field, f"must be one of {known}, not {value!r}")
    return int(value)


def _decimal(value: Exact, field: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        rule = f"must be exact: a Decimal, an int or a text such as '101.25', not {value!r}"
        raise InvalidInput.of_field(field, rule)
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise InvalidInput.of_field(field, f"must be a number such as 101.25, not {value!r}")
    return number
