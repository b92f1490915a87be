"""Fields: how one value is spelled, and how each client spells the lack of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INT = "2147483647"

_UNSET = {"", UNSET_INT, "9223372036854775807", "1.7976931348623157e+308", UNSET_DOUBLE, "E308", "None"}

Value = str | int | float | Decimal | bool | None


class BadField(Exception):
    """A request's field is missing or not of its type; the gateway answers 320."""


def spell(value: Value) -> str:
    """The field's text: no value is empty, truth a digit, and whole numbers have no fraction (old clients need it)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return number(value)
    return str(value)


def number(value: float) -> str:
    """The shortest decimal that reads back as this float, never in exponents."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    return format(Decimal(text), "f") if "e" in text else text


def encode(fields: Iterable[Value]) -> bytes:
    """A payload of these fields. What is not ASCII is escaped as clients since version 153 expect it."""
    texts = [spell(field).replace("\0", " ") for field in fields]
    return ("\0".join(texts) + "\0").encode("ascii", "backslashreplace")


class Fields:
    """Reads a request's fields in order; every way to say `unset` is None. Raises BadField."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._next = 0

    @property
    def left(self) -> int:
        """How many have not been read."""
        return len(self._fields) - self._next

    def text(self) -> str:
        """The next field as it is."""
        if self._next >= len(self._fields):
            raise BadField("the message ends early")
        self._next += 1
        return self._fields[self._next - 1]

    def skip(self, count: int) -> None:
        """Pass over fields that nothing depends on."""
        for _ in range(count):
            self.text()

    def maybe_integer(self) -> int | None:
        """A whole number, or None when unset."""
        value = self.maybe_decimal()
        if value is None:
            return None
        if value != value.to_integral_value():
            raise BadField(f"{value} is not a whole number")
        return int(value)

    def integer(self) -> int:
        """A whole number; unset is 0."""
        return self.maybe_integer() or 0

    def maybe_decimal(self) -> Decimal | None:
        """An exact number, or None when unset."""
        text = self.text()
        if text in _UNSET or text in {"Infinity", "Infinite"}:
            return None
        if not _is_number(text):
            raise BadField(f"{text!r} is not a number")
        return Decimal(text)

    def flag(self) -> bool:
        """True for anything but nothing, 0 and false."""
        return self.text().lower() not in {"", "0", "false", *_UNSET}

    def pairs(self, count: int) -> tuple[tuple[str, str], ...]:
        """So many tags with their values."""
        return tuple((self.text(), self.text()) for _ in range(count))


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False
