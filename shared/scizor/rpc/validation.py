"""Every request against the rules its contract states, before any handler sees it.

One rule holds for every text there is, so no field states it: no character NUL, which PostgreSQL cannot store. What
else it could not store, such as half of a surrogate pair, is no UTF-8, and of that no message is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from buf.validate import validate_pb2
from scizor.domain.errors import FieldViolation, InvalidInput, Reason
from scizor.rpc.calls import Call, Stage
from scizor.rpc.errors import MAX_VIOLATIONS

_DATE_RANGE: Final = "date_range"
_NUL: Final = "\0"
_NO_NUL: Final = "must not hold the character NUL"
# Messages that JSON spells without the names of their fields.
_PLAIN: Final = frozenset({"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"})


class Validation(Stage):
    """Refuses a message that breaks a rule, naming each field and rule."""

    def __init__(self) -> None:
        self._validator = Validator()

    def check(self, call: Call, message: Message) -> None:
        """Raises: InvalidInput."""
        unstorable = [FieldViolation(path, _NO_NUL) for path in paths_of_nul(message)]
        if unstorable:
            raise _told(unstorable, Reason.FIELD_INVALID)
        violations = self._validator.collect_violations(message)
        if violations:
            raise refusal(message, violations)


def refusal(message: Message, violations: list[Violation]) -> InvalidInput:
    """The rules that a message broke, as one error."""
    descriptor: Any = message.DESCRIPTOR
    broken = [named for violation in violations for named in _named(descriptor, violation)]
    only_dates = all(violation.proto.rule_id == _DATE_RANGE for violation in violations)
    reason = Reason.DATE_RANGE_INVALID if only_dates else Reason.FIELD_INVALID
    return _told(broken, reason)


def paths_of_nul(message: Message, path: str = "") -> Iterator[str]:
    """Where texts of a message hold the character NUL, as a caller spells it; `path`: of the message itself.

    Only what may hold texts is looked at: columns of numbers and bytes cost nothing.
    """
    texts = _with_texts(message.DESCRIPTOR)
    for field, value in message.ListFields():
        if field.number not in texts:
            continue
        plain = message.DESCRIPTOR.full_name in _PLAIN
        at = path if plain else f"{path}.{field.name}" if path else field.name
        if not field.is_repeated:
            yield from _within(at, value)
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            for key, each in value.items():
                spelled = f"{at}.{key}" if plain and _NUL not in key else f"{at}[{json.dumps(key)}]"
                yield from _within(spelled, key)
                yield from _within(spelled, each)
        elif field.message_type is not None or _NUL in "".join(value):
            for index, each in enumerate(value):
                yield from _within(f"{at}[{index}]", each)


def _within(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if _NUL in value:
            yield path
    elif isinstance(value, Message):
        yield from paths_of_nul(value, path)


@cache
def _with_texts(descriptor: Descriptor) -> frozenset[int]:
    """The numbers of the fields that are texts or may hold some."""
    return frozenset(field.number for field in descriptor.fields if _may_hold_text(field, set()))


def _may_hold_text(field: FieldDescriptor, seen: set[str]) -> bool:
    if field.message_type is None or field.message_type.full_name in seen:
        return bool(field.type == FieldDescriptor.TYPE_STRING)
    seen.add(field.message_type.full_name)
    return any(_may_hold_text(each, seen) for each in field.message_type.fields)


def _told(broken: list[FieldViolation], reason: Reason) -> InvalidInput:
    shown = list(dict.fromkeys(f"{one.field}: {one.description}" for one in broken))[:MAX_VIOLATIONS]
    more = len(broken) - len(shown)
    text = "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
    return InvalidInput(text, reason, metadata={"field": broken[0].field}, violations=broken)


def _named(descriptor: Descriptor, violation: Violation) -> list[FieldViolation]:
    """A rule of a whole message names no field, so each field that its expression reads is named."""
    proto: Any = violation.proto
    elements = list(proto.field.elements) if proto.field else []
    path = ".".join(map(_spelled, elements))
    if proto.rule:
        return [FieldViolation(path, proto.message)]
    names = _fields_of_rule(_message_at(descriptor, elements), proto.rule_id)
    if not names:
        return [FieldViolation(path or proto.rule_id, proto.message)]
    return [FieldViolation(f"{path}.{name}" if path else name, proto.message) for name in names]


def _spelled(element: Any) -> str:
    if element.subscript is None:
        return str(element.field_name)
    key = element.subscript.value
    return f"{element.field_name}[{json.dumps(key) if isinstance(key, str) else key}]"


def _message_at(descriptor: Descriptor, elements: list[Any]) -> Descriptor:
    for element in elements:
        field = descriptor.fields_by_name.get(element.field_name)
        descriptor = (field and field.message_type) or descriptor
    return descriptor


@cache
def _fields_of_rule(descriptor: Descriptor, rule_id: str) -> tuple[str, ...]:
    rules = descriptor.GetOptions().Extensions[validate_pb2.message].cel
    read = [name for rule in rules if rule.id == rule_id for name in re.findall(r"\bthis\.(\w+)", rule.expression)]
    return tuple(dict.fromkeys(name for name in read if name in descriptor.fields_by_name))
