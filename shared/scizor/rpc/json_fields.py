"""JSON fields that a request does not have.

The edge turns JSON into messages and drops what it does not know, so that `commisionBps` would quietly mean no
commission. It therefore sends along which fields the body held, in the header `x-scizor-json-fields`: dotted paths,
with arrays left out and every character of a name but letters, digits and `_` as %XX. Here each path is looked up in
the request's contract.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from urllib.parse import unquote

from google.api import annotations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from scizor.domain.errors import FieldViolation, InvalidInput, Reason
from scizor.rpc.calls import Call, Stage

HEADER: Final = "x-scizor-json-fields"


class JsonFields(Stage):
    """Refuses a request whose JSON body held a field that its contract has not, or one field under two names."""

    def check(self, call: Call, message: Message) -> None:
        """Raises: InvalidInput FIELD_UNKNOWN."""
        header = call.metadata.get(HEADER)
        if header and call.requests == 1:
            _refuse_unknown(_body_of(call.method), header.split(","))


def _refuse_unknown(body: Descriptor | None, paths: list[str]) -> None:
    resolved = {path: _resolve(body, path.split(".")) if body else None for path in paths}
    unknown = sorted(path for path, field in resolved.items() if field is None)
    if unknown:
        raise _refusal({unquote(path): "the request has no such field" for path in unknown})
    spelled: dict[str, str] = {}
    for path, field in resolved.items():
        first = spelled.setdefault(str(field), path)
        if first != path:
            raise _refusal({path: f"is the field {first} by another name: give it once"})


def _resolve(message: Descriptor, names: list[str]) -> str | None:
    """The path in the contract's own names; None when there is none. Below a value that is free-form JSON all goes."""
    name, *rest = names
    field = _fields(message).get(unquote(name))
    if field is None:
        return None
    below = field.message_type
    if not rest or below is None or below.GetOptions().map_entry or below.file.package == "google.protobuf":
        return ".".join([field.name, *rest])
    deeper = _resolve(below, rest)
    return None if deeper is None else f"{field.name}.{deeper}"


@cache
def _fields(message: Descriptor) -> dict[str, FieldDescriptor]:
    return {spelled: field for field in message.fields for spelled in (field.name, field.json_name)}


@cache
def _body_of(method: str) -> Descriptor | None:
    """The message that a method's JSON body spells: the whole request, the field its HTTP rule names, or none."""
    service, _, name = method.partition("/")
    found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    body = found.GetOptions().Extensions[annotations_pb2.http].body
    request = found.input_type
    if body == "*":
        return request
    return request.fields_by_name[body].message_type if body else None


def _refusal(rules: dict[str, str]) -> InvalidInput:
    return InvalidInput(
        "; ".join(f"{field}: {rule}" for field, rule in rules.items()),
        Reason.FIELD_UNKNOWN,
        metadata={"field": ", ".join(rules)},
        violations=[FieldViolation(field, rule) for field, rule in rules.items()],
    )
