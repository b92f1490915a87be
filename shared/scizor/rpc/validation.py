"""Every request against the rules its contract states, before any handler sees it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from buf.validate import validate_pb2
from scizor.domain.errors import FieldViolation, InvalidInput, Reason
from scizor.rpc.calls import Call, Stage
from scizor.rpc.errors import MAX_VIOLATIONS

_DATE_RANGE: Final = "date_range"


class Validation(Stage):
    """Refuses a message that breaks a rule, naming each field and rule."""

    def __init__(self) -> None:
        self._validator = Validator()

    def check(self, call: Call, message: Message) -> None:
        """Raises: InvalidInput."""
        violations = self._validator.collect_violations(message)
        if violations:
            raise refusal(message, violations)


def refusal(message: Message, violations: list[Violation]) -> InvalidInput:
    """The rules that a message broke, as one error."""
    descriptor: Any = message.DESCRIPTOR
    broken = [named for violation in violations for named in _named(descriptor, violation)]
    only_dates = all(violation.proto.rule_id == _DATE_RANGE for violation in violations)
    reason = Reason.DATE_RANGE_INVALID if only_dates else Reason.FIELD_INVALID
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
