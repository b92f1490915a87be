"""Decimals, money and instants: exact, and written in one way only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money

from scizor.codec.times import from_timestamp
from scizor.domain.errors import InvalidInput

_NANOS_PER_UNIT: Final = 1_000_000_000
# More digits than any amount here has: arithmetic in it rounds nothing.
_EXACT: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)
_QUOTIENT: Final = Decimal("1e-10")


def decimal_text(value: Decimal) -> str:
    """Its digits, all of them: no exponent, no zeros behind the last digit that counts, no minus before nothing."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def decimal_to_proto(value: Decimal) -> DecimalMessage:
    """The exact value."""
    return DecimalMessage(value=decimal_text(value))


def decimal_to_proto_if_any(value: Decimal | None) -> DecimalMessage | None:
    """The exact value, absent where there is none."""
    return None if value is None else decimal_to_proto(value)


def quotient_to_proto(value: Decimal | None) -> DecimalMessage | None:
    """A value that a division made, such as an average price: ten decimals tell it well enough."""
    return None if value is None else decimal_to_proto(value.quantize(_QUOTIENT, context=_EXACT))


def decimal_from_proto(message: DecimalMessage, field: str) -> Decimal:
    """The exact value. Raises InvalidInput naming the field for what is no finite number."""
    try:
        value = Decimal(message.value)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise InvalidInput.of_field(field, "must be a decimal such as 101.25")
    return value


def money_to_proto(amount: Decimal, currency: str) -> Money:
    """The amount, exact to nine decimals: one of more is rounded to the ninth, half to even."""
    nanos = int(amount.scaleb(9, _EXACT).to_integral_value(ROUND_HALF_EVEN, _EXACT))
    units, rest = divmod(abs(nanos), _NANOS_PER_UNIT)
    sign = -1 if nanos < 0 else 1  # units and nanos share it, as the type demands
    return Money(currency_code=currency, units=sign * units, nanos=sign * rest)


def money_to_proto_if_any(amount: Decimal | None, currency: str) -> Money | None:
    """The same, absent where there is none."""
    return None if amount is None else money_to_proto(amount, currency)


def monies_to_proto(amounts: Mapping[str, Decimal]) -> list[Money]:
    """Amounts by currency, in the order of their codes."""
    return [money_to_proto(amount, currency) for currency, amount in sorted(amounts.items())]


def money_from_proto(message: Money) -> Decimal:
    """The exact amount; nine decimals at most."""
    return Decimal(message.units) + Decimal(message.nanos).scaleb(-9)


def instant_from_proto(stamp: Timestamp, field: str) -> datetime:
    """Aware, UTC, to the microsecond. Raises InvalidInput naming the field for one that no calendar has."""
    try:
        return from_timestamp(stamp)
    except (ValueError, OverflowError):
        raise InvalidInput.of_field(field, "must be an instant of the years 1 to 9999") from None
